"""What is decided, over all states at once: every combination has an answer, and the answers keep a few laws."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rollout_lab import HOUR, NOON, plan, steps, verdict

from nginxgen.inventory.words.hours import hours
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Act, Decision, Fleet, Phase, RolloutPlan, Standing, View, Windows
from nginxgen.model.verdict import Outcome
from nginxgen.model.weight import ZERO
from nginxgen.rollout.decide import Facts, decide

PLANS = (
    plan(1, 10, 100),
    plan(1, 10, 100, after="reads"),
    plan(1, 10, 100, steps=steps(1, 10, 100, approval=True)),
    plan(1, 10, 100, windows=Windows(deny=(hours("daily 00:00-24:00 UTC"),))),
)
OUTCOMES = (None, *Outcome)
TIMES = (HOUR - 1, HOUR, 3 * HOUR)
STEPS = (NOT_BEGUN, 0, 1, 2, 3)  # the last is beyond the plan
PARENTS = (Phase.RUNNING, Phase.ABORTED, Phase.FINISHED)


def standing(phase: Phase, step: int, of: RolloutPlan, **fields: object) -> Standing:
    weight = of.steps[step].weight if 0 <= step < len(of.steps) else ZERO
    return Standing(phase, "r1", 7, step, weight, since=NOON, started=NOON, canary="v2", stable="v1", **fields)  # type: ignore[arg-type]


def every_case() -> list[Facts]:
    return [
        Facts(
            of,
            standing(phase, step, of, approved=approved, extended=said, waiting="for reads to finish" if said else ""),
            View(fleet, "so it is"),
            None if outcome is None else verdict(outcome),
            NOON + at,
            parent if of.after else None,
        )
        for of, phase, step, fleet, outcome, at, (approved, said), parent in product(
            PLANS,
            Phase,
            STEPS,
            Fleet,
            OUTCOMES,
            TIMES,
            product((True, False), repeat=2),
            (Phase.RUNNING, Phase.ABORTED, Phase.FINISHED),
        )
        if of.after or parent is Phase.RUNNING
    ]


CASES = every_case()
DECIDED: list[tuple[Facts, Decision]] = [(facts, decide(facts)) for facts in CASES]


def where(
    phase: Phase, fleet: Fleet | None = None, outcome: Outcome | None = None, step: int | None = None
) -> list[tuple[Facts, Decision]]:
    """The cases whose standing, view and verdict are so; None: whatever they are."""
    found = [
        (facts, decision)
        for facts, decision in DECIDED
        if facts.standing.phase is phase
        and fleet in (None, facts.view.fleet)
        and outcome in (None, facts.outcome)
        and step in (None, facts.standing.step)
    ]
    assert found
    return found


def test_every_state_has_an_answer_with_a_reason() -> None:
    assert len(CASES) > 50_000
    assert all(decision.sentence for _, decision in DECIDED)


def test_nothing_goes_on_without_a_pass() -> None:
    for facts, decision in DECIDED:
        if decision.act in (Act.STEP, Act.FINISH):
            assert facts.outcome is Outcome.PASS, facts
            assert facts.standing.phase is Phase.RUNNING
            assert facts.view.fleet is Fleet.AS_LEFT
            assert facts.now >= facts.standing.since + HOUR, "the bake is over"


def test_steps_come_one_after_the_other() -> None:
    for facts, decision in DECIDED:
        if decision.act is Act.STEP:
            assert decision.step == facts.standing.step + 1 < len(facts.plan.steps)
        if decision.act is Act.BEGIN:
            assert (facts.standing.step, decision.step) == (NOT_BEGUN, 0)
        if decision.act is Act.FINISH:
            assert facts.standing.step == len(facts.plan.steps) - 1


def test_nothing_goes_back_without_a_failure() -> None:
    for facts, decision in DECIDED:
        if decision.act is Act.ABORT:
            cut_off = facts.standing.phase is Phase.ABORTED and facts.view.fleet is Fleet.BEHIND
            in_vain = facts.parent is Phase.ABORTED and facts.standing.step == NOT_BEGUN
            assert facts.outcome is Outcome.FAIL or cut_off or in_vain, facts


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.PAUSED, Phase.FINISHED])
@pytest.mark.parametrize("fleet", [Fleet.AS_LEFT, Fleet.BEHIND, Fleet.DRIFTED, Fleet.AWAY])
def test_a_failure_goes_back_whatever_else_is(phase: Phase, fleet: Fleet) -> None:
    assert {decision.act for _, decision in where(phase=phase, fleet=fleet, outcome=Outcome.FAIL)} == {Act.ABORT}


def test_what_somebody_else_has_done_is_left_alone() -> None:
    for phase in Phase:
        for facts, decision in where(phase=phase, fleet=Fleet.FOREIGN):
            assert decision.act in (Act.NOTHING, Act.PAUSE), facts


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.PROMOTED])
def test_what_is_over_is_over(phase: Phase) -> None:
    assert {decision.act for _, decision in where(phase=phase)} == {Act.NOTHING}


def test_a_pause_is_left_by_a_person_or_a_failure_alone() -> None:
    for facts, decision in where(phase=Phase.PAUSED):
        assert decision.act in (Act.NOTHING, Act.ABORT), facts


def test_an_error_pauses_where_the_fleet_is_as_it_was_left() -> None:
    for step in (0, 1, 2):
        found = where(phase=Phase.RUNNING, fleet=Fleet.AS_LEFT, outcome=Outcome.ERROR, step=step)
        assert {decision.act for _, decision in found} == {Act.PAUSE}


def test_too_little_is_waited_for_up_to_its_limit() -> None:
    for facts, decision in where(phase=Phase.RUNNING, fleet=Fleet.AS_LEFT, outcome=Outcome.INCONCLUSIVE, step=1):
        late = facts.now - facts.standing.since
        if late < HOUR:
            assert decision.act is Act.NOTHING
        elif late < 3 * HOUR:
            assert decision.happening is Happening.EXTENDED or facts.standing.extended
        else:
            assert decision.act is Act.PAUSE


def test_a_closed_window_and_a_missing_approval_hold_back() -> None:
    for facts, decision in where(phase=Phase.RUNNING, fleet=Fleet.AS_LEFT, outcome=Outcome.PASS):
        if facts.plan.windows.deny:
            assert decision.act not in (Act.BEGIN, Act.STEP)
        if facts.plan.steps[0].approval and not facts.standing.approved:
            assert decision.act not in (Act.BEGIN, Act.STEP)


def test_groups_wait_for_those_before_them() -> None:
    for facts, decision in where(phase=Phase.RUNNING, fleet=Fleet.AS_LEFT, step=NOT_BEGUN):
        if facts.plan.after and decision.act is Act.BEGIN:
            assert facts.parent in (Phase.FINISHED, Phase.PROMOTED)
        if facts.plan.after and facts.parent is Phase.ABORTED and facts.outcome is not Outcome.FAIL:
            assert decision.act is Act.ABORT


def test_what_is_said_once_is_not_said_again() -> None:
    for facts, decision in DECIDED:
        if decision.happening is Happening.EXTENDED:
            assert not facts.standing.extended
        if decision.happening is Happening.WAITING:
            assert facts.standing.waiting != decision.sentence


@given(
    facts=st.builds(
        Facts,
        st.sampled_from(PLANS),
        st.builds(
            Standing,
            st.sampled_from(Phase),
            st.text(max_size=3),
            st.integers(0, 9),
            st.integers(-1, 9),
            st.just(ZERO),
            since=st.floats(0, 4e9),
            resumed=st.floats(0, 4e9),
            time_scale=st.floats(1, 1e6),
            approved=st.booleans(),
            extended=st.booleans(),
            attention=st.booleans(),
        ),
        st.builds(View, st.sampled_from(Fleet), st.text(max_size=5)),
        st.none() | st.sampled_from(Outcome).map(verdict),
        st.floats(0, 4e9),
        st.none() | st.sampled_from(Phase),
    )
)
@settings(deadline=None, max_examples=300)
def test_any_state_has_one_answer(facts: Facts) -> None:
    assert decide(facts) == decide(facts)
