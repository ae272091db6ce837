"""What is done next: a function of where a rollout stands, what the fleet has, the verdict, and the time. Total.

It never goes on without a PASS, never goes back without a FAIL, and never touches a fleet that somebody else is
changing. Whatever it says, saying it twice does no harm: what was written down once is not written down again.
"""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.gates import Severity
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Act, Decision, Fleet, Phase, RolloutPlan, Standing, Step, View
from nginxgen.model.verdict import Outcome, Verdict
from nginxgen.rollout.windows import is_open, opens
from nginxgen.rollout.words import clock, span


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision depends on."""

    plan: RolloutPlan
    standing: Standing
    view: View
    verdict: Verdict | None  # of the step that is served; None: it was not judged
    now: float
    parent: Phase | None = None  # of the group that this one comes after; None: it comes after none

    @property
    def outcome(self) -> Outcome:
        """No data is not success."""
        return Outcome.INCONCLUSIVE if self.verdict is None else self.verdict.outcome

    @property
    def why(self) -> str:
        return "nothing was judged" if self.verdict is None else self.verdict.sentence

    @property
    def step(self) -> Step | None:
        """The one that is served; None: before the first, or the plan has become shorter."""
        return self.plan.steps[self.standing.step] if 0 <= self.standing.step < len(self.plan.steps) else None


def decide(facts: Facts) -> Decision:
    match facts.standing.phase:
        case Phase.NONE:
            return Decision(Act.NOTHING, "not started")
        case Phase.PROMOTED:
            return Decision(Act.NOTHING, "the canary is the new stable")
        case Phase.ABORTED:
            return _aborted(facts)
        case Phase.FINISHED:
            return _finished(facts)
        case Phase.PAUSED:
            return _paused(facts)
        case Phase.RUNNING:
            return _running(facts)


# ---- what has ended, or stands still


def _aborted(facts: Facts) -> Decision:
    if facts.view.fleet is Fleet.BEHIND:
        return Decision(Act.ABORT, f"the abort was cut off: {facts.view.detail}", severity=Severity.P1)
    return Decision(Act.NOTHING, f"aborted: {facts.standing.reason}")


def _finished(facts: Facts) -> Decision:
    if facts.view.fleet is Fleet.PROMOTED:
        return _say(Happening.PROMOTED, "the canary is stable on every host")
    if _fails(facts):
        return _abort(facts)
    return Decision(Act.NOTHING, "finished: every step has passed")


def _paused(facts: Facts) -> Decision:
    """Nobody goes on; but users must not suffer while nobody looks."""
    if _fails(facts):
        return _abort(facts)
    return Decision(Act.NOTHING, f"paused: {facts.standing.reason}")


def _fails(facts: Facts) -> bool:
    return facts.outcome is Outcome.FAIL and facts.view.fleet not in (Fleet.FOREIGN, Fleet.PROMOTED)


# ---- what runs


def _running(facts: Facts) -> Decision:
    fleet, begun = facts.view.fleet, facts.standing.step != NOT_BEGUN
    if fleet is Fleet.PROMOTED:
        return _say(Happening.PROMOTED, "the canary is stable on every host")
    if fleet is Fleet.FOREIGN:
        return _pause(f"somebody else has changed the fleet: {facts.view.detail}", Happening.DRIFTED)
    if _fails(facts):
        return _abort(facts)
    if fleet is Fleet.AS_LEFT:
        return _baking(facts) if begun else _begin(facts)
    return _not_as_left(facts) if begun else Decision(Act.NOTHING, f"waits: {facts.view.detail}")


def _not_as_left(facts: Facts) -> Decision:
    detail = facts.view.detail
    match facts.view.fleet:
        case Fleet.BEHIND:
            told = f"the last change was cut off: {detail}"
            return Decision(Act.AGAIN, told, facts.standing.step, Happening.STEPPED)
        case Fleet.DRIFTED:
            return _pause(f"the fleet has drifted: {detail}", Happening.DRIFTED)
        case _:
            return _pause(detail, Happening.PAUSED)


def _baking(facts: Facts) -> Decision:
    standing, step = facts.standing, facts.step
    if step is None or step.weight != standing.weight:
        there = "ends before it" if step is None else f"says {step.weight} % there"
        told = f"the plan has changed: step {standing.step + 1} serves {standing.weight} %, and the inventory {there}"
        return _pause(told, Happening.PAUSED)
    if facts.outcome is Outcome.ERROR:
        return _pause(facts.why, Happening.PAUSED)
    due = standing.since + standing.scaled(max(step.bake, step.watch.window))
    if facts.now < due:
        if facts.verdict is not None and facts.verdict.severity is not None and not standing.attention:
            return _say(Happening.ATTENTION, facts.why, facts.verdict.severity)
        left = span(due - facts.now)
        return Decision(Act.NOTHING, f"step {standing.step + 1} bakes for {left} more: {facts.why}", until=due)
    if facts.outcome is Outcome.PASS:
        return _passed(facts)
    return _patience(facts, step)


def _patience(facts: Facts, step: Step) -> Decision:
    """Too little was seen to go on, and nothing that says go back."""
    standing = facts.standing
    limit = max(standing.since, standing.resumed) + standing.scaled(max(step.max_bake, step.bake, step.watch.window))
    if facts.now >= limit:
        return _pause(f"still not certain after {span(facts.now - standing.since)}: {facts.why}", Happening.PAUSED)
    told = f"not certain yet, so step {standing.step + 1} bakes for up to {span(limit - facts.now)} more: {facts.why}"
    if standing.extended:
        return Decision(Act.NOTHING, told, until=limit)
    severity = None if facts.verdict is None else facts.verdict.severity
    return _say(Happening.EXTENDED, told, severity)


def _passed(facts: Facts) -> Decision:
    standing, steps = facts.standing, facts.plan.steps
    if standing.step + 1 == len(steps):
        return Decision(Act.FINISH, f"every step has passed: {facts.why}", happening=Happening.FINISHED)
    return _may_begin(facts, standing.step + 1) or Decision(
        Act.STEP, f"step {standing.step + 1} has passed: {facts.why}", standing.step + 1, Happening.STEPPED
    )


def _begin(facts: Facts) -> Decision:
    after = facts.plan.after
    match facts.parent:
        case Phase.ABORTED:
            return Decision(Act.ABORT, f"{after} was aborted, so this does not begin", severity=Severity.P2)
        case None | Phase.FINISHED | Phase.PROMOTED:
            pass
        case _:
            return _wait(facts, f"for {after} to finish", None)
    return _may_begin(facts, 0) or Decision(Act.BEGIN, "it begins", 0, Happening.STEPPED)


def _may_begin(facts: Facts, number: int) -> Decision | None:
    """Why a step has to wait; None: it need not."""
    if facts.plan.steps[number].approval and not facts.standing.approved:
        return _wait(facts, f"for somebody to approve step {number + 1}", Severity.P3)
    if not is_open(facts.plan.windows, facts.now):
        at = opens(facts.plan.windows, facts.now)
        until = "which is not within a week" if at is None else f"which is {clock(at)}"
        return _wait(facts, f"for its window to open, {until}", None, at)
    return None


# ---- the ways to say it


def _wait(facts: Facts, text: str, severity: Severity | None, until: float | None = None) -> Decision:
    if facts.standing.waiting == text:
        return Decision(Act.NOTHING, f"waits {text}", until=until)
    return Decision(Act.SAY, text, happening=Happening.WAITING, severity=severity, until=until)


def _say(happening: Happening, text: str, severity: Severity | None = None) -> Decision:
    return Decision(Act.SAY, text, happening=happening, severity=severity)


def _pause(text: str, happening: Happening) -> Decision:
    return Decision(Act.PAUSE, text, happening=happening, severity=Severity.P2)


def _abort(facts: Facts) -> Decision:
    severity = facts.verdict.severity if facts.verdict is not None else None
    return Decision(Act.ABORT, facts.why, happening=Happening.ABORTED, severity=severity or Severity.P1)
