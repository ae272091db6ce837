"""The record of a rollout: what reports, pages and alerts are told of one that goes on, waits, or has ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nginxgen.model.codec import from_json, to_json
from nginxgen.model.record import Approval, Ending, Happening, Record, StageEnding
from nginxgen.model.rollout import NEVER, Act, Decision, Entry, Phase, RolloutPlan, Standing, Step
from nginxgen.model.samples import Counts, Measured, Sample, Slice, Tally
from nginxgen.model.state import JournalEntry
from nginxgen.model.verdict import Verdict
from nginxgen.model.weight import Weight
from nginxgen.rollout.entries import written
from nginxgen.rollout.fold import fold
from nginxgen.rollout.points import MOST_POINTS, points
from nginxgen.rollout.story import Now, next_command, record
from nginxgen.rollout.summary import read as read_summary
from nginxgen.rollout.summary import stage, summary

AT = 1_900_000_000.0
PLAN = RolloutPlan("shop", "", ("default",), tuple(Step(Weight(weight), 60.0) for weight in (100, 1_000, 10_000)))
GROUP = replace(PLAN, group="reads", routes=("reads",))
MEASURED = Measured(Sample("shop", "*", "v2", (Slice(int(AT), 10, Tally(Counts(requests=40, successful=40))),)))


def entry(sequence: int, what: Happening, **fields: object) -> Entry:
    made = Entry(
        "r1", sequence, "shop", "", what, AT + sequence, "me@desk", f"text {sequence}", canary="v2", stable="v1"
    )
    return replace(made, txn=f"t{sequence}", **fields)  # type: ignore[arg-type]  # fields of Entry, by name


def seen(step: int) -> str:
    """What was measured of a step, as the line that ends it keeps it."""
    standing = Standing(step=step, weight=PLAN.steps[step].weight, since=AT)
    return summary(PLAN, standing, Verdict(()), MEASURED, AT + 60)


BEGUN = (
    entry(1, Happening.STARTED),
    entry(2, Happening.STEPPED, step=0, weight=1.0),
    entry(3, Happening.APPROVED, step=0),
    entry(4, Happening.STEPPED, step=1, weight=10.0, summary=seen(0)),
)
PAUSED = (*BEGUN, entry(5, Happening.PAUSED, step=1, weight=10.0))
ABORTED = (*BEGUN, entry(5, Happening.ABORTED, step=1, weight=0.0, summary=seen(1)))
STOPPED = (*BEGUN, entry(5, Happening.ABORTED, step=1, weight=0.0))
FINISHED = (
    *BEGUN,
    entry(5, Happening.STEPPED, step=2, weight=100.0),
    entry(6, Happening.FINISHED, step=2, weight=100.0, summary=seen(2)),
)


def journal(story: Sequence[Entry], later: float = 0.0, result: str = "committed") -> tuple[JournalEntry, ...]:
    """The lines of one host. `later`: seconds that it took."""
    return tuple(
        JournalEntry(
            datetime.fromtimestamp(one.at + later, UTC).isoformat(),
            "rollout", one.who, one.text, "a", f"b{one.sequence}",
            result if one.what in (Happening.STEPPED, Happening.ABORTED) else "noted",
            one.txn, written(one),
        )
        for one in story
    )  # fmt: skip


def told(story: Sequence[Entry], plan: RolloutPlan = PLAN, **now: object) -> Record:
    standing = fold(story)
    at = Now(AT + 100, standing, Decision(Act.NOTHING, "as it is"))
    journals = {"edge-1": journal(story), "edge-2": journal(story, later=3.0)}
    return record(plan, story, journals, replace(at, **now))  # type: ignore[arg-type]  # fields of Now, by name


@pytest.mark.parametrize(
    ("story", "ending", "stages", "ended"),
    [
        ((), Ending.WAITING, ["ahead", "ahead", "ahead"], None),
        (BEGUN, Ending.RUNNING, ["passed", "running", "ahead"], None),
        (PAUSED, Ending.PAUSED, ["passed", "running", "ahead"], None),
        (ABORTED, Ending.ABORTED, ["passed", "failed", "ahead"], AT + 5),
        (STOPPED, Ending.ABORTED, ["passed", "stopped", "ahead"], AT + 5),
        (FINISHED, Ending.FINISHED, ["passed", "skipped", "passed"], AT + 6),
    ],
)
def test_how_it_stands_and_what_became_of_each_step(
    story: Sequence[Entry], ending: Ending, stages: list[str], ended: float | None
) -> None:
    found = told(story)
    assert (found.ending, [str(one.ending) for one in found.stages], found.ended) == (ending, stages, ended)
    assert from_json(Record, to_json(found), "it") == found


def test_who_started_and_approved_it_and_why() -> None:
    found = told(PAUSED)
    assert (found.by, found.why, found.started, found.canary, found.stable) == ("me@desk", "text 1", AT + 1, "v2", "v1")
    assert found.approvals == (Approval(AT + 3, "me@desk", 2, "text 3"),)
    assert [(event.what, event.stage) for event in found.events] == [
        (Happening.STARTED, None), (Happening.STEPPED, 1), (Happening.APPROVED, 1), (Happening.STEPPED, 2),
        (Happening.PAUSED, 2),
    ]  # fmt: skip


def test_a_step_that_is_over_keeps_what_was_seen_and_when() -> None:
    first = told(BEGUN).stages[0]
    assert (first.started, first.ended, first.canary.requests) == (AT + 2, AT + 4, 40)


def test_the_step_that_is_served_has_what_is_measured_now() -> None:
    standing = fold(BEGUN)
    now = stage(PLAN, standing, Verdict(()), MEASURED, AT + 100)
    second = told(BEGUN, stage=now).stages[1]
    assert (second.ending, second.started, second.ended) == (StageEnding.RUNNING, AT + 4, None)
    assert second.canary.requests == 40


def test_the_way_back_ends_when_the_slowest_host_serves_stable() -> None:
    back = told(ABORTED).back
    assert back is not None
    assert (back.decided, back.served, back.emergency, back.reason, back.by) == (AT + 5, AT + 8, False, "text 5", "")
    by_hand = told(STOPPED).back
    assert by_hand is not None
    assert by_hand.by == "me@desk"
    assert told(FINISHED).back is None


def test_a_change_of_the_fleet_names_its_hosts_once() -> None:
    changes = told(ABORTED).changes
    assert [(one.to_release, one.hosts, one.result) for one in changes] == [
        (release, ("edge-1", "edge-2"), "committed") for release in ("b2", "b4", "b5")
    ]


def test_what_could_not_be_read_is_said() -> None:
    assert told(BEGUN, away=("edge-3 does not answer",)).incomplete == ("edge-3 does not answer",)


@pytest.mark.parametrize(
    ("standing", "plan", "command"),
    [
        (NEVER, PLAN, "nginxgen rollout start --service shop"),
        (Standing(Phase.RUNNING), PLAN, ""),
        (Standing(Phase.RUNNING, waiting="to approve"), PLAN, "nginxgen rollout approve --service shop"),
        (Standing(Phase.RUNNING, waiting="for its window to open"), PLAN, ""),
        (Standing(Phase.PAUSED), GROUP, "nginxgen rollout resume --service shop --group reads"),
        (Standing(Phase.ABORTED), PLAN, "nginxgen rollout retry --service shop"),
        (Standing(Phase.FINISHED), GROUP, "nginxgen rollout promote --service shop"),
        (Standing(Phase.PROMOTED), PLAN, ""),
    ],
)  # fmt: skip
def test_the_command_to_type_next(standing: Standing, plan: RolloutPlan, command: str) -> None:
    assert next_command(plan, standing) == command


def test_points_are_few_and_lose_no_request() -> None:
    slices = tuple(Slice(int(AT) + 10 * number, 10, Tally(Counts(requests=1))) for number in range(1_000))
    found = points(Measured(Sample("shop", "*", "v2", slices), Sample("shop", "*", "v1", slices[:500])), 10.0, 15.0)
    assert len(found) <= MOST_POINTS
    assert sum(point.canary.requests for point in found) == 1_000
    assert sum(point.stable.requests for point in found) == 500
    assert [point.at for point in found] == sorted(point.at for point in found)
    assert points(Measured(), 10.0, 15.0) == ()


def test_what_a_control_group_showed_is_kept_with_the_step() -> None:
    """The report of next year must show what was judged, and a record of last year has no such field."""

    def sample(version: str, each: int) -> Sample:
        return Sample("shop", "*", version, (Slice(int(AT), 10, Tally(Counts(requests=each, errors=each // 10))),))

    both = Measured(sample("v2", 40), sample("v1", 900))
    line = summary(PLAN, Standing(Phase.RUNNING), Verdict(()), replace(both, control=sample("v1", 50)), AT + 20)
    kept = read_summary(line)
    assert kept is not None
    assert kept.control is not None
    assert (kept.control.requests, kept.beside, kept.stable.requests) == (50, kept.control, 900)
    assert [(one.beside.requests, one.beside.errors) for one in kept.points] == [(50, 5)]
    old = json.loads(summary(PLAN, Standing(Phase.RUNNING), Verdict(()), both, AT + 20))
    del old["control"]
    for point in old["points"]:
        del point["control"]
    without = read_summary(json.dumps(old))
    assert without is not None
    assert (without.control, without.beside.requests, without.points[0].beside.requests) == (None, 900, 900)
