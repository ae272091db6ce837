"""plan, apply, revert, emergency, status, history: what is typed and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Typed
from memory_fleet import MemoryFleet

from nginxgen.fleet.fake import Kind

pytestmark = pytest.mark.usefixtures("fleet")


def test_plan_as_json(typed: Typed) -> None:
    ended = typed("plan", "--weight", "10", "--json")
    assert ended.code == 0
    assert ended.err == ""
    assert ended.json["changed"] is True
    assert len(ended.json["checksum"]) == 64
    first = ended.json["hosts"][0]
    assert (first["name"], first["action"], first["expected"]) == ("edge-1", "first", None)
    assert "shop/default: weight 0 -> 10" in first["summary"]
    assert first["diff"].startswith("--- /dev/null\n+++ releases/")
    assert "releases" not in ended.json


def test_plan_exit_code_tells_changes_from_none(typed: Typed) -> None:
    assert typed("plan", "--exit-code").code == 3
    typed("apply", "--yes")
    assert typed("plan", "--exit-code").code == 0
    assert typed("plan", "--exit-code", "-w", "1").code == 3


def test_plan_for_a_merge_request(typed: Typed) -> None:
    ended = typed("plan", "-w", "10", "--format", "markdown")
    assert ended.out.startswith("### nginxgen plan\n")
    assert "```diff\n" in ended.out


def test_apply_as_json(typed: Typed, fleet: MemoryFleet) -> None:
    ended = typed("apply", "-w", "10", "--yes", "--json")
    assert ended.code == 0
    assert ended.json["outcome"] == "applied"
    assert [(host["name"], host["outcome"]) for host in ended.json["hosts"]] == [
        ("edge-1", "applied"), ("edge-2", "applied"), ("edge-3", "applied"),
    ]  # fmt: skip
    assert [host["release"] for host in ended.json["hosts"]] == [host.live for host in fleet.hosts.values()]
    assert {"connect", "stage", "trial", "commit", "total"} <= set(ended.json["seconds"])
    assert typed("apply", "--yes", "--json").json["outcome"] == "unchanged"


def test_apply_for_people(typed: Typed) -> None:
    ended = typed("apply", "-w", "10", "--yes")
    assert ended.out.splitlines()[1].split()[:2] == ["edge-1", "applied"]
    assert "3 hosts changed  weight 0 -> 10  in " in ended.err


def test_dry_run_is_plan(typed: Typed, fleet: MemoryFleet) -> None:
    assert typed("apply", "-w", "10", "--dry-run", "--json").json == typed("plan", "-w", "10", "--json").json
    for form in ("text", "markdown"):
        dry = typed("apply", "-w", "10", "--dry-run", "--format", form)
        assert dry.out == typed("plan", "-w", "10", "--format", form).out
    assert "--dry-run" in typed("apply", "-w", "10", "--format", "markdown", "--yes").err
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_where_nobody_can_be_asked_yes_is_wanted(typed: Typed, fleet: MemoryFleet, verb: str) -> None:
    ended = typed(verb)
    assert ended.code == 2
    assert "hint: add --yes" in ended.err
    assert fleet.traces() == MemoryFleet().traces()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 4), ("\n", 4), ("", 4), ("why?\n", 4)])
def test_a_person_is_shown_the_plan_and_asked(
    typed: Typed, fleet: MemoryFleet, somebody: Any, answer: str, code: int
) -> None:
    somebody(answer)
    ended = typed("apply", "-w", "10")
    assert ended.code == code
    assert "shop/default: weight 0 -> 10" in ended.err
    assert "+++ releases/" in ended.err
    assert "change 3 hosts? [y/N]" in ended.err
    assert fleet.weights() == (["10"] * 3 if code == 0 else ["-"] * 3)
    if code:
        assert "nothing was changed" in ended.err


def test_a_saved_plan(typed: Typed, fleet: MemoryFleet) -> None:
    saved = typed("plan", "-w", "10", "-o", "p.json")
    assert "nginxgen apply p.json" in saved.err
    assert typed("apply", "p.json", "--yes").code == 0
    assert fleet.weights() == ["10", "10", "10"]
    again = typed("apply", "p.json", "--yes", "--json")
    assert again.code == 4
    assert again.json["outcome"] == "refused"
    assert "moved since the plan was made" in again.json["hosts"][0]["message"]


@pytest.mark.parametrize(
    "beside", [["-w", "1"], ["-s", "shop"], ["-r", "default"], ["--host", "edge-1"], ["--dry-run"]], ids=str
)
def test_nothing_goes_beside_a_saved_plan(typed: Typed, beside: list[str]) -> None:
    typed("plan", "-w", "10", "-o", "p.json")
    ended = typed("apply", "p.json", "--yes", *beside)
    assert ended.code == 2
    assert "does not go with a saved plan" in ended.err


def test_one_host_alone(typed: Typed, fleet: MemoryFleet) -> None:
    typed("apply", "-w", "1", "--yes")
    assert typed("apply", "-w", "10", "--yes", "--host", "edge-2").code == 0
    assert fleet.weights() == ["1", "10", "1"]
    refused = typed("apply", "--yes")
    assert refused.code == 4
    assert "edge-1 and edge-3 have default 1; edge-2 has default 10" in refused.err


def test_revert_and_emergency(typed: Typed, fleet: MemoryFleet) -> None:
    typed("apply", "-w", "1", "--yes")
    typed("apply", "-w", "10", "--yes")
    reverted = typed("revert", "--yes", "--json")
    assert (reverted.code, reverted.json["outcome"]) == (0, "applied")
    assert fleet.weights() == ["1", "1", "1"]
    assert typed("emergency", "--json").json["outcome"] == "applied"
    assert fleet.weights() == ["off", "off", "off"]
    assert typed("emergency").code == 0


@pytest.mark.parametrize(
    ("step", "kind", "code", "outcome"),
    [
        ("connect", Kind.REFUSE, 4, "refused"),
        ("observe", Kind.LOSE_BEFORE, 4, "refused"),
        ("begin", Kind.REFUSE, 4, "refused"),
        ("stage", Kind.REFUSE, 4, "refused"),
        ("trial", Kind.FAIL, 5, "reverted"),
        ("trial", Kind.NEEDS_HUMAN, 6, "needs-human"),
    ],
)
def test_how_a_change_fails(
    *, typed: Typed, fleet: MemoryFleet, step: str, kind: Kind, code: int, outcome: str
) -> None:
    typed("apply", "-w", "1", "--yes")
    fleet.fault(2, step, kind)
    ended = typed("apply", "-w", "10", "--yes", "--json")
    assert (ended.code, ended.json["outcome"]) == (code, outcome)
    assert [fleet.weights()[0], fleet.weights()[2]] == ["1", "1"]
    told = {host["name"]: host["message"] for host in ended.json["hosts"]}
    assert list(told) == ["edge-1", "edge-2", "edge-3"]
    assert told["edge-2"]
    assert f"edge-2: {told['edge-2']}" in ended.err


def test_an_emergency_that_could_not_reach_all(typed: Typed, fleet: MemoryFleet) -> None:
    typed("apply", "-w", "10", "--yes")
    fleet.fault(3, "observe", Kind.LOSE_BEFORE)
    ended = typed("emergency", "--json")
    assert (ended.code, ended.json["outcome"]) == (6, "needs-human")
    assert fleet.weights() == ["off", "off", "10"]
    assert "edge-3" in ended.err


def test_status_as_json(typed: Typed, fleet: MemoryFleet) -> None:
    typed("apply", "-w", "10", "--yes")
    ended = typed("status", "--json")
    assert ended.code == 0
    assert ended.json["consistent"] is True
    host = ended.json["hosts"][0]
    live = fleet[1].live
    assert {key: host[key] for key in ("name", "reachable", "live", "running", "drift", "error")} == {
        "name": "edge-1", "reachable": True, "live": live, "running": live, "drift": [], "error": None,
    }  # fmt: skip
    assert host["services"]["shop"] == {"stable": "v1", "canary": "v2", "canary_on": True, "weights": {"default": 10}}


def test_status_with_a_host_that_is_away(typed: Typed, fleet: MemoryFleet) -> None:
    fleet.cut_off(2)
    ended = typed("status", "--json")
    assert ended.code == 4
    assert ended.json["consistent"] is False
    assert ended.json["hosts"][1]["reachable"] is False
    assert "connection refused" in ended.json["hosts"][1]["error"]
    assert "error: edge-2: connection refused\n  hint: is sshd up?\n" in ended.err
    assert "unreachable" in typed("status").out


def test_history(typed: Typed) -> None:
    assert typed("history").out == "no change yet\n"
    typed("apply", "-w", "10", "--yes", "--why", "ticket 7")
    typed("emergency")
    ended = typed("history", "--json")
    assert [(change["verb"], change["why"]) for change in ended.json["changes"]] == [
        ("apply", "ticket 7"), ("emergency", "every canary off, overrides too"),
    ]  # fmt: skip
    assert [host["name"] for host in ended.json["changes"][0]["hosts"]] == ["edge-1", "edge-2", "edge-3"]
    assert "ticket 7" in typed("history").out
    assert len(typed("history", "--json", "-n", "1").json["changes"]) == 1


def test_verbose_tells_each_step(typed: Typed) -> None:
    ended = typed("apply", "-w", "10", "--yes", "-v")
    assert "edge-2  stage done" in ended.err.splitlines()
    assert "stage done" not in typed("apply", "-w", "20", "--yes").err


def test_the_inventory_may_stand_before_or_after_the_verb_or_in_the_environment(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory" / "fleet.yml").rename(tmp_path / "other.yml")
    assert typed("status").code == 2
    assert typed("-i", "other.yml", "status").code == 0
    assert typed("status", "-i", "other.yml").code == 0
    monkeypatch.setenv("NGINXGEN_INVENTORY", "other.yml")
    assert typed("status").code == 0


def test_hosts_that_may_be_down_are_left_out_and_said(typed: Typed, fleet: MemoryFleet) -> None:
    typed("apply", "-w", "1", "--yes")
    fleet.cut_off(2)
    ended = typed("apply", "-w", "10", "--yes", "--max-unreachable", "1", "--json")
    assert (ended.code, ended.json["outcome"]) == (0, "applied")
    assert [host["outcome"] for host in ended.json["hosts"]] == ["applied", "skipped", "applied"]
    assert "2 hosts changed, 1 left out" in ended.err
    assert typed("plan", "-w", "10", "--max-unreachable", "1").code == 0
    assert typed("plan", "-w", "10").code == 4
    assert typed("apply", "-w", "10", "--yes", "--max-unreachable", "-1").code == 2


@pytest.mark.parametrize(
    ("down", "words", "way"),
    [
        ([2], ["plan", "-w", "10"], "is sshd up? Or --max-unreachable 1 goes on without it"),
        ([2], ["apply", "-w", "10", "--yes"], "is sshd up? Or --max-unreachable 1 goes on without it"),
        ([2], ["revert", "--yes"], "is sshd up? Or --max-unreachable 1 goes on without it"),
        ([1, 2], ["revert", "--yes"], "is sshd up? Or --max-unreachable 2 goes on without them"),
        ([1, 2], ["plan", "--max-unreachable", "1"], "is sshd up? Or --max-unreachable 2 goes on without them"),
        ([1, 2, 3], ["revert", "--yes"], "is sshd up?"),  # nobody would be left
        ([2], ["explain"], "is sshd up?"),  # has no such option
        ([2], ["check", "--live"], "is sshd up?"),
    ],
)  # fmt: skip
def test_a_dead_host_is_told_with_the_way_round_it(
    typed: Typed, fleet: MemoryFleet, down: list[int], words: list[str], way: str
) -> None:
    typed("apply", "-w", "1", "--yes")
    typed("apply", "-w", "2", "--yes")
    before = fleet.traces()
    fleet.cut_off(*down)
    ended = typed(*words)
    assert (ended.code, fleet.traces()) == (4, before)
    assert f"  hint: {way}\n" in ended.err
    if "Or " in way:
        assert typed(*words, "--max-unreachable", str(len(down))).code == 0, "what the hint says must help"


def test_status_can_be_watched_until_ctrl_c(typed: Typed, fleet: MemoryFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([lambda: None, lambda: fleet.cut_off(2), None])

    def pause(_: float) -> None:
        step = next(looks)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr("nginxgen.commands.status.time.sleep", pause)
    ended = typed("status", "--watch", "--json")
    assert ended.code == 0
    seen = [json.loads(line) for line in ended.out.splitlines()]
    assert [look["hosts"][1]["reachable"] for look in seen] == [True, True, False]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_history_fits_the_terminal_and_says_why(typed: Typed, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    typed("apply", "-w", "10", "--yes")
    monkeypatch.setattr("nginxgen.commands.history.width", lambda: columns)
    lines = typed("history").out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "service shop" in lines[1]
    assert ("edge-1" in lines[1]) == (columns == 200)
