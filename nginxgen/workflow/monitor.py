"""monitor: look at canary and stable again and again for a time, and judge what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nginxgen.model.baseline import Baseline
from nginxgen.model.gates import Gate
from nginxgen.model.samples import Measured, Window
from nginxgen.model.service import Service
from nginxgen.model.verdict import Verdict
from nginxgen.workflow.looks import live, look, named_baselines
from nginxgen.workflow.measure import Look, Measurer, judged
from nginxgen.workflow.scope import Scope, Work

_FINE = 1  # seconds of a slice: what was before the beginning is another's
_FLUSH = 2.0  # seconds that a line may take to the log, and a little more


@dataclass(frozen=True, slots=True)
class Watching:
    """What a person asks for. Times in seconds."""

    services: tuple[Service, ...]
    seconds: float
    every: float = 5.0
    back: float = 0.0  # it begins so long ago
    routes: tuple[str, ...] = ()  # none: all
    gates: Mapping[str, tuple[Gate, ...]] = field(default_factory=dict)  # by service
    baselines: Path = Path("baselines")  # their folder


@dataclass(frozen=True, slots=True)
class Frame:
    """One service at one look."""

    look: Look
    measured: Measured
    verdict: Verdict | None  # None: there is no gate
    notes: tuple[str, ...] = ()


Frames = tuple[Frame, ...]
Show = Callable[[Frames], None]


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and the sleep of a monitor; tests have others."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


def monitor(scope: Scope, asked: Watching, show: Show, at: Time | None = None) -> Frames:
    """The last look, after the whole time. `show` gets each one. Raises Refused where the hosts can't be watched."""
    clock = at or Time()
    with scope.work() as work:
        looks = _looks(work, asked, clock.now() - asked.back)
        until = clock.now() + asked.seconds
        measurer = Measurer(scope.hosts, [one.service for one in looks], clock.now, slice_seconds=_FINE)
        while (now := clock.now()) < until:
            show(_frames(work, measurer, looks, asked, now))
            clock.sleep(max(0.0, min(asked.every, until - clock.now())))
        if asked.seconds:
            clock.sleep(_FLUSH)
        last = _frames(work, measurer, looks, asked, until)
        show(last)
        return last


def baselines(frames: Frames, scope: Scope, at: Time | None = None) -> tuple[Baseline, ...]:
    """What stable did in that time, route by route, to be kept."""
    with scope.work() as work:
        return tuple(_baseline(work, frame.look, (at or Time()).now) for frame in frames)


def _baseline(work: Work, seen: Look, now: Callable[[], float]) -> Baseline:
    measurer = Measurer(work.scope.hosts, [seen.service], now, slice_seconds=_FINE)
    routes = seen.routes or tuple(route.name for route in seen.service.routes)
    found = {name: measurer.measure(work.sessions, replace(seen, routes=(name,))).measured.stable for name in routes}
    tallies = {name: sample.total for name, sample in found.items() if sample is not None}
    return Baseline(seen.service.name, seen.stable, seen.window.since, seen.window.until, tallies)


def _looks(work: Work, asked: Watching, since: float) -> Sequence[Look]:
    states = work.observe()
    window = Window(since, since)
    found = []
    for service in asked.services:
        routes = tuple(name for name in asked.routes if len(asked.services) == 1 or _has(service, name))
        one = look(service, live(service, states), routes, window)
        gates = asked.gates.get(service.name, ())
        found.append(replace(one, baselines=named_baselines(asked.baselines, gates, service.name, routes)))
    return found


def _has(service: Service, route: str) -> bool:
    return any(one.name == route for one in service.routes)


def _frames(work: Work, measurer: Measurer, looks: Sequence[Look], asked: Watching, now: float) -> Frames:
    frames = []
    for one in looks:
        current = replace(one, window=Window(one.window.since, now))
        seen = measurer.measure(work.sessions, current)
        gates = asked.gates.get(one.service.name, ())
        frames.append(Frame(current, seen.measured, judged(gates, seen.measured) if gates else None, seen.notes))
    return tuple(frames)
