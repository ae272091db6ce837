"""init, check, render: no host is needed."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from command_line import INVENTORY, Typed

BROKEN = INVENTORY + "    server_extra: proxy_pas http://x;\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NGINXGEN_INVENTORY", raising=False)


def write(text: str) -> None:
    Path("inventory").mkdir()
    Path("inventory/fleet.yml").write_text(text)


def test_init_writes_what_check_accepts(typed: Typed) -> None:
    made = typed("init")
    assert (made.code, made.out) == (0, "inventory/fleet.yml\n")
    assert typed("check").code == 0


def test_init_never_overwrites(typed: Typed) -> None:
    write("mine")
    for words in (["init"], ["init", "-o", "inventory/fleet.yml"]):
        ended = typed(*words)
        assert ended.code == 4
        assert "nothing was written" in ended.err
        assert "at inventory/fleet.yml" in ended.err
    assert Path("inventory/fleet.yml").read_text() == "mine"
    assert typed("init", "-o", "deep/er/other.yml").code == 0
    assert Path("deep/er/other.yml").is_file()


def test_init_where_it_cannot_write(typed: Typed) -> None:
    Path("file").write_text("")
    ended = typed("init", "-o", "file/x.yml")
    assert ended.code == 2
    assert "cannot make its folder" in ended.err


def test_check_finds_nothing_in_a_sound_inventory(typed: Typed) -> None:
    write(INVENTORY)
    assert typed("check").code == 0
    assert typed("check", "--json").json["ok"] is True


def test_check_tells_faults_of_the_config(typed: Typed) -> None:
    write(BROKEN)
    ended = typed("check")
    assert ended.code == 2
    assert "proxy_pas" in ended.out
    found = typed("check", "--json").json
    assert found["ok"] is False
    assert found["findings"][0]["file"] == "shop.conf"
    assert found["findings"][0]["line"] > 0
    assert found["findings"][0]["rule"]


def test_check_judges_the_config_around_ours(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    write(INVENTORY)
    main = "events {}\nhttp {\n    underscores_in_headers on;\n    server { listen 80; }\n}\n"
    Path("nginx.conf").write_text(main)
    found = typed("check", "--tree", "nginx.conf", "--json").json
    assert found["ok"] is True
    assert {(row["rule"], row["line"]) for row in found["findings"] if row["file"]} >= {("NG035", 3), ("NG034", 2)}
    printed = f"# configuration file /etc/nginx/nginx.conf:\n{main}"
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(printed.encode())))
    assert "at /etc/nginx/nginx.conf:3" in typed("check", "--tree", "-").out
    Path("nginx.conf").write_text(main[:-2])
    ended = typed("check", "--tree", "nginx.conf")
    assert (ended.code, "error: unexpected end of file" in ended.out) == (2, True), "nothing behind it was checked"
    ended = typed("check", "--tree", "none.conf")
    assert ended.code == 2
    assert "cannot read" in ended.err + ended.out


def test_check_tells_all_faults_of_the_inventory(typed: Typed) -> None:
    write(INVENTORY.replace("stable: v1", "stable: v9").replace("listen: [80]", "lisen: [80]"))
    found = typed("check", "--json")
    assert found.code == 2
    assert {row["line"] for row in found.json["findings"]} >= {8, 13}
    assert "inventory/fleet.yml:13" in typed("check").out


def test_render_shows_every_release_once(typed: Typed) -> None:
    write(INVENTORY.replace(", bind: 10.0.0.3", "").replace(", bind: 10.0.0.2", ""))
    ended = typed("render", "-w", "10")
    assert ended.code == 0
    assert [line for line in ended.out.splitlines() if line.startswith("# ----")] == [
        "# ---- edge-1: shop.conf",
        "# ---- edge-2, edge-3: shop.conf",
    ]
    assert "listen 10.0.0.1:80;" in ended.out


def test_render_writes_a_folder_a_host(typed: Typed) -> None:
    write(INVENTORY)
    assert typed("render", "-o", "out").code == 0
    stale = Path("out/edge-1/old.conf")
    stale.write_text("")
    assert typed("render", "-o", "out", "--json", "-w", "10").json["hosts"][0]["name"] == "edge-1"
    assert not stale.exists()
    assert "10 % to v2" in Path("out/edge-3/shop.conf").read_text()


def test_render_leaves_other_folders_alone(typed: Typed) -> None:
    write(INVENTORY)
    Path("out/edge-2").mkdir(parents=True)
    Path("out/edge-2/precious.conf").write_text("mine")
    ended = typed("render", "-o", "out")
    assert ended.code == 2
    assert "holds something else" in ended.err
    assert Path("out/edge-2/precious.conf").read_text() == "mine"


def test_render_with_templates_of_ones_own(typed: Typed) -> None:
    write(INVENTORY)
    ended = typed("render", "--templates", "none")
    assert ended.code == 2
    assert "none" in ended.err
