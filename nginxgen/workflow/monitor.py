"""monitor: look at canary and stable again and again for a time, and judge what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nginxgen.model.baseline import Baseline
from nginxgen.model.gates import Gate
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.rollout import NOT_BEGUN, Phase
from nginxgen.model.samples import Measured, Window
from nginxgen.model.service import Service
from nginxgen.model.verdict import Verdict
from nginxgen.workflow.looks import live, look, named_baselines, saved
from nginxgen.workflow.measure import Look, Measurer, judged
from nginxgen.workflow.rollout.sight import Sight, sight
from nginxgen.workflow.scope import Scope, Work

_FINE = 1  # seconds of a slice: what was before the beginning is another's
_LIVE = frozenset({Phase.RUNNING, Phase.PAUSED, Phase.FINISHED})
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
    by_rollout: bool = False  # a service without gates is judged by those of its rollout's live step


@dataclass(frozen=True, slots=True)
class Frame:
    """One service at one look."""

    look: Look
    measured: Measured
    verdict: Verdict | None  # None: there is no gate
    notes: tuple[str, ...] = ()
    gates_of: str = ""  # whose gates they are, where nobody gave any


Frames = tuple[Frame, ...]
Show = Callable[[Frames], None]


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and the sleep of a monitor; tests have others."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is looked at each time, and by which gates."""

    look: Look
    gates: tuple[Gate, ...] = ()
    gates_of: str = ""
    notes: tuple[str, ...] = ()


def monitor(scope: Scope, asked: Watching, show: Show, at: Time | None = None) -> Frames:
    """The last look, after the whole time. `show` gets each one. Raises Refused where the hosts can't be watched."""
    clock = at or Time()
    with scope.work() as work:
        watches = _watches(work, asked, clock.now() - asked.back)
        until = clock.now() + asked.seconds
        services = {one.look.service.name: one.look.service for one in watches}
        measurer = Measurer(scope.hosts, tuple(services.values()), clock.now, slice_seconds=_FINE)
        while (now := clock.now()) < until:
            show(_frames(work, measurer, watches, now))
            clock.sleep(max(0.0, min(asked.every, until - clock.now())))
        if asked.seconds:
            clock.sleep(_FLUSH)
        last = _frames(work, measurer, watches, until)
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


def _watches(work: Work, asked: Watching, since: float) -> Sequence[_Watch]:
    states = work.observe()
    by_rollout = asked.by_rollout and any(service.rollouts for service in asked.services)
    seen = sight(work) if by_rollout else None
    found = list[_Watch]()
    for service in asked.services:
        routes = tuple(name for name in asked.routes if len(asked.services) == 1 or _has(service, name))
        intent = live(service, states)
        whole = look(service, intent, routes, Window(since, since))
        gates = asked.gates.get(service.name, ())
        steps = [] if gates or seen is None else _steps(service, routes, seen)
        found += [_by_step(asked, whole, intent, step) for step in steps]
        if not steps:
            found.append(_with_baselines(asked, _Watch(whole, gates)))
        elif rest := _rest(service, routes, steps):
            found.append(_Watch(look(service, intent, rest, whole.window)))
    return found


@dataclass(frozen=True, slots=True)
class _Step:
    """The live step of a rollout."""

    routes: tuple[str, ...]  # of these that are looked at; none: all of the service
    gates: tuple[Gate, ...]
    said: str  # whose gates they are
    since: float  # it is served


def _steps(service: Service, routes: Sequence[str], seen: Sight) -> Sequence[_Step]:
    """Of each rollout of the service that serves a step of its plan now."""
    found = []
    for plan in service.rollouts:
        standing = seen.standing(plan)
        mine = tuple(name for name in plan.routes if not routes or name in routes)
        if standing.phase not in _LIVE or not NOT_BEGUN < standing.step < len(plan.steps) or not mine:
            continue
        where = f"step {standing.step + 1} of {len(plan.steps)}, weight {standing.weight}, {standing.phase}"
        whole = set(mine) == {route.name for route in service.routes}
        said = f"rollout {plan.name}, {where}"
        found.append(_Step(() if whole else mine, plan.gates(standing.step), said, standing.since))
    return found


def _by_step(asked: Watching, whole: Look, intent: ServiceIntent, step: _Step) -> _Watch:
    one = look(whole.service, intent, step.routes, whole.window)
    early = whole.window.since < step.since
    notes = ("the time looked at begins before the step that these gates are of",) if early else ()
    found, missing = saved(asked.baselines, step.gates, one.service.name, one.routes)
    return _Watch(replace(one, baselines=found), step.gates, step.said, (*notes, *missing))


def _with_baselines(asked: Watching, one: _Watch) -> _Watch:
    """Of gates that somebody has just given: there a missing one is a mistake, and in a rollout an ERROR."""
    found = named_baselines(asked.baselines, one.gates, one.look.service.name, one.look.routes)
    return replace(one, look=replace(one.look, baselines=found))


def _rest(service: Service, routes: Sequence[str], steps: Sequence[_Step]) -> tuple[str, ...]:
    """The routes that no step is about."""
    if any(not step.routes for step in steps):
        return ()
    judged_ones = {name for step in steps for name in step.routes}
    known = routes or tuple(route.name for route in service.routes)
    return tuple(name for name in known if name not in judged_ones)


def _has(service: Service, route: str) -> bool:
    return any(one.name == route for one in service.routes)


def _frames(work: Work, measurer: Measurer, watches: Sequence[_Watch], now: float) -> Frames:
    frames = []
    for one in watches:
        current = replace(one.look, window=Window(one.look.window.since, now))
        seen = measurer.measure(work.sessions, current)
        verdict = judged(one.gates, seen.measured) if one.gates else None
        frames.append(Frame(current, seen.measured, verdict, (*one.notes, *seen.notes), one.gates_of))
    return tuple(frames)
