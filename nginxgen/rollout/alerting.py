"""Whom to tell what: from the entries of a rollout, which also say what was told already. Pure.

An alert is about the newest entry of its kind. It goes out once; again when the same trouble comes again and the
cooldown is over; and once more when the trouble is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.model.gates import Severity
from nginxgen.model.record import Alert, Happening
from nginxgen.model.rollout import NOT_BEGUN, Entry, Phase, RolloutPlan, Standing
from nginxgen.rollout.sent import alerts
from nginxgen.rollout.story import next_command
from nginxgen.rollout.words import clock, span

STALE = 3_600.0  # seconds: what is older is no news, as where channels were added to a rollout that runs

ABORTED, PAUSED, WAITING, ATTENTION, TROUBLE, FINISHED, FAILED = (
    "aborted", "paused", "waiting", "attention", "trouble", "finished", "failed",
)  # fmt: skip
_KINDS = {
    Happening.ABORTED: ABORTED,
    Happening.EMERGENCY: ABORTED,
    Happening.PAUSED: PAUSED,
    Happening.DRIFTED: PAUSED,
    Happening.WAITING: WAITING,
    Happening.ATTENTION: ATTENTION,
    Happening.EXTENDED: ATTENTION,
    Happening.TROUBLE: TROUBLE,
    Happening.FINISHED: FINISHED,
}
_OVER = {
    PAUSED: "it goes on",
    WAITING: "it waits no longer",
    ATTENTION: "the step is over",
    FAILED: "what failed before has been done",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A decision that could not be carried out, which no journal may know of: its hosts are away."""

    sentence: str
    level: Severity


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the alerts of a rollout depend on."""

    plan: RolloutPlan
    standing: Standing
    entries: Sequence[Entry]
    hosts: Sequence[str]
    now: float
    failure: Failure | None = None
    told: Mapping[str, Alert] | None = None  # by key, what this process has sent and could not write down


def due(about: Situation) -> tuple[Alert, ...]:
    """What is to be sent now; all of it is unsent, and says what, where, since when, and the command to type next."""
    last = _last(about)
    fresh = [alert for alert in _news(about) if _wanted(about, alert, last.get(alert.key))]
    keys = {alert.key for alert in fresh}
    return (*fresh, *(alert for alert in _resolved(about, last) if alert.key not in keys))


def _news(about: Situation) -> list[Alert]:
    newest = {
        _KINDS[entry.what]: entry
        for entry in about.entries
        if entry.what in _KINDS and entry.rollout == about.standing.rollout
    }
    found = [
        _alert(about, kind, level, entry.text, since=entry.at, number=entry.sequence)
        for kind, entry in newest.items()
        if (level := _level(entry)) is not None and about.now - entry.at < STALE and not _over(about, kind)
    ]
    if about.failure is not None:
        found.append(_alert(about, FAILED, about.failure.level, about.failure.sentence, since=about.now))
    return found


def _level(entry: Entry) -> Severity | None:
    """What a person did on purpose is no news to them."""
    if entry.level is not None:
        return entry.level
    return {Happening.TROUBLE: Severity.P2, Happening.FINISHED: Severity.P3}.get(entry.what)


def _wanted(about: Situation, alert: Alert, last: Alert | None) -> bool:
    """Is it new, and has it not just been said?"""
    if last is None or last.resolved:
        return True
    if last.number == alert.number != 0:
        return False
    step = about.plan.steps[max(0, min(about.standing.step, len(about.plan.steps) - 1))]
    return about.now - last.at >= about.standing.scaled(step.watch.cooldown)


def _resolved(about: Situation, last: Mapping[str, Alert]) -> list[Alert]:
    return [
        _alert(about, kind, alert.level, text, since=alert.at, resolved=True)
        for kind, text in _OVER.items()
        if (alert := last.get(_key(about.plan, kind))) is not None and not alert.resolved and _over(about, kind)
    ]


def _over(about: Situation, kind: str) -> bool:
    standing = about.standing
    match kind:
        case "paused":
            return standing.phase is not Phase.PAUSED
        case "waiting":
            return standing.phase is not Phase.RUNNING or not standing.waiting
        case "attention":
            return standing.phase is not Phase.RUNNING or not (standing.attention or standing.extended)
        case "failed":
            return about.failure is None
        case _:
            return False


def _last(about: Situation) -> dict[str, Alert]:
    ours = [entry for entry in about.entries if entry.rollout == about.standing.rollout]
    found = {alert.key: alert for alert in alerts(ours)}
    for key, alert in (about.told or {}).items():
        if key not in found or found[key].at < alert.at:
            found[key] = alert
    return found


def _key(plan: RolloutPlan, kind: str) -> str:
    return f"{plan.name} {kind}"


def _alert(
    about: Situation, kind: str, level: Severity, text: str, *, since: float, number: int = 0, resolved: bool = False
) -> Alert:
    plan = about.plan
    word = f"resolved: {kind}" if resolved else kind
    body = "\n".join((text, *_where(about), _since(about, since, resolved=resolved), f"next: {_next(about)}"))
    return Alert(about.now, level, _key(plan, kind), f"[{level}] {plan.name}: {word}", body, resolved, number=number)


def _where(about: Situation) -> tuple[str, ...]:
    standing, steps = about.standing, len(about.plan.steps)
    step = "no step yet" if standing.step == NOT_BEGUN else f"step {standing.step + 1} of {steps}, {standing.weight} %"
    hosts = ", ".join(about.hosts[:5]) + (f" and {len(about.hosts) - 5} more" if len(about.hosts) > 5 else "")  # noqa: PLR2004  (a line)
    return (f"{standing.canary} beside {standing.stable}: {step}", *((f"on {hosts}",) if hosts else ()))


def _since(about: Situation, since: float, *, resolved: bool) -> str:
    ago = span(about.now - since)
    return f"it had been said {ago} before" if resolved else f"since {clock(since)}"


def _next(about: Situation) -> str:
    shown = f"nginxgen rollout status --service {about.plan.service}"
    return next_command(about.plan, about.standing) or shown
