"""The judge of a real fleet: what a step's requests have shown since it is served."""

from __future__ import annotations

import math
from pathlib import Path

from nginxgen.fleet.sessions import Sessions
from nginxgen.model.host import Host
from nginxgen.model.rollout import RolloutPlan, Standing
from nginxgen.model.samples import Window
from nginxgen.model.service import Service
from nginxgen.workflow.looks import has_control, saved
from nginxgen.workflow.measure import Clock, Look, Measurer, judged
from nginxgen.workflow.rollout.rolling import Judged

_FINE, _USUAL = 1, 10  # seconds of a slice
_SETTLES = 1.0  # seconds; hosts write down whole ones, and old workers take requests for a moment more


class Gatherer:
    """Remembers what it has read of a step, so that a look costs what is new. Forgets it with the step."""

    def __init__(self, hosts: tuple[Host, ...], clock: Clock, baselines: Path) -> None:
        """`baselines`: their folder."""
        self._hosts = hosts
        self._clock = clock
        self._baselines = baselines
        self._known: dict[str, tuple[object, Measurer]] = {}

    def __call__(
        self, sessions: Sessions, service: Service, plan: RolloutPlan, standing: Standing, now: float
    ) -> Judged:
        begin = first_slice(standing)
        routes = () if set(plan.routes) == {route.name for route in service.routes} else plan.routes
        gates = plan.gates(min(standing.step, len(plan.steps) - 1))
        baselines, notes = saved(self._baselines, gates, service.name, routes)
        window = Window(begin, max(now, begin))
        beside = has_control(service, (standing.weight,))
        look = Look(service, window, standing.stable, standing.canary, routes, standing.weight, baselines, beside)
        seen = self._measurer(service, plan, standing).measure(sessions, look)
        return Judged(judged(gates, seen.measured), seen.measured, (*seen.notes, *notes))

    def _measurer(self, service: Service, plan: RolloutPlan, standing: Standing) -> Measurer:
        about = (standing.rollout, standing.step, standing.since)
        known = self._known.get(plan.name)
        if known is None or known[0] != about:
            known = about, Measurer(self._hosts, (service,), self._clock, slice_seconds=_width(standing))
            self._known[plan.name] = known
        return known[1]


def first_slice(standing: Standing) -> float:
    """The first slice that has nothing of the weight before: one that is cut would be counted whole."""
    width = _width(standing)
    return math.ceil((standing.since + _SETTLES) / width) * float(width)


def _width(standing: Standing) -> int:
    return _FINE if standing.time_scale > 1 else _USUAL
