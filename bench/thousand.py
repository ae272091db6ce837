"""A thousand hosts that are not there: what the controller costs, behind host doubles with real latencies.

The doubles live where the connections would: in this process, in worker processes, in the workers of a Dask cluster.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import LocalCluster

from bench.doubles import Doubles
from nginxgen import inventory
from nginxgen.fleet.spread import Spread, reach
from nginxgen.model.outcome import FleetOutcome, Outcome
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.workflow.apply import apply
from nginxgen.workflow.plan import Order
from nginxgen.workflow.scope import Scope

_WORKERS = 2
_SERVICE = """\
services:
  shop:
    listen: [80]
    server_names: [shop.example.com]
    versions: {v1: {servers: ["10.0.1.10:5000"]}, v2: {servers: ["10.0.1.11:5000"]}}
    stable: v1
    canary: v2
"""


@dataclass(frozen=True, slots=True)
class Thousand:
    """One apply over hosts that are doubles."""

    hosts: int
    held_by: str  # threads, processes or dask
    seconds: float
    cpu: float  # of the controller, seconds
    megabytes: float  # peak of the controller's process
    phases: dict[str, float]
    result: str  # hash of how it ended on every host: the same, whoever held the connections


def thousand(numbers: Sequence[int]) -> list[Thousand]:
    """Each in a process of its own, so that its memory is its own."""
    found = []
    with LocalCluster(n_workers=_WORKERS, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        where = {
            "threads": Spread(workers=1),
            "processes": Spread(workers=_WORKERS),
            "dask": Spread(scheduler=cluster.scheduler_address),
        }
        for number in numbers:
            for held_by, spread in where.items():
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                    found.append(alone.submit(_apply, number, held_by, spread).result())
                sys.stderr.write(f"{found[-1]}\n")
            if len({one.result for one in found if one.hosts == number}) != 1:
                raise RuntimeError(f"{number} hosts: it did not end alike")
    return found


def _apply(number: int, held_by: str, spread: Spread) -> Thousand:
    names = [f"edge-{n}" for n in range(number)]
    with TemporaryDirectory(prefix="nginxgen-bench-") as folder:
        path = Path(folder) / "inventory.yml"
        lines = "".join(f"    {name}: {{address: 10.1.{n // 250}.{n % 250 + 1}}}\n" for n, name in enumerate(names))
        path.write_text(f"fleet:\n  hosts:\n{lines}{_SERVICE}")
        doubles = partial(Doubles, f"{held_by} {number}")
        cpu, started = _cpu(), time.monotonic()
        known = inventory.load(path)
        order = Order(known.services, Request(Weight.parse("10")))
        scope = Scope(known.hosts(), reach=partial(reach, spread=spread, make=doubles))
        outcome = apply(scope, order, Note("apply", "bench", "", "t1"), lambda _: True).outcome
        spent = time.monotonic() - started
    if outcome.fleet is not FleetOutcome.APPLIED:
        raise RuntimeError(str(outcome.fleet))
    phases = {str(name): round(seconds, 3) for name, seconds in outcome.seconds.items()}
    return Thousand(number, held_by, spent, _cpu() - cpu, _megabytes(), phases, _digest(outcome))


def _digest(outcome: Outcome) -> str:
    return sha256(repr(outcome.hosts).encode()).hexdigest()[:12]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _megabytes() -> float:
    """Not ru_maxrss, which begins with what the process that started this one had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
