"""A thousand hosts that are not there: what the controller costs, behind a host double with real latencies.

The double answers each question after one round trip and what the host would take; connecting takes five round trips.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nginxgen import inventory
from nginxgen.fleet.fake import FakeHost, FakeSession
from nginxgen.model.host import Host
from nginxgen.model.outcome import FleetOutcome
from nginxgen.model.plan import Expected
from nginxgen.model.release import Release
from nginxgen.model.state import HostState
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.workflow.apply import apply
from nginxgen.workflow.plan import Order
from nginxgen.workflow.scope import Scope

_ROUND_TRIP = 0.05  # seconds
_CONNECT = 5 * _ROUND_TRIP + 0.03  # TCP, key exchange, login, channel
_TEST, _TRIAL = 0.03, 0.3  # nginx -t; reload and watch
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
    seconds: float
    cpu: float  # of the controller, seconds
    megabytes: float  # peak of the process, this bench included
    phases: dict[str, float]


class _FarSession(FakeSession):
    """A session in memory, as far away as a real one."""

    def observe(self) -> HostState:
        time.sleep(_ROUND_TRIP)
        return super().observe()

    def begin(self, note: Note) -> HostState:
        time.sleep(_ROUND_TRIP)
        return super().begin(note)

    def stage(self, release: Release, empty: Release) -> None:
        time.sleep(_ROUND_TRIP + _TEST)
        super().stage(release, empty)

    def trial(self, release: str, expected: Expected) -> None:
        time.sleep(_ROUND_TRIP + _TRIAL)
        super().trial(release, expected)

    def commit(self) -> None:
        time.sleep(_ROUND_TRIP)
        super().commit()


def thousand(numbers: Sequence[int]) -> list[Thousand]:
    return [_apply(number) for number in numbers]


def _apply(number: int) -> Thousand:
    doubles = {f"edge-{n}": FakeHost(f"edge-{n}") for n in range(number)}

    def connect(host: Host) -> FakeSession:
        time.sleep(_CONNECT)
        return _FarSession(doubles[host.name])

    with TemporaryDirectory(prefix="nginxgen-bench-") as folder:
        path = Path(folder) / "inventory.yml"
        lines = "".join(f"    {name}: {{address: 10.1.{n // 250}.{n % 250 + 1}}}\n" for n, name in enumerate(doubles))
        path.write_text(f"fleet:\n  hosts:\n{lines}{_SERVICE}")
        cpu, started = _cpu(), time.monotonic()
        known = inventory.load(path)
        order = Order(known.services, Request(Weight.parse("10")))
        scope = replace(Scope(known.hosts()), connect=connect)
        outcome = apply(scope, order, Note("apply", "bench", "", "t1"), lambda _: True).outcome
    if outcome.fleet is not FleetOutcome.APPLIED:
        raise RuntimeError(str(outcome.fleet))
    result = Thousand(
        hosts=number,
        seconds=time.monotonic() - started,
        cpu=_cpu() - cpu,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        phases={str(name): spent for name, spent in outcome.seconds.items()},
    )
    sys.stderr.write(f"{result}\n")
    return result


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
