"""One look at one rollout: observe, measure, judge, decide, act. Twice does no harm, and neither does half of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nginxgen.errors import NginxgenError, Refused
from nginxgen.model.gates import Severity
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Act, Decision, Entry, Fleet, Phase, RolloutPlan, Standing, View
from nginxgen.rollout.decide import Facts, decide
from nginxgen.rollout.summary import summary
from nginxgen.workflow.rollout.act import Busy, Deed, go_back, say, serve
from nginxgen.workflow.rollout.rolling import Judged, Rolling
from nginxgen.workflow.rollout.sight import Sight, sight
from nginxgen.workflow.scope import Work

_JUDGED = frozenset({Phase.RUNNING, Phase.PAUSED, Phase.FINISHED})
_ACTIONS = frozenset({Act.BEGIN, Act.STEP, Act.AGAIN, Act.ABORT, Act.FINISH})


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one look."""

    plan: RolloutPlan
    standing: Standing  # before
    decision: Decision
    view: View
    seen: Sight  # before
    judged: Judged | None = None
    error: NginxgenError | None = None  # why the decision could not be carried out, for now
    hosts: tuple[str, ...] = ()
    outdated: bool = False  # the journals have more by now than was seen

    @property
    def acted(self) -> bool:
        return self.decision.acts and self.error is None

    @property
    def aborted(self) -> bool:
        """By its gates, in this look."""
        return self.acted and self.decision.act is Act.ABORT


def tick(rolling: Rolling, plan: RolloutPlan) -> Told:
    """What was decided, and done. An error of the fleet is in the answer; it raises for none."""
    with rolling.scope.work() as work:
        seen = sight(work)
        told = look_with(rolling, plan, work, seen)
        deed = Deed(rolling, plan, told.standing, seen)
        try:
            _act(work, deed, told)
        except NginxgenError as error:
            told = replace(told, error=error)
    if told.error is None:
        _after(rolling, deed, told)
    elif not isinstance(told.error, Busy):
        _pause_for(rolling, plan, told)
    return told


def look(rolling: Rolling, plan: RolloutPlan) -> Told:
    """What a tick would do. Changes nothing."""
    with rolling.scope.work() as work:
        return look_with(rolling, plan, work, sight(work))


def look_with(rolling: Rolling, plan: RolloutPlan, work: Work, seen: Sight) -> Told:
    standing, view = seen.standing(plan), seen.view(plan)
    judged = None
    if standing.step != NOT_BEGUN and standing.phase in _JUDGED and view.fleet not in (Fleet.FOREIGN, Fleet.PROMOTED):
        judged = rolling.judge(work.sessions, rolling.service(plan), plan, standing, rolling.clock())
    parent = _parent(plan, seen)
    verdict = judged.verdict if judged else None
    facts = Facts(plan, standing, view, verdict, rolling.clock(), parent)
    return Told(plan, standing, decide(facts), view, seen, judged, hosts=tuple(work.sessions.hosts))


def _parent(plan: RolloutPlan, seen: Sight) -> Phase | None:
    """Of the group that this one comes after, where they were started together."""
    return seen.parent(plan.service, plan.after).phase if plan.after else None


def _act(work: Work, deed: Deed, told: Told) -> None:
    decision = told.decision
    match decision.act:
        case Act.NOTHING:
            return
        case Act.BEGIN:
            trouble = _hooks(deed, deed.plan.hooks.before)
            if trouble:
                say(work, deed, deed.entry(Happening.PAUSED, f"it does not begin: {trouble}", level=Severity.P2))
            else:
                serve(work, deed, stepped(deed, decision.step, decision.sentence))
        case Act.STEP:
            serve(work, deed, stepped(deed, decision.step, decision.sentence, summary=_summary(deed, told)))
        case Act.AGAIN:
            serve(work, deed, stepped(deed, decision.step, decision.sentence, again=True))
        case Act.ABORT:
            entry = deed.entry(
                Happening.ABORTED, decision.sentence, summary=_summary(deed, told), level=decision.severity
            )
            go_back(work, deed, entry, deed.plan.on_fail)
        case Act.FINISH:
            say(work, deed, deed.entry(Happening.FINISHED, decision.sentence, summary=_summary(deed, told)))
        case _:
            what = decision.happening or Happening.NOTE
            ends = what in (Happening.PAUSED, Happening.DRIFTED)
            seen = _summary(deed, told) if ends else ""
            say(work, deed, deed.entry(what, decision.sentence, summary=seen, level=decision.severity))


def stepped(deed: Deed, step: int, text: str, *, again: bool = False, summary: str = "") -> Entry:
    """The entry for serving a step of the plan."""
    weight = deed.standing.weight if again else deed.plan.steps[step].weight
    return deed.entry(Happening.STEPPED, text, summary=summary, step=step, weight=float(weight.percent), again=again)


def _summary(deed: Deed, told: Told) -> str:
    if told.judged is None:
        return ""
    return summary(deed.plan, deed.standing, told.judged.verdict, told.judged.measured, deed.rolling.clock())


def _after(rolling: Rolling, deed: Deed, told: Told) -> None:
    """Hooks come after what they are about, which is done by then. One that fails is written down, and that is all."""
    hooks = deed.plan.hooks
    match told.decision.act:
        case Act.STEP | Act.FINISH:
            commands = hooks.after_step
        case Act.ABORT:
            commands = hooks.on_abort
        case _:
            return
    trouble = _hooks(deed, commands, reason=told.decision.sentence)
    if trouble:
        write(rolling, deed.plan, Happening.TROUBLE, trouble)


def _hooks(deed: Deed, commands: tuple[str, ...], reason: str = "") -> str:
    """Run them in their order; why the first that failed did."""
    standing = deed.standing
    told = {
        "NGINXGEN_SERVICE": deed.plan.service,
        "NGINXGEN_GROUP": deed.plan.group,
        "NGINXGEN_STABLE": standing.stable,
        "NGINXGEN_CANARY": standing.canary,
        "NGINXGEN_STEP": str(standing.step + 1),
        "NGINXGEN_WEIGHT": str(standing.weight),
        "NGINXGEN_REASON": reason,
    }
    for command in commands:
        trouble = deed.rolling.hook(command, told)
        if trouble:
            return f"the hook {command!r} failed: {trouble}"
    return ""


def _pause_for(rolling: Rolling, plan: RolloutPlan, told: Told) -> None:
    """A change that failed is not tried again and again. An abort that failed is: it must come through."""
    if told.decision.act in (Act.ABORT, Act.PAUSE, Act.SAY) or told.error is None:
        return
    write(
        rolling,
        plan,
        Happening.PAUSED,
        f"{told.decision.sentence}; but it failed: {told.error.message}",
        level=Severity.P2,
    )


def write(rolling: Rolling, plan: RolloutPlan, what: Happening, text: str, **more: object) -> bool:
    """One line, from a fresh look, where hosts can be reached. That it can't be written stops nothing: then False.

    `more`: fields of the entry that are not as the standing has them.
    """
    try:
        with rolling.scope.work() as work:
            seen = sight(work)
            deed = Deed(rolling, plan, seen.standing(plan), seen)
            say(work, deed, deed.entry(what, text, **more))  # type: ignore[arg-type]  # fields of Entry, by name
    except Refused:
        return False
    return True
