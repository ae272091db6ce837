"""What every verb about rollouts works with."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nginxgen.alerts.send import send
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.record import Alert
from nginxgen.model.rollout import RolloutPlan, Standing
from nginxgen.model.samples import Measured
from nginxgen.model.service import Service
from nginxgen.model.verdict import Verdict
from nginxgen.workflow.rollout.hooks import Hook, shell
from nginxgen.workflow.scope import Scope

Clock = Callable[[], float]  # seconds since the epoch
Tell = Callable[[Alert, Sequence[str]], Alert]  # to these addresses; with what became of it. Never raises


@dataclass(frozen=True, slots=True)
class Judged:
    """What was measured at a step that is served, and what it means."""

    verdict: Verdict
    measured: Measured = field(default_factory=Measured)
    notes: tuple[str, ...] = ()


class Judge(Protocol):
    """Never raises: a source that is down is an ERROR."""

    def __call__(
        self, sessions: Sessions, service: Service, plan: RolloutPlan, standing: Standing, now: float
    ) -> Judged: ...


@dataclass(frozen=True, slots=True)
class Rolling:
    """The fleet, the services with their plans, who judges, and who acts."""

    scope: Scope
    services: tuple[Service, ...]
    judge: Judge
    who: str
    templates: Path | None = None
    clock: Clock = time.time
    hook: Hook = shell
    tell: Tell = send
    told: dict[str, Alert] = field(default_factory=dict)  # by key, of this process: where no journal can be written
    token: Callable[[], str] = field(default=lambda: secrets.token_hex(6))

    def service(self, plan: RolloutPlan) -> Service:
        return next(one for one in self.services if one.name == plan.service)
