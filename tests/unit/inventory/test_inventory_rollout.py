"""Rollouts as an inventory has them: every key reaches its noun, and each fault has its line."""

from __future__ import annotations

import pytest
from inventory_text import found, loaded, service

from nginxgen.gates import grammar
from nginxgen.inventory.words.hours import hours
from nginxgen.model.gates import Severity
from nginxgen.model.rollout import WATCHES, Channels, Hooks, Hours, RolloutPlan, Step, Watch, WayOut, Windows
from nginxgen.model.weight import Weight

HOUR, DAY = 3_600.0, 86_400.0


def plans(text: str) -> tuple[RolloutPlan, ...]:
    return loaded(service(text)).service("shop").rollouts


def test_every_key_reaches_its_noun() -> None:
    (plan,) = plans("""rollout:
  steps:
    - {weight: 0, bake: 1d, gates: {error_rate: "< 5%"}, note: internal}
    - {weight: 0.5, bake: 90m, max_bake: 6h, gates: {p95: {attention: "> stable + 20%", rollback: "> stable + 50%",
       severity: P1, min_requests: 200}}, approval: manual, watch: calm}
  rollback: {error_rate: "> 10%"}
  on_fail: emergency
  max_bake: 4d
  watch: {calm: {window: 10m, every: 2m, cooldown: 30m}}
  windows: {allow: "Mon-Fri 09:00-17:00 Asia/Shanghai", deny: ["daily 12:00-13:00 UTC"]}
  hooks: {before: [a, b], after_step: c, on_abort: [d], on_promote: [e]}
  alerts: {P1: "json://one", P2: ["json://two", "json://three"]}
""")
    level = grammar.levels(
        "p95", attention="> stable + 20%", rollback="> stable + 50%", severity="P1", min_requests=200
    )
    assert plan == RolloutPlan(
        service="shop",
        group="",
        routes=("reads", "default"),
        steps=(
            Step(Weight(0), DAY, (grammar.gate("error_rate", "< 5%"),), max_bake=4 * DAY, note="internal"),
            Step(Weight(50), 1.5 * HOUR, (level,), True, Watch("calm", 600.0, 120.0, 1_800.0), 6 * HOUR),
        ),
        rollback=(grammar.trigger("error_rate", "> 10%"),),
        on_fail=WayOut.EMERGENCY,
        windows=Windows(
            (Hours(frozenset(range(5)), 540, 1_020, "Asia/Shanghai", "Mon-Fri 09:00-17:00 Asia/Shanghai"),),
            (Hours(frozenset(range(7)), 720, 780, "UTC", "daily 12:00-13:00 UTC"),),
        ),
        hooks=Hooks(("a", "b"), ("c",), ("d",), ("e",)),
        alerts=(Channels(Severity.P1, ("json://one",)), Channels(Severity.P2, ("json://two", "json://three"))),
    )


def test_groups_take_from_above_what_they_leave_out() -> None:
    reads, rest = plans("""rollout:
  rollback: {error_rate: "> 10%"}
  steps: [{weight: 50, bake: 1h}]
  groups:
    reads: {}
    rest: {routes: [default], after: reads, steps: [{weight: 5, bake: 2h}], rollback: {p95: "> 1s"}}
""")
    assert (reads.name, reads.routes, reads.after, reads.steps[0].weight) == (
        "shop/reads",
        ("reads",),
        "",
        Weight(5000),
    )
    assert reads.rollback == (grammar.trigger("error_rate", "> 10%"),)
    assert (rest.routes, rest.after, rest.steps[0].bake) == (("default",), "reads", 2 * HOUR)
    assert rest.rollback == (grammar.trigger("p95", "> 1s"),)


@pytest.mark.parametrize("preset", ["cautious", "standard", "blue-green"])
def test_a_preset_grows_to_everybody_and_is_judged_at_each_step(preset: str) -> None:
    (plan,) = plans(f"rollout: {preset}")
    assert [step.weight for step in plan.steps] == sorted(step.weight for step in plan.steps)
    assert plan.steps[-1].weight == Weight(10_000)
    assert all(step.gates and step.max_bake == 2 * step.bake for step in plan.steps)
    assert plan.rollback


def test_a_preset_with_steps_of_ones_own_keeps_its_rollback() -> None:
    (plan,) = plans("rollout: {preset: standard, steps: [{weight: 7, bake: 1h}]}")
    assert [step.weight for step in plan.steps] == [Weight(700)]
    assert len(plan.rollback) == 2


def test_a_bake_may_last_for_years() -> None:
    (plan,) = plans('rollout: {steps: [{weight: 7, bake: 999999d, gates: {p95: "< 1s"}}]}')
    assert plan.steps[0].bake == 999_999 * DAY


def test_without_a_rollout_there_is_none() -> None:
    assert plans("rollout:") == ()


STEP = '{weight: 1, bake: 1h, gates: {p95: "< 1s"}}'
STEPS = f"steps: [{STEP}]"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (f"rollout:\n  steps: [{STEP.replace('1', '5', 1)},\n    {STEP}]", "steps[1]: the weight falls from 5 to 1", 3),
        ("rollout:\n  rollback:\n    p95: '> 1s'\n    latency: '> 1s'", "there is no metric 'latency'", 4),
        (f"rollout:\n  {STEPS}\n  groups:\n    reads: {{}}\n    more:\n      routes: [default, reads]",
         'the route "reads" is in reads as well', 6),
        (f"rollout:\n  {STEPS}\n  groups: {{reads: {{after: rest}},\n    rest: {{routes: [default], after: reads}}}}",
         '"reads" waits for "rest" itself', 4),
        (f"rollout:\n  {STEPS}\n  groups:\n    writes: {{}}", 'there is no route "writes"', 4),
    ],
)  # fmt: skip
def test_faults_have_the_line_that_they_are_in(text: str, message: str, line: int) -> None:
    above = len(service("").splitlines())
    assert [(message in one.message, one.place and one.place.line - above) for one in found(service(text))].count(
        (True, line)
    ) == 1, found(service(text))


@pytest.mark.parametrize(
    ("text", "days", "begin", "end"),
    [
        ("Mon-Fri 09:00-17:00 UTC", {0, 1, 2, 3, 4}, 540, 1020),
        ("sat-mon 00:00-24:00 Europe/Berlin", {5, 6, 0}, 0, 1440),
        ("Mon,Wed-Thu 22:30-06:00 UTC", {0, 2, 3}, 1350, 360),
        ("daily 00:00-00:01 UTC", set(range(7)), 0, 1),
    ],
)
def test_windows(text: str, days: set[int], begin: int, end: int) -> None:
    found_hours = hours(text)
    assert (found_hours.days, found_hours.begin, found_hours.end) == (days, begin, end)


def test_the_ways_to_look_that_are_there_look_closer_and_closer() -> None:
    windows = [WATCHES[name].window for name in ("standard", "enhanced", "critical")]
    assert windows == sorted(windows, reverse=True)
