"""After a look: tell people what it showed, and write down that they were told."""

from __future__ import annotations

from nginxgen.model.gates import Severity
from nginxgen.model.record import Alert, AlertFate, Happening
from nginxgen.model.rollout import Act, Phase, RolloutPlan
from nginxgen.rollout.alerting import Failure, Situation, due
from nginxgen.rollout.sent import kept
from nginxgen.workflow.rollout.act import Busy
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import sight
from nginxgen.workflow.rollout.tick import Told, write


def tell(rolling: Rolling, told: Told) -> tuple[Alert, ...]:
    """What was sent, each with what became of it. Never raises for a channel.

    An alert is sent, then written down: whoever is killed in between sends it again, and two who look at the same
    moment may both send it. Said twice is better than not at all.
    """
    plan = told.plan
    if not plan.alerts:
        return ()
    about = _situation(rolling, told)
    sent = []
    for alert in due(about):
        urls = urls_of(plan, alert.level)
        if not urls:
            continue
        done = rolling.tell(alert, urls)
        rolling.told[done.key] = done
        sent.append(done)
        if done.fate is not AlertFate.DRY_RUN:
            text = f"{done.title}: {done.fate}" + (f" ({done.error})" if done.error else "")
            write(rolling, plan, Happening.ALERTED, text, alert=kept(done))
    return tuple(sent)


def urls_of(plan: RolloutPlan, level: Severity) -> tuple[str, ...]:
    return tuple(url for one in plan.alerts if one.level is level for url in one.urls)


def _situation(rolling: Rolling, told: Told) -> Situation:
    plan, standing, entries = told.plan, told.standing, told.seen.entries(told.plan)
    if told.decision.acts:  # what was decided is written down by now, or it failed
        with rolling.scope.work() as work:
            seen = sight(work)
            standing, entries = seen.standing(plan), seen.entries(plan)
    return Situation(
        plan, standing, entries, told.hosts, rolling.clock(), _failure(told, standing.phase), told=rolling.told
    )


def _failure(told: Told, phase: Phase) -> Failure | None:
    """A change that failed has paused the rollout, and that is told. Here is what no journal says."""
    if told.error is None or isinstance(told.error, Busy) or phase is Phase.PAUSED:
        return None
    level = Severity.P1 if told.decision.act is Act.ABORT else Severity.P2
    return Failure(f"{told.decision.sentence}; but it failed: {told.error.message}", level)
