"""rollout, set and stage as they are typed, over a fleet in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Typed
from memory_fleet import MemoryFleet

INVENTORY = Path("inventory/fleet.yml")
PLAN = """\
    rollout: # by evidence
      steps:
        - {weight: 10, bake: 0s, gates: {error_rate: "< 1%"}, watch: fast}
        - {weight: 50, bake: 0s, gates: {error_rate: "< 1%"}, approval: manual, watch: fast}
      watch: {fast: {window: 0s, every: 1s, cooldown: 1s}}
"""


@pytest.fixture
def planned(fleet: MemoryFleet) -> MemoryFleet:
    INVENTORY.write_text(INVENTORY.read_text() + PLAN)
    return fleet


def test_without_a_plan_it_says_what_to_write(fleet: MemoryFleet, typed: Typed) -> None:
    ended = typed("rollout", "start")
    assert (ended.code, "rollout: standard" in ended.err) == (2, True)


def test_it_is_started_looked_at_and_seen(planned: MemoryFleet, typed: Typed) -> None:
    assert typed("rollout", "start", "--why", "new search").code == 0
    assert typed("rollout", "start").code == 4
    assert typed("rollout", "tick").code == 0
    assert planned.weights() == ["10", "10", "10"]
    (shown,) = typed("rollout", "status", "--json").json["rollouts"]
    assert (shown["phase"], shown["step"], shown["steps"], shown["weight"]) == ("running", 1, 2, 10)
    assert "step 1 of 2, 10 %" in typed("rollout", "status").out


def test_hosts_without_a_metrics_log_pause_it_and_promote_none(planned: MemoryFleet, typed: Typed) -> None:
    typed("rollout", "start")
    ended = typed("rollout", "run", "--to-pause", "--json")
    assert ended.code == 0
    last = json.loads(ended.out.splitlines()[-1])
    assert (last["phase"], last["weight"]) == ("paused", 10)
    assert "metrics log" in last["decision"]["sentence"]
    assert last["next"] == "nginxgen rollout resume --service shop"


def test_people_have_the_last_word(planned: MemoryFleet, typed: Typed) -> None:
    typed("rollout", "start")
    typed("rollout", "tick")
    assert typed("rollout", "approve").code == 0
    assert typed("rollout", "promote", "--yes").code == 0
    assert planned.weights() == ["50", "50", "50"]
    assert typed("rollout", "pause", "--why", "lunch").code == 0
    assert typed("rollout", "pause").code == 4
    assert typed("rollout", "abort").code == 0
    assert planned.weights() == ["0", "0", "0"]
    assert typed("rollout", "abort").code == 4
    assert typed("rollout", "retry").code == 0
    assert typed("rollout", "status", "--json").json["rollouts"][0]["phase"] == "running"


def test_at_the_end_the_canary_is_stable_on_the_hosts_and_in_the_file(planned: MemoryFleet, typed: Typed) -> None:
    before = INVENTORY.read_text()
    typed("stage", "2", "--yes")
    assert planned.weights() == ["50", "50", "50"]
    ended = typed("rollout", "promote", "--full", "--yes")
    assert ended.code == 0, ended.err
    assert "-    canary: v2" in ended.err
    assert INVENTORY.read_text() == before.replace("    stable: v1\n    canary: v2\n", "    stable: v2\n")
    (intent,) = {str(host.describe().intent) for host in planned.hosts.values()}
    assert "stable='v2'" in intent
    assert typed("plan", "--exit-code").code == 0
    assert typed("rollout", "status", "--json").json["rollouts"][0]["phase"] == "promoted"


def test_a_promotion_that_is_cut_off_before_the_file_goes_on(planned: MemoryFleet, typed: Typed) -> None:
    before = INVENTORY.read_text()
    typed("stage", "2", "--yes")
    typed("rollout", "promote", "--full", "--yes")
    INVENTORY.write_text(before)
    assert typed("rollout", "promote", "--yes").code == 0
    assert "stable: v2" in INVENTORY.read_text()


def test_before_the_end_it_is_not_promoted_without_being_asked_twice(planned: MemoryFleet, typed: Typed) -> None:
    typed("rollout", "start")
    assert typed("rollout", "promote", "--full").code == 2, "nobody is there to ask"
    assert typed("rollout", "promote", "--to", "9", "--yes").code == 4
    assert typed("rollout", "promote", "--to", "1", "--full", "--yes").code == 2


def test_set_is_short_for_apply(planned: MemoryFleet, typed: Typed) -> None:
    assert typed("set", "30", "--yes").code == 0
    assert planned.weights() == ["30", "30", "30"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("rollout", "stat"), 'did you mean "start"?'),
        (("rollout", "status", "--service", "shopp"), 'did you mean "shop"?'),
        (("rollout", "status", "--group", "reads"), "its rollout has no groups"),
        (("rollout", "run", "--time-scale", "60"), "it is kept with the rollout"),
        (("rollout", "start", "--time-scale", "0"), "like --time-scale 60"),
        (("rollout", "start", "--why", "x" * 600), ""),
    ],
)
def test_wrong_words(planned: MemoryFleet, typed: Typed, words: tuple[str, ...], hint: str) -> None:
    ended = typed(*words)
    assert ended.code == 2
    assert hint in ended.err


def test_the_report_tells_the_story_in_every_form(planned: MemoryFleet, typed: Typed, tmp_path: Path) -> None:
    assert typed("report").code == 4, "there was none yet"
    typed("apply", "--yes")
    typed("rollout", "start", "--why", "new search")
    typed("rollout", "tick")
    typed("rollout", "abort", "--why", "it is slow")
    printed = typed("report")
    assert (printed.code, printed.out.startswith("# Rollout of shop: aborted")) == (0, True)
    assert "it is slow" in printed.out
    assert "+# route default: 10 % to v2" in printed.out, "what was applied, as a diff"
    told = typed("report", "--json").json
    assert (told["ending"], [one["summary"] for one in told["changes"]]) == (
        "aborted",
        [["weight 10 %"], ["weight 0 %"]],
    )
    for name, begins in (("r.html", "<!doctype html>"), ("r.json", "{"), ("r.md", "# Rollout of shop")):
        assert typed("report", "-o", name, "--lang", "en").code == 0
        assert Path(name).read_text().startswith(begins)
    chinese = typed("report", "--format", "html", "--lang", "zh", "--zone", "Asia/Shanghai")
    assert '<html lang="zh' in chinese.out
    assert "CST" in chinese.out
    assert "开始第一个阶段" in chinese.out
    assert "it begins" not in chinese.out
    assert "it is slow" in chinese.out, "the words of people are theirs"
    assert typed("report", "--zone", "Mars/Olympus").code == 2
    assert "there is no such folder\n  at /nonexistent/r.html" in typed("report", "-o", "/nonexistent/r.html").err
    assert typed("report", "-o", "-").out.startswith("# Rollout of shop")
