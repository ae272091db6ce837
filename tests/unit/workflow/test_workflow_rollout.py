"""Rollouts over a fleet in memory: what a host keeps is real, time and judge are not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rollout_lab import HOUR, NOON, Lab, plan, steps

from nginxgen.errors import Refused
from nginxgen.fleet.fake import Kind
from nginxgen.model.record import Happening
from nginxgen.model.rollout import Act, Hooks, Phase, WayOut
from nginxgen.model.verdict import Outcome
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.rollout import summary
from nginxgen.workflow.apply import apply
from nginxgen.workflow.plan import Order
from nginxgen.workflow.rollout import hands
from nginxgen.workflow.rollout import tick as module
from nginxgen.workflow.rollout.act import Busy
from nginxgen.workflow.rollout.run import over, run
from nginxgen.workflow.rollout.story import record, record_of
from nginxgen.workflow.rollout.tick import Told


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_from_nothing_to_everybody(lab: Lab) -> None:
    lab.begin()
    assert lab.fleet.weights() == ["-", "-", "-"]
    assert lab.go().decision.act is Act.BEGIN
    assert lab.fleet.weights() == ["1", "1", "1"]
    assert lab.go(HOUR - 1).decision.act is Act.NOTHING
    assert lab.go(1).decision.act is Act.STEP
    assert lab.fleet.weights() == ["10", "10", "10"]
    lab.go(HOUR)
    assert lab.fleet.weights() == ["100", "100", "100"]
    assert lab.go(HOUR).decision.act is Act.FINISH
    assert lab.go(HOUR).decision.act is Act.NOTHING
    assert lab.story() == ["started", "stepped 1", "stepped 10", "stepped 100", "finished"]
    assert lab.standing().phase is Phase.FINISHED


def test_a_step_that_ends_is_kept_as_it_was_seen(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.go(HOUR)
    kept = summary.read(lab.entries()[-1].summary)
    assert kept is not None
    assert (kept.number, kept.weight, kept.verdict, kept.started) == (1, 1.0, Outcome.PASS, NOON)


def test_a_failure_goes_back_and_stays_there(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.outcome = Outcome.FAIL
    assert lab.go(60).aborted
    assert lab.fleet.weights() == ["0", "0", "0"]
    assert lab.go(60).decision.act is Act.NOTHING
    assert lab.standing().phase is Phase.ABORTED
    with pytest.raises(Refused, match="is aborted"):
        hands.resume(lab.rolling(), lab.plan, "")


def test_a_failure_may_turn_the_canary_off() -> None:
    lab = Lab(plan(on_fail=WayOut.EMERGENCY))
    lab.begin()
    lab.go()
    lab.outcome = Outcome.FAIL
    lab.go(60)
    assert lab.fleet.weights() == ["off", "off", "off"]
    assert lab.story()[-1] == "emergency"


def test_a_paused_rollout_still_goes_back(lab: Lab) -> None:
    lab.begin()
    lab.go()
    hands.pause(lab.rolling("ann@desk"), lab.plan, "lunch")
    assert lab.go(5 * HOUR).decision.act is Act.NOTHING
    lab.outcome = Outcome.FAIL
    assert lab.go(1).aborted


def test_too_little_is_waited_for_and_then_somebody_is_asked(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.outcome = Outcome.INCONCLUSIVE
    assert lab.go(HOUR).decision.happening is Happening.EXTENDED
    assert lab.go(HOUR).decision.act is Act.NOTHING
    assert lab.go(HOUR).decision.act is Act.PAUSE
    assert lab.fleet.weights() == ["1", "1", "1"]
    hands.resume(lab.rolling(), lab.plan, "more traffic is coming")
    assert lab.go(60).decision.happening is Happening.EXTENDED
    lab.outcome = Outcome.PASS
    assert lab.go(60).decision.act is Act.STEP


def test_a_source_that_is_down_pauses(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.outcome = Outcome.ERROR
    assert lab.go(60).decision.act is Act.PAUSE
    assert lab.fleet.weights() == ["1", "1", "1"]


def test_somebody_elses_weight_pauses(lab: Lab) -> None:
    lab.begin()
    lab.go()
    rolling = lab.rolling()
    apply(rolling.scope, Order(rolling.services, Request(Weight(3_300))), Note("apply", "bob", "", "t"), lambda _: True)
    lab.outcome = Outcome.FAIL
    told = lab.go(60)
    assert (told.decision.act, told.decision.happening) == (Act.PAUSE, Happening.DRIFTED)
    assert "33" in told.decision.sentence
    assert lab.fleet.weights() == ["33", "33", "33"]
    lab.outcome = Outcome.PASS
    hands.resume(lab.rolling(), lab.plan, "")
    assert lab.fleet.weights() == ["1", "1", "1"]
    assert lab.go(HOUR).decision.act is Act.STEP


def test_a_host_that_is_away_pauses_and_an_abort_goes_on_without_it(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.fleet.cut_off(2)
    assert lab.go(60).decision.act is Act.PAUSE
    assert lab.standing().phase is Phase.PAUSED
    lab.outcome = Outcome.FAIL
    assert lab.go(60).aborted
    assert lab.fleet.weights() == ["off", "1", "off"]
    lab.fleet.bring_back()
    told = lab.go(60)
    assert told.decision.act is Act.ABORT, "a host that missed the abort is brought back as well"
    assert lab.fleet.weights()[1] in ("0", "off")
    assert lab.go(60).decision.act is Act.NOTHING


@pytest.mark.parametrize("kind", [Kind.REFUSE, Kind.FAIL])
@pytest.mark.parametrize("step", ["stage", "trial"])
def test_a_step_that_a_host_refuses_pauses_with_its_words(lab: Lab, step: str, kind: Kind) -> None:
    lab.begin()
    lab.go()
    lab.fleet.fault(2, step, kind)
    told = lab.go(HOUR)
    assert told.error is not None
    assert lab.fleet.weights() == ["1", "1", "1"]
    assert lab.standing().phase is Phase.PAUSED
    assert "edge-2" in lab.standing().reason
    hands.resume(lab.rolling(), lab.plan, "")
    assert lab.go().decision.act is Act.STEP


def test_two_at_once_do_not_both_act(lab: Lab) -> None:
    """The second looks before the first acts, and decides the same; under the locks it finds that it was done."""
    lab.begin()
    lab.go()
    lab.now += HOUR
    inner = []
    act = module._act

    def first_somebody_else(*args: object) -> None:
        if not inner:
            inner.append("second")
            inner.append(str(lab.go(who="bob@away").decision.act))
        act(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_act", first_somebody_else)
        told = lab.go()
    assert isinstance(told.error, Busy)
    assert inner == ["second", "step"]
    assert lab.story() == ["started", "stepped 1", "stepped 10"]


def test_a_line_that_says_pause_is_heeded_by_who_had_decided_to_step(lab: Lab) -> None:
    lab.begin()
    lab.go()
    act = module._act

    def paused_first(*args: object) -> None:
        hands.pause(lab.rolling("ann@desk"), lab.plan, "stop")
        act(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_act", paused_first)
        assert isinstance(lab.go(HOUR).error, Busy)
    assert lab.fleet.weights() == ["1", "1", "1"]
    assert lab.standing().phase is Phase.PAUSED


def test_a_step_that_some_hosts_missed_is_served_there_again(lab: Lab) -> None:
    lab.begin()
    lab.go()
    before = (lab.fleet[3].live, lab.fleet[3].running, list(lab.fleet[3].entries))
    lab.go(HOUR)
    lab.fleet[3].live, lab.fleet[3].running, lab.fleet[3].entries = before[0], before[1], before[2]
    assert lab.fleet.weights() == ["10", "10", "1"]
    told = lab.go(60)
    assert told.decision.act is Act.AGAIN
    assert lab.fleet.weights() == ["10", "10", "10"]
    assert lab.go(HOUR - 1).decision.act is Act.NOTHING, "it bakes anew from when all of them serve it"
    assert lab.go(1).decision.act is Act.STEP


def test_an_approval_is_waited_for_and_holds_for_one_step() -> None:
    lab = Lab(plan(steps=(*steps(1), *steps(10, 50, approval=True))))
    lab.begin()
    lab.go()
    with pytest.raises(Refused, match="no step"):
        hands.promote(lab.rolling(), lab.plan, 7, "")
    assert lab.go(HOUR).decision.happening is Happening.WAITING
    assert lab.go(HOUR).decision.act is Act.NOTHING, "it is said once"
    assert hands.approve(lab.rolling("ann@desk"), lab.plan, "looks good") == 2
    assert lab.standing().approved_by == "ann@desk"
    assert lab.go().decision.act is Act.STEP
    assert lab.go(HOUR).decision.happening is Happening.WAITING
    assert lab.fleet.weights() == ["10", "10", "10"]


def test_hooks_run_around_what_they_are_about() -> None:
    lab = Lab(plan(1, 10, hooks=Hooks(("before",), ("after",), ("aborted",), ("promoted",))))
    lab.begin()
    lab.go()
    assert lab.hooks == ["before"]
    lab.go(HOUR)
    assert lab.hooks == ["before", "after"]
    lab.outcome = Outcome.FAIL
    lab.trouble = "it left with 3"
    lab.go(HOUR)
    assert lab.hooks == ["before", "after", "aborted"]
    assert lab.story()[-2:] == ["aborted", "trouble"]
    assert lab.standing().phase is Phase.ABORTED


def test_a_hook_that_fails_before_keeps_it_from_beginning() -> None:
    lab = Lab(plan(hooks=Hooks(before=("backup",))))
    lab.begin()
    lab.trouble = "it left with 1"
    lab.go()
    assert lab.fleet.weights() == ["-", "-", "-"]
    assert lab.standing().phase is Phase.PAUSED
    assert "backup" in lab.standing().reason
    lab.trouble = ""
    hands.resume(lab.rolling(), lab.plan, "")
    lab.go()
    assert lab.fleet.weights() == ["1", "1", "1"]


def test_a_plan_that_was_changed_meanwhile_is_asked_about(lab: Lab) -> None:
    lab.begin()
    lab.go()
    lab.plan = plan(2, 10)
    told = lab.go(HOUR)
    assert told.decision.act is Act.PAUSE
    assert "the plan has changed" in told.decision.sentence
    assert lab.fleet.weights() == ["1", "1", "1"]


def test_steps_of_one_weight_are_told_apart() -> None:
    lab = Lab(plan(10, 10, 10))
    lab.begin()
    lab.go()
    assert [lab.go(HOUR).decision.step for _ in range(2)] == [1, 2]
    assert lab.standing().step == 2


def test_it_is_run_to_its_end(lab: Lab) -> None:
    lab.begin()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        lab.now += seconds

    run(lab.rolling(), (lab.plan,), lambda told: None, wait)
    assert lab.standing().phase is Phase.FINISHED
    assert max(waited) <= 15.0, "a critical step is looked at every 15 s"


def test_what_is_shown_is_what_was_seen_and_hosts_are_asked_again_only_after_a_line_was_written(lab: Lab) -> None:
    lab.begin()
    told: list[Told] = []

    def show(seen: Sequence[Told]) -> None:
        told.extend(seen)
        before = lab.fleet.logins
        recorded = record_of(lab.rolling(), seen[0])
        assert lab.fleet.logins == before
        if not seen[0].outdated:
            assert recorded == record(lab.rolling(), lab.plan)

    def wait(seconds: float) -> None:
        lab.now += seconds

    run(lab.rolling(), (lab.plan,), lambda told: None, wait, show=show)
    assert {one.decision.acts for one in told if one.outdated} == {True}
    assert any(not one.outdated for one in told)


def test_a_time_scale_holds_wherever_it_is_run_from(lab: Lab) -> None:
    hands.start(lab.rolling(), (lab.plan,), "a rehearsal", time_scale=3_600)
    lab.go()
    assert lab.go(1, who="bob@away").decision.act is Act.STEP


def test_a_second_start_is_refused(lab: Lab) -> None:
    lab.begin()
    with pytest.raises(Refused, match="already"):
        lab.begin()


def test_nothing_that_was_not_started_is_touched(lab: Lab) -> None:
    told = lab.go()
    assert over([told])
    assert lab.entries() == ()
    with pytest.raises(Refused, match="no rollout"):
        hands.abort(lab.rolling(), lab.plan, "", None)
