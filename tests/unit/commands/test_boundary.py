"""Every error ends in one message, a hint and an exit code; never in a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import INVENTORY, Typed
from memory_fleet import MemoryFleet

from nginxgen.cli import VERBS
from nginxgen.commands.boundary import guarded, show
from nginxgen.errors import Finding, Place, Severity

ON_FLEET = ["plan", "apply", "revert", "emergency", "status", "history"]
LINE = re.compile(r"(error|warning): .+|  at .+|  hint: .+")


def well_shaped(err: str) -> bool:
    return err != "" and all(LINE.fullmatch(line) for line in err.splitlines())


@pytest.mark.parametrize("verb", [*ON_FLEET, "check", "render"])
@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
def test_a_missing_inventory(typed: Typed, fleet: MemoryFleet, verb: str, json: list[str]) -> None:
    ended = typed("-i", "nowhere.yml", verb, *json)
    assert ended.code == 2
    assert "nowhere.yml" in ended.err
    assert well_shaped(ended.err)
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize("text", ["", "- x\n", "fleet: {}\n", "\x00", "a: [\n", "fleet: &a {x: *a}\n"], ids=repr)
@pytest.mark.parametrize("verb", ON_FLEET)
def test_an_inventory_that_is_none(typed: Typed, fleet: MemoryFleet, verb: str, text: str) -> None:
    Path("inventory/fleet.yml").write_text(text)
    ended = typed(verb)
    assert ended.code == 2
    assert well_shaped(ended.err)
    assert "fleet.yml" in ended.err
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize("verb", [*ON_FLEET, "check", "render"])
def test_an_unknown_host(typed: Typed, fleet: MemoryFleet, verb: str) -> None:
    ended = typed(verb, "--host", "egde-1")
    assert ended.code == 2
    assert 'there is no host "egde-1"' in ended.err
    assert 'did you mean "edge-1"?' in ended.err
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize("weight", ["-1", "101", "100.01", "NaN", "inf", "ten", "", "0.1234567890", "1e1", "10%%", "٣"])
@pytest.mark.parametrize("verb", ["plan", "apply", "render", "check"])
def test_a_bad_weight(typed: Typed, fleet: MemoryFleet, verb: str, weight: str) -> None:
    ended = typed(verb, "--weight", weight)
    assert ended.code == 2
    assert "0 to 100" in ended.err
    assert well_shaped(ended.err)
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize("option", [["-s", "shp"], ["-r", "defalt"]], ids=str)
@pytest.mark.parametrize("verb", ["plan", "apply", "render", "check"])
def test_an_unknown_service_or_route(typed: Typed, fleet: MemoryFleet, verb: str, option: list[str]) -> None:
    ended = typed(verb, "-w", "1", *option, *(["--yes"] if verb == "apply" else []))
    assert ended.code == 2
    assert "did you mean" in ended.err
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["aply"], 'there is no verb "aply"', 'did you mean "apply"?'),
        (["plan", "--wieght", "1"], "--wieght", "nginxgen plan --help"),
        (["plan", "--weight"], "requires an argument", "nginxgen plan --help"),
        (["history", "-n", "x"], 'expected a whole number from 1 to 10000, not "x"', "like -n 20"),
        (["monitor", "ten"], 'SECONDS: expected a number from 0 to 604800, not "ten"', "like nginxgen monitor 300"),
        (["monitor", "nan"], 'not "nan"', "like nginxgen monitor 300"),
        (["monitor", "5", "--every", "0"], '--every: expected a number from 1 to 3600, not "0"', "like --every 5"),
        (["stage", "x"], 'N: expected a whole number from 1, not "x"', "like nginxgen stage 2"),
        (["plan", "--max-unreachable", "-1"], 'from 0, not "-1"', "like --max-unreachable 1"),
        (["plan", "--format", "xml"], "'xml' is not one of", "nginxgen plan --help"),
        (["status", "extra"], "unexpected extra argument", "nginxgen status --help"),
        (["--bogus"], "--bogus", "nginxgen --help"),
    ],
)
def test_words_that_are_not_understood(typed: Typed, words: list[str], message: str, hint: str) -> None:
    ended = typed(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert f"  hint: {hint}\n" in ended.err
    assert well_shaped(ended.err)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(typed: Typed, verb: str) -> None:
    ended = typed(verb, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: nginxgen {verb} ")


def test_findings_are_told_with_place_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        [
            Finding("x", 'upstream "shop_canry" is not defined', Place("inventory/shop.yml", 14), "did you mean?"),
            Finding("y", "look", severity=Severity.WARNING),
        ]
    )
    assert capsys.readouterr().err == (
        'error: upstream "shop_canry" is not defined\n  at inventory/shop.yml:14\n  hint: did you mean?\n'
        "warning: look\n"
    )


def test_what_a_host_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show([Finding("x", "edge-1: \x1b[2Jgone\udc80")])
    assert capsys.readouterr().err == "error: edge-1: \\x1b[2Jgone\\udc80\n"


def broken() -> None:
    raise ZeroDivisionError("oops")


def test_a_bug_leaves_a_report_and_no_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NGINXGEN_DEBUG", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert guarded(broken) == 1
    err = capsys.readouterr().err
    assert "error: bug in nginxgen" in err
    assert "Traceback" not in err
    (report,) = tmp_path.iterdir()
    assert str(report) in err
    assert "ZeroDivisionError: oops" in report.read_text()
    assert "in broken" in report.read_text()


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGINXGEN_DEBUG", "1")
    assert guarded(broken) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupted) == 130
    assert "interrupted" in capsys.readouterr().err


AT_WORK = "interrupted; a host that was at work finishes or undoes by itself: see nginxgen status"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "interrupted"),
        (["plan", "-w", "10"], "interrupted"),
        (["check"], "interrupted"),
        (["history"], "interrupted"),
        (["explain"], "interrupted"),
        (["apply", "-w", "10", "--dry-run"], "interrupted"),
        (["rollout", "status"], "interrupted"),
        (["apply", "-w", "10", "--yes"], AT_WORK),
        (["revert", "--yes"], AT_WORK),
        (["emergency"], AT_WORK),
        (["rollout", "abort"], AT_WORK),
    ],
)
def test_ctrl_c_speaks_of_hosts_at_work_only_where_there_may_be_one(
    typed: Typed, fleet: MemoryFleet, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    def struck(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nginxgen.inventory.load", struck)
    ended = typed(*words)
    assert (ended.code, ended.out, ended.err.strip()) == (130, "", said)
    assert fleet.traces() == MemoryFleet().traces()


def test_ctrl_c_that_a_library_made_another_error_of(capsys: pytest.CaptureFixture[str]) -> None:
    """As pydantic does while it builds its models."""

    def told() -> None:
        raise ValueError('Error building "enum" validator:\n  KeyboardInterrupt: ')

    def chained() -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    for library in (told, chained):
        assert guarded(library) == 130
        assert "interrupted" in (err := capsys.readouterr().err)
        assert "bug" not in err


@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path, gone: str) -> None:
    """As in `nginxgen render | head`: the pipe is closed before a word is written."""
    (tmp_path / "fleet.yml").write_text(INVENTORY)
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {gone: writing}
    argv = [sys.executable, "-m", "nginxgen", "-i", str(tmp_path / "fleet.yml"), "render"]
    done = subprocess.run(argv, text=True, check=False, timeout=60, **streams)  # type: ignore[call-overload]  # streams
    os.close(writing)
    assert done.returncode == 0
    assert not done.stderr
