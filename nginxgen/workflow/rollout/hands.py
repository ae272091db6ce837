"""What people do to a rollout: start, pause, resume, approve, promote a step, abort, retry."""

from __future__ import annotations

from collections.abc import Sequence

from nginxgen.errors import Refused, SeveralRefused
from nginxgen.model.outcome import Outcome
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Fleet, Phase, RolloutPlan, Standing, WayOut
from nginxgen.workflow.rollout.act import Deed, go_back, say, serve
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import Sight, sight
from nginxgen.workflow.rollout.tick import stepped, write
from nginxgen.workflow.scope import Work

_STATUS = "nginxgen rollout status shows where it stands"


def start(rolling: Rolling, plans: Sequence[RolloutPlan], why: str, time_scale: float = 1.0) -> tuple[Standing, ...]:
    """Write down that these rollouts begin; the next look serves their first steps. Raises Refused."""
    service = rolling.service(plans[0])
    if service.canary is None:
        raise Refused(f"{service.name} has no canary", hint="name one of its versions with `canary:` in the inventory")
    with rolling.scope.work() as work:
        seen = sight(work)
        _all_there(seen)
        fresh = []
        for plan in plans:
            _refuse_open(plan, seen.standing(plan))
            token, canary, stable = rolling.token(), service.canary, service.stable
            fresh.append(Standing(rollout=token, canary=canary, stable=stable, time_scale=time_scale))
        text = why or f"rollout of {service.canary} beside {service.stable}"
        entries = [
            Deed(rolling, plan, standing, seen).entry(Happening.STARTED, text, chained=len(plans) > 1)
            for plan, standing in zip(plans, fresh, strict=True)
        ]
        say(work, Deed(rolling, plans[0], fresh[0], seen), *entries)
    return tuple(fresh)


def start_unless_open(rolling: Rolling, plan: RolloutPlan, why: str) -> None:
    """Raises Refused."""
    with rolling.scope.work() as work:
        is_open = sight(work).standing(plan).open
    if not is_open:
        start(rolling, (plan,), why)


def pause(rolling: Rolling, plan: RolloutPlan, why: str) -> None:
    with rolling.scope.work() as work:
        deed = _deed(rolling, plan, work)
        _require(deed, Phase.RUNNING)
        say(work, deed, deed.entry(Happening.PAUSED, why or f"by {rolling.who}"))


def resume(rolling: Rolling, plan: RolloutPlan, why: str) -> None:
    """Go on from where it stood. What somebody else has served meanwhile is put back first, and bakes anew."""
    with rolling.scope.work() as work:
        deed = _deed(rolling, plan, work)
        _require(deed, Phase.PAUSED)
        view = deed.sight.view(plan)
        if view.fleet is Fleet.AS_LEFT or deed.standing.step == NOT_BEGUN:
            say(work, deed, deed.entry(Happening.RESUMED, why or "resumed"))
        else:
            _all_there(deed.sight)
            serve(work, deed, stepped(deed, deed.standing.step, why or f"resumed, and served again: {view.detail}"))


def approve(rolling: Rolling, plan: RolloutPlan, why: str) -> int:
    """The number of the step that may begin now, from 1."""
    with rolling.scope.work() as work:
        deed = _deed(rolling, plan, work)
        _require(deed, Phase.RUNNING, Phase.PAUSED)
        following = deed.standing.step + 1
        if following >= len(plan.steps) or not plan.steps[following].approval:
            raise Refused(f"{plan.name}: the next step waits for nobody's approval", hint=_STATUS)
        if not deed.standing.approved:
            say(work, deed, deed.entry(Happening.APPROVED, why or f"step {following + 1} may begin"))
        return following + 1


def promote(rolling: Rolling, plan: RolloutPlan, step: int | None, why: str) -> int:
    """Serve a step now, whatever its gates say; by default the next one. The number of the step, from 1."""
    with rolling.scope.work() as work:
        deed = _deed(rolling, plan, work)
        _require(deed, Phase.RUNNING, Phase.PAUSED)
        wanted = deed.standing.step + 1 if step is None else step
        if not 0 <= wanted < len(plan.steps):
            hint = "nginxgen rollout promote --full makes the canary stable"
            raise Refused(f"{plan.name} has no step {wanted + 1}: it has {len(plan.steps)}", hint=hint)
        serve(work, deed, stepped(deed, wanted, why or f"step {wanted + 1}, by {rolling.who}"))
        return wanted + 1


def abort(rolling: Rolling, plan: RolloutPlan, why: str, way: WayOut | None) -> Outcome:
    """Back to stable. What is over stays over: then Refused."""
    with rolling.scope.work() as work:
        deed = _deed(rolling, plan, work)
        _require(deed, Phase.RUNNING, Phase.PAUSED, Phase.FINISHED)
        entry = deed.entry(Happening.ABORTED, why or f"by {rolling.who}")
        outcome = go_back(work, deed, entry, way or plan.on_fail)
    told = {"NGINXGEN_SERVICE": plan.service, "NGINXGEN_GROUP": plan.group, "NGINXGEN_REASON": entry.text}
    for command in plan.hooks.on_abort:
        trouble = rolling.hook(command, told)
        if trouble:
            write(rolling, plan, Happening.TROUBLE, f"the hook {command!r} failed: {trouble}")
    return outcome


def _deed(rolling: Rolling, plan: RolloutPlan, work: Work) -> Deed:
    seen = sight(work)
    return Deed(rolling, plan, seen.standing(plan), seen)


def _require(deed: Deed, *phases: Phase) -> None:
    found = deed.standing.phase
    if found in phases:
        return
    if found is Phase.NONE:
        raise Refused(f"no rollout of {deed.plan.name} was started", hint="nginxgen rollout start")
    hint = "nginxgen rollout retry begins anew" if found is Phase.ABORTED else _STATUS
    raise Refused(f"the rollout of {deed.plan.name} is {found}", hint=hint)


def _refuse_open(plan: RolloutPlan, standing: Standing) -> None:
    if standing.open and standing.phase is not Phase.FINISHED:
        hint = "nginxgen rollout status shows it; abort ends it"
        raise Refused(f"a rollout of {plan.name} is {standing.phase} already, started by {standing.by}", hint=hint)


def _all_there(seen: Sight) -> None:
    if seen.away:
        raise SeveralRefused([Refused(told) for told in seen.away.values()])
