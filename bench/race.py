"""The race: every contestant in turn, again and again, on the same hosts: change, verify, revert, verify."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.answers import verify
from bench.contestants.base import Contestant, Cost
from bench.contestants.warm import Warm
from bench.fleet import Fleet, fleet
from bench.processes import Orphans, cpu, peak_memory, processes, tree
from bench.roster import ROSTER, Entry
from nginxgen.model.weight import ZERO, Weight

_LAST = 49  # a run that no other one is
_FULL_ENOUGH = 9_900  # 99.00 %: the first requests after a reload all go to the canary, and each run has its own weight


@dataclass(frozen=True, slots=True)
class Measurement:
    contestant: str
    hosts: int
    run: int
    step: str  # change | revert
    seconds: float  # until the contestant said that it is done
    verified: float  # until every host had answered five times in a row as wanted
    controller_cpu: float  # seconds
    hosts_cpu: float
    phases: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Memory:
    contestant: str
    hosts: int
    megabytes: float  # peak of the controller's process tree, shared pages once


@dataclass(slots=True)
class Field:
    """The hosts with the contestants that are ready to go."""

    fleet: Fleet
    host_roots: frozenset[int]
    contestants: dict[str, Contestant]
    orphans: Orphans


def race(hosts: int, names: Sequence[str], runs: int) -> tuple[list[Measurement], list[Memory]]:
    with _field(hosts, names) as field:
        found: list[Measurement] = []
        for run in range(runs):
            order = [*names[run % len(names) :], *names[: run % len(names)]]  # nobody always follows the same one
            for name in order:
                if hosts <= ROSTER[name].slow:
                    found += _lap(field, name, run)
        memory = []
        for name in names:
            slow = hosts > ROSTER[name].slow
            measurements, peak = _lap_for_memory(field, name)
            memory.append(peak)
            found += measurements if slow else []
        return found, memory


@contextmanager
def _field(hosts: int, names: Sequence[str]) -> Iterator[Field]:
    with fleet(hosts) as ready:
        roots = frozenset(pid for pid, process in processes().items() if process.parent == os.getpid())
        field = Field(ready, roots, {}, Orphans(roots))
        try:
            for name in names:
                field.contestants[name] = _enter(field, ROSTER[name], name)
            yield field
        finally:
            for contestant in field.contestants.values():
                contestant.close()


def _enter(field: Field, entry: Entry, name: str) -> Contestant:
    """Ready, and its service at weight 0 on every host: the first time is nobody's everyday work."""
    # both forms of nginxgen own the same releases; everybody else has a service, and a file, of its own
    contestant = entry.make(field.fleet.spec(name, "nginxgen" if name == "cli" else name))
    contestant.prepare()
    field.fleet.write_configs(contestant.spec, ZERO)
    if name in {"nginxgen", "cli"}:
        if "nginxgen" not in field.contestants:
            contestant.change("0")
    else:
        _carry(contestant)
    verify(field.fleet.sites, contestant.spec.service, "v1")
    return contestant


def _carry(contestant: Contestant) -> None:
    """The first file of who carries files: by the fastest of them, whoever it is for."""
    carrier = Warm("floor", "floor", contestant.spec)
    carrier.revert()
    carrier.close()


def _lap(field: Field, name: str, run: int) -> Iterator[Measurement]:
    contestant = field.contestants[name]
    weight = Weight(_FULL_ENOUGH + run + (50 if name == "cli" else 0))  # a release that no host has seen yet
    yield _measured(field, name, run, weight, lambda: contestant.change(str(weight)))
    yield _measured(field, name, run, ZERO, contestant.revert)


def _measured(field: Field, name: str, run: int, weight: Weight, work: Callable[[], Cost]) -> Measurement:
    step = "revert" if weight == ZERO else "change"
    field.fleet.write_configs(field.contestants[name].spec, weight)
    before = _quiet(field)
    started = time.monotonic()
    cost = work()
    verify(field.fleet.sites, field.contestants[name].spec.service, "v1" if weight == ZERO else "v2")
    verified = time.monotonic() - started
    hosts_cpu = _quiet(field) - before
    phases = getattr(field.contestants[name], "phases", {})
    hosts = len(field.fleet.sites)
    print(f"{hosts:4d} hosts  {name:12} {step:7} {cost.seconds:8.3f} s  verified {verified:8.3f} s", file=sys.stderr)
    return Measurement(name, hosts, run, step, cost.seconds, verified, cost.cpu, hosts_cpu, phases)


def _quiet(field: Field) -> float:
    """Wait until the hosts have nothing left to do; the CPU that they have used up to then, in seconds."""
    seen: set[int] = set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        now = tree(field.host_roots, processes()) | field.orphans.alive()
        if now == seen:
            break
        seen = now
        time.sleep(0.2)
    return cpu(field.host_roots) + field.orphans.cpu()


def _lap_for_memory(field: Field, name: str) -> tuple[list[Measurement], Memory]:
    """One lap more, with samples taken. They cost some CPU, which counts little only where a lap is long."""
    with peak_memory(field.contestants[name].pids) as peak:
        lap = list(_lap(field, name, _LAST))
    return lap, Memory(name, len(field.fleet.sites), peak[0])
