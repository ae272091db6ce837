"""Alert rules for Prometheus. They watch the rollout that watches the canary: whether it is stuck, blind or gone.

Whether the canary is well is for the gates to say, with their intervals; a threshold here would say it worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import yaml

from nginxgen.export.promql import is_, lasts, select
from nginxgen.model import metric_names as names
from nginxgen.model.gates import Severity
from nginxgen.model.metric_names import Role
from nginxgen.model.record import Ending
from nginxgen.model.rollout import RolloutPlan
from nginxgen.model.verdict import Outcome

_MISSED = 3  # looks in a row that may fail to come, or to see something, before it is said
_SCRAPES = 120.0  # seconds: a scrape may be a minute apart, and one may fail
_REMEMBERED = "1h"  # how long it is said that a rollout has vanished
# Of one group of routes or of the whole service: a label without a value is none to Prometheus.
_NAME = "{{ $labels.service }}{{ with $labels.group }}/{{ . }}{{ end }}"
_ABOUT = " --service {{ $labels.service }}{{ with $labels.group }} --group {{ . }}{{ end }}"


class Level(StrEnum):
    """The label `severity`, in the words of most Alertmanagers' routes."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


_PRIORITY = {Level.CRITICAL: Severity.P1, Level.WARNING: Severity.P2, Level.INFO: Severity.P3}


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `expression` holds for `lasting` seconds before it is said; texts are Prometheus's templates."""

    name: str
    expression: str
    lasting: float
    level: Level
    summary: str
    description: str


def text(plans: Sequence[RolloutPlan]) -> str:
    """A file of rules, for the plans of one service."""
    service = plans[0].service
    group = {"name": f"nginxgen-{service}", "rules": [_document(one) for one in alerts(plans)]}
    head = f"# Alert rules for the rollouts of {service}, over the metrics of `nginxgen rollout run --listen`.\n"
    return head + yaml.safe_dump({"groups": [group]}, sort_keys=False, allow_unicode=True, width=1000)


def alerts(plans: Sequence[RolloutPlan]) -> tuple[Alert, ...]:
    """For the plans of one service. How long something lasts follows from how often these plans look."""
    every = max(step.watch.every for plan in plans for step in plan.steps)
    return (*_endings(plans[0].service), *_gates(plans[0].service, every), *_sight(plans[0].service, every))


def _endings(service: str) -> Iterator[Alert]:
    def stands(ending: Ending) -> str:
        return f"{select(names.PHASE, service, is_('phase', ending))} == 1"

    yield Alert(
        "NginxgenRolloutAborted",
        stands(Ending.ABORTED),
        0.0,
        Level.CRITICAL,
        f"The rollout of {_NAME} was aborted",
        "Stable serves. The status says which gate ended it.",
    )
    yield Alert(
        "NginxgenRolloutPaused",
        stands(Ending.PAUSED),
        0.0,
        Level.WARNING,
        f"The rollout of {_NAME} is paused",
        "The canary keeps its weight until somebody has looked: the status says why, rollout resume goes on.",
    )
    yield Alert(
        "NginxgenRolloutWaiting",
        stands(Ending.WAITING),
        0.0,
        Level.INFO,
        f"The rollout of {_NAME} waits",
        "For an approval, for a group that goes first, or for a window to open. Nothing is wrong.",
    )


def _gates(service: str, every: float) -> Iterator[Alert]:
    def says(outcome: Outcome) -> str:
        return f"{select(names.GATE_STATE, service, is_('state', outcome))} == 1"

    yield Alert(
        "NginxgenGateFails",
        says(Outcome.FAIL),
        0.0,
        Level.CRITICAL,
        f"{_NAME}: the gate {{{{ $labels.gate }}}} fails",
        "The canary goes back to stable at this look. Where this lasts, a host is away or refuses.",
    )
    yield Alert(
        "NginxgenGateNeedsAttention",
        f"{select(names.GATE_ATTENTION, service)} == 1",
        0.0,
        Level.WARNING,
        f"{_NAME}: the gate {{{{ $labels.gate }}}} is past its attention level",
        "The canary stays where it is, and goes no further.",
    )
    yield Alert(
        "NginxgenGateBlind",
        says(Outcome.ERROR),
        _MISSED * every,
        Level.WARNING,
        f"{_NAME}: nothing is known about the gate {{{{ $labels.gate }}}}",
        "Its source of figures is down. The rollout neither goes on nor back.",
    )
    canary, stable = (select(names.REQUESTS, service, is_("role", role)) for role in (Role.CANARY, Role.STABLE))
    on = f"on ({', '.join(names.ROLLOUT)})"
    yield Alert(
        "NginxgenCanaryUnasked",
        f"{select(names.WEIGHT, service)} > 0 and {on} {canary} == 0 and {on} {stable} > 0",
        max(_MISSED * every, _SCRAPES),
        Level.WARNING,
        f"{_NAME}: the canary gets no requests",
        "It was given {{ $value }} % of them, and stable gets some. Are its servers down, and is nginx past them?",
    )


def _sight(service: str, every: float) -> Iterator[Alert]:
    yield Alert(
        "NginxgenHostsUnread",
        f"{select(names.UNREAD, service)} > 0",
        every,
        Level.WARNING,
        f"{_NAME}: {{{{ $value }}}} hosts or sources cannot be read",
        "Hosts that do not answer keep what they serve, and pause the rollout.",
    )
    on = f"on ({', '.join(names.ROLLOUT)})"
    open_ = select(names.PHASE, service, f'phase=~"{Ending.RUNNING}|{Ending.WAITING}|{Ending.PAUSED}"')
    yield Alert(
        "NginxgenNobodyLooks",
        f"time() - {select(names.LOOKED_AT, service)} > {_at_least(_MISSED * every)} and {on} {open_} == 1",
        0.0,
        Level.CRITICAL,
        f"Nobody looks after the rollout of {_NAME}",
        "The last look was {{ $value | humanizeDuration }} ago: a canary that turns bad stays. Does a look hang?",
    )
    started, bake = (
        f"last_over_time({select(one, service)}[{_REMEMBERED}])" for one in (names.STEP_STARTED, names.STEP_BAKE)
    )
    yield Alert(
        "NginxgenRolloutVanished",
        f"({started} + {bake} > time()) unless {on} {select(names.LOOKED_AT, service)}",
        _SCRAPES,
        Level.CRITICAL,
        f"The metrics of the rollout of {_NAME} are gone in the middle of a bake",
        "It has been aborted or promoted just now, or rollout run has died: then it is to be run again, anywhere.",
    )


def _at_least(seconds: float) -> str:
    """Seconds as a number in an expression, at least what scrapes need."""
    return f"{max(_SCRAPES, seconds):g}"


def _document(alert: Alert) -> dict[str, object]:
    """As Prometheus reads it."""
    lasting = {"for": lasts(alert.lasting)} if alert.lasting else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **lasting,
        "labels": {"severity": str(alert.level), "priority": str(_PRIORITY[alert.level])},
        "annotations": {
            "summary": alert.summary,
            "description": f"{alert.description} Next: nginxgen rollout status{_ABOUT}",
        },
    }
