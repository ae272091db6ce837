"""Measure a service on a fleet over a time, and judge what was measured: what monitor, rollout and the gates share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nginxgen.analysis.judge import Judge
from nginxgen.errors import NginxgenError
from nginxgen.fleet.sessions import Sessions
from nginxgen.metrics.combine import combine
from nginxgen.metrics.log.source import LogMetrics
from nginxgen.metrics.port import Metrics, Reading, Subject
from nginxgen.model.gates import Gate
from nginxgen.model.host import Host
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.samples import Measured, Tally, Window
from nginxgen.model.service import Service
from nginxgen.model.sources import Counting
from nginxgen.model.verdict import Verdict
from nginxgen.model.weight import FULL, Weight
from nginxgen.workflow.sources import numbers_of, probe_of, prometheus_of

Clock = Callable[[], float]  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: two versions of a service, on some of its routes, over a time."""

    service: Service
    window: Window
    stable: str  # names of versions
    canary: str | None
    routes: tuple[str, ...] = ()  # none: all of them together
    weight: Weight | None = None  # that was asked for; None: it is not one for all of these routes
    baselines: Mapping[str, Tally] = field(default_factory=dict)  # saved earlier, by name
    control: bool = False  # the canary is compared with a control group, and not with all of stable

    @property
    def subject(self) -> Subject:
        return Subject(self.service.name, self.stable, self.canary, self.routes, self.control)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the hosts showed of a service."""

    measured: Measured
    notes: tuple[str, ...] = ()  # for people: lost lines, clocks that disagree


class Measurer:
    """Measures as often as it is asked; what was read once is not read again.

    For looks whose time begins at the same moment and grows: a step of a rollout, a monitor. A new one begins anew, and
    gives the same figures. `services`: those that will be looked at.
    """

    def __init__(
        self, hosts: Sequence[Host], services: Sequence[Service], clock: Clock = time.time, *, slice_seconds: int = 10
    ) -> None:
        """`slice_seconds`: how finely it looks at what is recent, 1 or 10; a slice that is cut is counted whole."""
        self._sessions: Sessions | None = None
        names = tuple(service.name for service in services)
        log = LogMetrics([host.name for host in hosts], self._ask, clock, services=names, slice_seconds=slice_seconds)
        self._counting: dict[str, Metrics] = {service.name: _counting(service, hosts, log) for service in services}
        self._numbers: dict[str, tuple[Metrics, ...]] = {service.name: numbers_of(service) for service in services}

    def measure(self, sessions: Sessions, look: Look) -> Seen:
        """Never raises for a source that is down: then the judge says ERROR. Hosts that are left out are not asked."""
        self._sessions = sessions
        name, subject = look.service.name, look.subject
        counted = self._counting[name].measure(subject, look.window)
        others = [source.measure(subject, look.window) for source in self._numbers[name]]
        weight = None if look.weight is None else look.weight.hundredths / FULL.hundredths
        measured = combine(counted, others, baselines=look.baselines, weight=weight)
        return Seen(measured, tuple(dict.fromkeys(note for one in (counted, *others) for note in one.notes)))

    def _ask(self, asks: Mapping[str, LogAsk]) -> Mapping[str, LogAnswer | NginxgenError]:
        sessions = self._sessions
        if sessions is None:
            return {}
        return sessions.measure({name: ask for name, ask in asks.items() if name not in sessions.skipped})


def judged(gates: Sequence[Gate], measured: Measured, judge: Judge | None = None) -> Verdict:
    """Total: every input gets an answer, and no data is never a PASS."""
    return (judge or Judge()).judge(gates, measured)


class _Nobody:
    """Where the log is off, and nothing else was chosen."""

    def measure(self, subject: Subject, window: Window) -> Reading:  # noqa: ARG002  (a source's signature)
        return Reading(error=f"metrics are off for {subject.service}: its inventory says so")


def _counting(service: Service, hosts: Sequence[Host], log: LogMetrics) -> Metrics:
    match service.metrics.counting:
        case Counting.LOG:
            return log if service.metrics.log else _Nobody()
        case Counting.PROMETHEUS:
            return prometheus_of(service)
        case Counting.PROBE:
            return probe_of(service, hosts)
