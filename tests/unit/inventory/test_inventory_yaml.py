"""YAML as people write it, and YAML as they shouldn't."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hostile import documents
from inventory_text import GOOD, PATH, found, good, loaded

from nginxgen import inventory
from nginxgen.errors import InputError, InvalidInput
from nginxgen.inventory import events


def test_scalars_keep_their_text():
    text = good(
        ("versions:\n      v1:", "versions:\n      1.10:"), ("stable: v1", "stable: 1.10"), ("name: reads", "name: on")
    )
    service = loaded(text).service("shop")
    assert service.stable == "1.10"
    assert service.routes[0].name == "on"


def test_anchors_aliases_and_merge_keys():
    text = """\
fleet:
  hosts:
    a: &host {address: 10.0.0.1, user: deploy, nginx: &nginx {conf: /opt/nginx/nginx.conf}}
    b: {<<: *host, address: 10.0.0.2}
    c: {<<: [{port: 2222}, *host], address: 10.0.0.3}
    d: {address: 10.0.0.4, nginx: *nginx}
services: {}
"""
    a, b, c, d = loaded(text).fleet.hosts
    assert (b.address, b.user, b.nginx) == ("10.0.0.2", "deploy", a.nginx)
    assert (c.port, c.user) == (2222, "deploy")
    assert d.nginx == a.nginx


def test_a_fault_that_came_by_a_merge_is_told_where_it_is_written():
    text = good(
        ("edge-1: {address: 10.0.0.5}", "a: &a\n      address: 10.0.0.5\n      prot: 1\n    b: {<<: *a, address: b}")
    )
    assert {(one.place.line, one.message) for one in found(text)} == {
        (5, 'fleet.hosts.a: unknown key "prot"'),
        (5, 'fleet.hosts.b: unknown key "prot"'),
    }


@pytest.mark.parametrize("tail", ["\r\n", "\n\n\n", "# end", "\n...\n"])
def test_harmless_ends(tail: str):
    assert loaded(GOOD + tail).services


def test_lines_are_right_with_windows_line_ends():
    text = good(("stable: v1", "stable: v9")).replace("\n", "\r\n")
    assert [one.place.line for one in found(text)] == [11]


CASES = [
    ("", 1, "the inventory is empty", "nginxgen init"),
    ("# only this\n", 1, "the inventory is empty", "nginxgen init"),
    ("- a\n- b\n", 1, "the inventory is not a mapping", "fleet and services"),
    ("a: !!python/object/apply:os.system [id]\n", 1, 'YAML tags are not taken: "!!python/object', "without the tag"),
    ("\na: !secret x\n", 2, 'YAML tags are not taken: "!secret"', "without the tag"),
    ("a: 1\n---\nb: 1\n", 2, "a second YAML document begins here", "remove '---'"),
    ("a:\n\tb: 1\n", 2, "this isn't YAML", "indent with spaces"),
    ("a: [1\n", 1, "this isn't YAML", None),
    ("a: 'x\nb: 1\n", 2, "this isn't YAML", None),
    ("a: b: c\n", 1, "this isn't YAML: mapping values are not allowed", "quote values that contain ': '"),
    ("a: *b\n", 1, "the alias *b has no anchor &b", "quote the value"),
    ("a: &a [*a]\n", 1, "the alias *a has no anchor &a", "quote the value"),
    ("[a, b]: 1\n", 1, "a key must be text", "quote keys"),
    ("~: 1\n? {a: b}\n: 1\n", 2, "a key must be text", "quote keys"),
    ("<<: 1\n", 1, "<< takes a mapping", None),
    ("a: x\0y\n", 1, "a control character (U+0000) stands in the file", "plain UTF-8 text"),
    ("a: 1\nb: x\x1b[2Jy\n", 2, "a control character (U+001B)", "remove it"),
    ("[" * 100, 1, "nested more than 24 deep", "bracket"),
    ("a: " + "x" * 4_001, 1, "a value of 4,001 bytes is too long", "at most 4,000"),
    ("a: |\n" + " x\n" * 40_000, 1, "a value of 80,000 bytes is too long", "at most 64,000"),
    ("k: 1\n" * 2 + "".join(f"k{i}: 1\n" for i in range(20_001)), 20_002, "more than 20,000 keys", None),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), CASES, ids=[case[2][:40] for case in CASES])
def test_what_is_no_inventory(text: str, line: int, message: str, hint: str | None):
    told = [one for one in found(text) if message in one.message]
    assert told, found(text)
    assert told[0].place.line == line
    assert hint is None or hint in (told[0].hint or "")


@pytest.fixture(params=[yaml.SafeLoader, events._LOADER], ids=["python", "libyaml"])
def loader(request, monkeypatch):
    monkeypatch.setattr(events, "_LOADER", request.param)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("label", "text"), tuple(documents()), ids=[label for label, _ in documents()])
def test_hostile_documents_end_in_findings_soon(label: str, text: str):
    start = time.process_time()
    told = found(text)
    assert time.process_time() - start < 10
    if label in {"windows", "order-mark", "tag-directive", "many-hosts"}:
        assert told == ()
    else:
        assert told
        assert all(1 <= one.place.line <= max(1, len(text.splitlines())) for one in told)


@pytest.mark.usefixtures("loader")
def test_both_parsers_of_yaml_read_the_same():
    reference = Path(__file__).parents[3] / "inventory/examples/reference.yml"
    read = inventory.load(reference)
    assert [host.name for host in read.fleet.hosts] == ["edge-1", "edge-2", "edge-3", "lab-1"]
    assert read.services[0].server_extra == "client_max_body_size 20m;\n"


def test_a_bomb_of_aliases_costs_nothing():
    start = time.process_time()
    told = found(
        "a: &a [x, x]\n"
        + "".join(
            f"{n}: &{n} [*{p}, *{p}]\n"
            for p, n in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)
        )
    )
    assert "aliases written out" in told[0].message
    assert time.process_time() - start < 1


# the file itself


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(InputError, match="no such inventory file") as missing:
        inventory.load(tmp_path / "no.yml")
    assert missing.value.place.file == str(tmp_path / "no.yml")
    assert "nginxgen init" in missing.value.hint
    with pytest.raises(InputError, match="is a directory"):
        inventory.load(tmp_path)
    with pytest.raises(InputError, match="can't be read: Not a directory"):
        inventory.load(Path("/dev/null/x.yml"))
    with pytest.raises(InputError, match="can't be read"):
        inventory.load(Path("a\0b"))
    with pytest.raises(InputError, match="can't be read: File name too long"):
        inventory.load(tmp_path / ("x" * 300))


def test_an_endless_file_is_refused():
    with pytest.raises(InputError, match="larger than 16 MiB") as error:
        inventory.load(Path("/dev/zero"))
    assert "right file" in error.value.hint


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"\xff\xfe\x00", 1), (b"a: 1\nb: \xe9\n", 2), (b"\x7fELF\x02\x01\x01\0", 1), (GOOD.encode("utf-16"), 1)],
)
def test_files_that_are_not_text(tmp_path: Path, content: bytes, line: int):
    file = tmp_path / "x.yml"
    file.write_bytes(content)
    with pytest.raises(InvalidInput) as error:
        inventory.load(file)
    assert [str(one.place) for one in error.value.findings()] == [f"{file}:{line}"]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path):
    file = tmp_path / "x.yml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert inventory.load(file).path == file
    assert loaded(GOOD).path == PATH
