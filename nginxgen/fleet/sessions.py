"""The hosts of one verb, all at once: each step runs on every host in parallel, and a host that fails is set aside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

from nginxgen.errors import NginxgenError
from nginxgen.fleet.connect import Connections
from nginxgen.model.host import Host
from nginxgen.model.progress import Event, Listener, Mark, Phase, nobody
from nginxgen.model.release import File
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.ports import HostSession

T = TypeVar("T")
Connect = Callable[[Host], HostSession]
Result: TypeAlias = T | NginxgenError

_AT_ONCE = 64  # threads; beyond it more hosts wait their turn
_BEAT = 15.0  # seconds between heartbeats; a host's dead-man waits 60


class Sessions:
    """Open sessions by host name. Use as a context manager: leaving it ends every session."""

    def __init__(self, hosts: Sequence[Host], connect: Connect, listener: Listener = nobody) -> None:
        self.hosts: Mapping[str, Host] = {host.name: host for host in hosts}
        self.failed: dict[str, NginxgenError] = {}  # host name -> why it was set aside
        self.seconds: dict[str, float] = {}  # wall time by phase
        self._connect = connect
        self._listener = listener
        self._open: dict[str, HostSession] = {}
        self._pool = ThreadPoolExecutor(min(_AT_ONCE, max(1, len(hosts))), thread_name_prefix="host")
        self._beating: threading.Event | None = None
        self._connections = Connections()

    @classmethod
    def open(cls, hosts: Sequence[Host], connect: Connect | None = None, listener: Listener = nobody) -> Self:
        """Connect to all. Those that can't be reached are in `failed`."""
        connections = Connections()
        if connect is None:
            connections.prepare(tuple(hosts))
        sessions = cls(hosts, connect or connections.connect, listener)
        sessions._connections = connections
        try:
            made = sessions._run(Phase.CONNECT, {name: sessions._dial(name) for name in sessions.hosts})
        except BaseException:
            sessions.close()
            raise
        sessions.set_aside(made)
        return sessions

    @property
    def names(self) -> tuple[str, ...]:
        """Hosts that take part, in the order of the inventory."""
        return tuple(name for name in self.hosts if name in self._open and name not in self.failed)

    def observe(self) -> dict[str, HostState]:
        return self.set_aside(self.each(Phase.OBSERVE, self.names, lambda session: session.observe()))

    def read(self, wanted: Mapping[str, str]) -> dict[str, tuple[File, ...]]:
        """The files of one release a host: host name -> release id."""
        return self.set_aside(self.each(Phase.OBSERVE, wanted, lambda session: session.read(wanted[session.name])))

    def journal(self, last: int) -> dict[str, tuple[JournalEntry, ...]]:
        return self.set_aside(self.each(Phase.OBSERVE, self.names, lambda session: session.journal(last)))

    def each(self, phase: Phase, names: Iterable[str], step: Callable[[HostSession], T]) -> dict[str, Result[T]]:
        """Run one step on these hosts, in parallel; what came of it, or the error, by host."""
        return self._run(phase, {name: (lambda one=self._open[name]: step(one)) for name in names})  # type: ignore[misc]  # a lambda's default has no type of its own

    def set_aside(self, results: Mapping[str, Result[T]]) -> dict[str, T]:
        """The results that are none of an error; the hosts of the others move to `failed`."""
        for name, result in results.items():
            if isinstance(result, NginxgenError):
                self.failed[name] = result
        return {name: result for name, result in results.items() if not isinstance(result, NginxgenError)}

    def reopen(self, name: str) -> HostSession:
        """A new session with a host whose old one was lost. Raises as connecting does."""
        self._open[name] = self._connect(self.hosts[name])
        return self._open[name]

    def keep_alive(self) -> None:
        """From now on tell the hosts that we are still here, while other hosts are at work."""
        if self._beating is None:
            self._beating = threading.Event()
            threading.Thread(target=self._beat, args=(self._beating,), daemon=True).start()

    def close(self) -> None:
        """End every session; a host with an open trial undoes it."""
        if self._beating is not None:
            self._beating.set()
        sessions, self._open = list(self._open.values()), {}
        # not on the pool: its threads may be waiting for the very answers that closing ends
        leaving = [threading.Thread(target=session.close, daemon=True) for session in sessions]
        for thread in leaving:
            thread.start()
        for thread in leaving:
            thread.join(40)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _dial(self, name: str) -> Callable[[], None]:
        def dial() -> None:
            self._open[name] = self._connect(self.hosts[name])

        return dial

    def _run(self, phase: Phase, work: Mapping[str, Callable[[], T]]) -> dict[str, Result[T]]:
        started = time.monotonic()
        futures: dict[str, Future[T]] = {
            name: self._pool.submit(self._one, name, phase, job) for name, job in work.items()
        }
        results: dict[str, Result[T]] = {}
        for name, future in futures.items():
            try:
                results[name] = future.result()
            except NginxgenError as error:
                results[name] = error
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.monotonic() - started
        return results

    def _one(self, name: str, phase: Phase, job: Callable[[], T]) -> T:
        self._listener(Event(name, phase, Mark.STARTED))
        try:
            result = job()
        except NginxgenError as error:
            self._listener(Event(name, phase, Mark.FAILED, error.message))
            raise
        self._listener(Event(name, phase, Mark.DONE))
        return result

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(_BEAT):
            for session in list(self._open.values()):
                session.beat()
