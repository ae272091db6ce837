"""export as it is typed: no host is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import INVENTORY, Typed

PLAN = "    rollout: cautious\n"
SECOND = INVENTORY.partition("services:\n")[2].replace("shop", "cart") + PLAN


@pytest.fixture(autouse=True)
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NGINXGEN_INVENTORY", raising=False)
    path = tmp_path / "inventory" / "fleet.yml"
    path.parent.mkdir()
    path.write_text(INVENTORY + PLAN)
    return path


@pytest.mark.parametrize("kind", ["prometheus-rules", "grafana"])
def test_it_prints_or_writes_the_same(typed: Typed, kind: str) -> None:
    printed = typed("export", kind)
    assert (printed.code, "nginxgen_rollout_phase" in printed.out) == (0, True)
    written = typed("export", kind, "-o", "deep/er/file")
    assert (written.code, written.out) == (0, "")
    assert Path("deep/er/file").read_text() == printed.out
    assert typed("export", kind, "-o", "deep/er/file").code == 0, "a newer one takes its place"
    assert [one.name for one in Path("deep/er").iterdir()] == ["file"]


def test_units_are_two_files_with_absolute_paths(typed: Typed, planned: Path, tmp_path: Path) -> None:
    program = tmp_path / "nginxgen"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    ended = typed("export", "systemd", "--program", "./nginxgen", "--user", "deploy", "-o", "units")
    assert (ended.code, "enable --now nginxgen-rollout-shop.timer" in ended.err) == (0, True)
    assert {one.name for one in Path("units").iterdir()} == {f"nginxgen-rollout-shop.{kind}" for kind in UNITS}
    text = Path("units/nginxgen-rollout-shop.service").read_text()
    assert f"ExecStart={program} rollout tick -i {planned} --service shop\n" in text
    printed = typed("export", "systemd", "--program", "./nginxgen", "--user", "deploy").out
    assert text in printed


UNITS = ("service", "timer")


def test_one_of_several_services_has_to_be_named(typed: Typed, planned: Path) -> None:
    planned.write_text(INVENTORY + PLAN + SECOND)
    ended = typed("export", "grafana")
    assert (ended.code, "--service: shop, cart" in ended.err) == (2, True)
    assert json.loads(typed("export", "grafana", "--service", "cart").out)["title"] == "nginxgen: cart"


def test_a_dash_is_stdout(typed: Typed, planned: Path) -> None:
    assert typed("export", "grafana", "-o", "-").out == typed("export", "grafana").out
    assert not Path("-").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["grafana", "--service", "shp"], 'there is no service "shp"'),
        (["systemd", "--program", "/nowhere/nginxgen"], "there is no program /nowhere/nginxgen"),
        (["systemd", "--program", "/bin/sh", "--user", "x\nExecStart=/bin/sh"], "can't be the name of a user"),
        (["grafana", "-o", "inventory/fleet.yml/x"], "cannot write"),
        (["grafna"], "grafna"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(typed: Typed, words: list[str], told: str) -> None:
    ended = typed("export", *words)
    assert (ended.code, told in ended.err, "Traceback" in ended.err) == (2, True, False)


def test_a_service_without_a_rollout_has_nothing_to_export(typed: Typed, planned: Path) -> None:
    planned.write_text(INVENTORY)
    ended = typed("export", "prometheus-rules")
    assert (ended.code, "rollout: standard" in ended.err) == (2, True)
