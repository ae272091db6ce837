"""What every verb on a fleet works with: which hosts, how to reach them, who watches, and the time it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from nginxgen.errors import NginxgenError, SeveralRefused, Unreachable
from nginxgen.fleet.sessions import Connect, Reach, Sessions
from nginxgen.fleet.spread import reach
from nginxgen.model.host import Host
from nginxgen.model.progress import Listener, nobody
from nginxgen.model.state import HostState
from nginxgen.plan.words import joined

Clock = Callable[[], float]  # seconds that only ever grow

_PHASES = ("connect", "observe", "plan")  # before the hosts are locked; the others as they come


@dataclass(frozen=True, slots=True)
class Scope:
    """The hosts that a verb is about, how to reach them, and who watches."""

    hosts: tuple[Host, ...]
    connect: Connect | None = None  # None: over SSH or on this machine, as each host says, by `reach`
    listener: Listener = nobody
    # so many hosts may be down and are left out; a change brings them in line later. None: the verb leaves none out
    max_unreachable: int | None = None
    clock: Clock = time.monotonic
    reach: Reach = reach  # which processes hold the connections

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(host.name for host in self.hosts)

    @contextmanager
    def work(self) -> Iterator[Work]:
        """Sessions to all hosts at once, ended when the block is left."""
        with Sessions.open(self.hosts, self.connect, self.listener, self.reach) as sessions:
            yield Work(self, sessions, Stopwatch(self.clock))


@dataclass(slots=True)
class Stopwatch:
    """Wall time by phase, in seconds. The time a person takes to answer belongs to no phase."""

    clock: Clock
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = self.clock()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - start


@dataclass(frozen=True, slots=True)
class Work:
    """A scope with its sessions open."""

    scope: Scope
    sessions: Sessions
    watch: Stopwatch

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts that take part, in the order of the inventory."""
        return tuple(name for name in self.scope.names if name not in self.sessions.skipped)

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall time by phase, in the order in which they come."""
        spent: dict[str, float] = {**self.sessions.seconds, **self.watch.seconds}
        return {name: spent[name] for name in sorted(spent, key=_place)}

    def all_or_refuse(self) -> None:
        """Raise SeveralRefused naming every host that did not answer, in the order of the inventory."""
        failed = self.sessions.failed
        causes: Sequence[NginxgenError] = [failed[name] for name in self.scope.names if name in failed]
        if causes:
            raise SeveralRefused(self._with_a_way_round(causes))

    def _with_a_way_round(self, causes: Sequence[NginxgenError]) -> Sequence[NginxgenError]:
        """The causes; where leaving those hosts out would help and the verb can, their hints say how."""
        down = [cause for cause in causes if isinstance(cause, Unreachable)]
        if self.scope.max_unreachable is None or len(down) < len(causes) or len(down) == len(self.scope.hosts):
            return causes
        way = f"--max-unreachable {len(down)} goes on without {'it' if len(down) == 1 else 'them'}"
        return [Unreachable(one.host, one.reason, hint=joined(one.hint, way, "or ")) for one in down]

    def observe(self) -> Mapping[str, HostState]:
        """The state of every host that takes part. Raises SeveralRefused where more are down than may be."""
        self.sessions.leave_out(self.scope.max_unreachable or 0)
        self.all_or_refuse()
        states = self.sessions.observe()
        self.all_or_refuse()
        return states


def _place(phase: str) -> int:
    return _PHASES.index(phase) if phase in _PHASES else len(_PHASES)
