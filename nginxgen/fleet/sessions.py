"""The hosts of one verb, all at once: each step runs on every host in parallel, and a host that fails is set aside."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, wait
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

from nginxgen.errors import HostRefused, NginxgenError, Unreachable
from nginxgen.fleet.connect import Roads
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.spread import reach
from nginxgen.model.host import Host
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.progress import Event, Listener, Mark, Phase, nobody
from nginxgen.model.release import File
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.ports import HostSession

T = TypeVar("T")
Connect = Callable[[Host], HostSession]
Reach = Callable[[Sequence[Host]], Roads]
Result: TypeAlias = T | NginxgenError

AT_ONCE = 256  # threads, which mostly wait for hosts; beyond it more hosts wait their turn
_BEAT = 15.0  # seconds between heartbeats; a host's dead-man waits 60
_GONE = frozenset({"connection-lost", "unreachable"})
_FAREWELL = 20.0  # seconds in which hosts put right what is under trial, before we leave them to it


class Sessions:
    """Open sessions by host name. Use as a context manager: leaving it ends every session.

    Its methods may be called from several threads at once, for different hosts.
    """

    def __init__(self, hosts: Sequence[Host], roads: Roads, listener: Listener = nobody) -> None:
        self.hosts: Mapping[str, Host] = {host.name: host for host in hosts}
        self.failed: dict[str, NginxgenError] = {}  # host name -> why it was set aside
        self.skipped: dict[str, Unreachable] = {}  # host name -> why it is left out, as was allowed
        self.seconds: dict[str, float] = {}  # wall time by phase
        self._roads = roads
        self._listener = listener
        self._open: dict[str, HostSession] = {}
        self._closed = False
        self._lock = threading.Lock()  # over _open, _closed and seconds
        self._crew = Crew(min(AT_ONCE, max(1, len(hosts))))
        self._beating: threading.Event | None = None

    @classmethod
    def open(
        cls,
        hosts: Sequence[Host],
        connect: Connect | None = None,
        listener: Listener = nobody,
        reach: Reach = reach,
    ) -> Self:
        """Connect to all, by `connect` where it is given. Those that can't be reached are in `failed`.

        Raises what `reach` does: then nothing was done.
        """
        sessions = cls(hosts, reach(hosts) if connect is None else _Given(connect), listener)
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
        return tuple(
            name for name in self.hosts if name in self._open and name not in self.failed and name not in self.skipped
        )

    def leave_out(self, most: int) -> None:
        """Go on without the hosts that are down, if they are `most` or fewer and not all: they move to `skipped`."""
        down = {name: error for name, error in self.failed.items() if isinstance(error, Unreachable)}
        if 0 < len(down) <= most and len(down) < len(self.hosts):
            self.skipped.update(down)
            for name in down:
                del self.failed[name]

    def observe(self) -> dict[str, HostState]:
        return self.set_aside(self.each(Phase.OBSERVE, self.names, lambda session: session.observe()))

    def read(self, wanted: Mapping[str, str]) -> dict[str, tuple[File, ...]]:
        """The files of one release a host: host name -> release id."""
        return self.set_aside(self.each(Phase.OBSERVE, wanted, lambda session: session.read(wanted[session.name])))

    def journal(self, last: int) -> dict[str, tuple[JournalEntry, ...]]:
        return self.set_aside(self.each(Phase.OBSERVE, self.names, lambda session: session.journal(last)))

    def notes(self, last: int) -> dict[str, tuple[JournalEntry, ...]]:
        return self.set_aside(self.each(Phase.OBSERVE, self.names, lambda session: session.notes(last)))

    def measure(self, asks: Mapping[str, LogAsk]) -> dict[str, Result[LogAnswer]]:
        """What the metrics logs count, by host.

        Asked again and again for hours: a host whose connection is gone gets a new one, and none is set aside.
        """

        def again(name: str) -> Callable[[], LogAnswer]:
            return lambda: self.reopen(name).measure(asks[name])

        found = self.each(Phase.MEASURE, asks, lambda session: session.measure(asks[session.name]))
        gone = [name for name, said in found.items() if isinstance(said, HostRefused) and said.code in _GONE]
        return found | self._run(Phase.MEASURE, {name: again(name) for name in gone})

    def each(self, phase: Phase, names: Iterable[str], step: Callable[[HostSession], T]) -> dict[str, Result[T]]:
        """Run one step on these hosts, in parallel; what came of it, or the error, by host."""
        return self._run(phase, {name: self._step(name, step) for name in names})

    def set_aside(self, results: Mapping[str, Result[T]]) -> dict[str, T]:
        """The results that are none of an error; the hosts of the others move to `failed`."""
        for name, result in results.items():
            if isinstance(result, NginxgenError):
                self.failed[name] = result
        return {name: result for name, result in results.items() if not isinstance(result, NginxgenError)}

    def reopen(self, name: str) -> HostSession:
        """A new session with a host in place of its old one, which is ended. Raises as connecting does."""
        old = self._open.get(name)
        if old is not None:
            old.close()
        self._dial(name)()
        return self._open[name]

    def keep_alive(self) -> None:
        """From now on tell the hosts that we are still here, while other hosts are at work."""
        with self._lock:
            if self._beating is not None or self._closed:
                return
            self._beating = threading.Event()
        threading.Thread(target=self._beat, args=(self._beating,), daemon=True).start()

    def close(self) -> None:
        """End every session; a host with an open trial undoes it. Steps that are under way end with an error."""
        with self._lock:
            self._closed = True
            sessions, self._open = list(self._open.values()), {}
        if self._beating is not None:
            self._beating.set()
        # not by the crew: its threads may be waiting for the very answers that closing ends
        leaving = Crew(max(1, len(sessions)))
        wait([leaving.submit(session.close) for session in sessions], _FAREWELL)
        leaving.dismiss()
        self._crew.dismiss()
        self._roads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # ---- inside

    def _dial(self, name: str) -> Callable[[], None]:
        def dial() -> None:
            session = self._roads.connect(self.hosts[name])
            with self._lock:
                if not self._closed:
                    self._open[name] = session
                    return
            session.close()
            raise _interrupted(name)

        return dial

    def _step(self, name: str, step: Callable[[HostSession], T]) -> Callable[[], T]:
        def run() -> T:
            if (session := self._open.get(name)) is None:
                raise self.failed.get(name) or self.skipped.get(name) or _interrupted(name)
            return step(session)

        return run

    def _run(self, phase: Phase, work: Mapping[str, Callable[[], T]]) -> dict[str, Result[T]]:
        started = time.monotonic()
        futures = {name: self._crew.submit(self._told(name, phase, job)) for name, job in work.items()}
        results: dict[str, Result[T]] = {}
        for name, future in futures.items():
            try:
                results[name] = future.result()
            except NginxgenError as error:
                results[name] = error
            except CancelledError:
                results[name] = _interrupted(name)
        with self._lock:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.monotonic() - started
        return results

    def _told(self, name: str, phase: Phase, job: Callable[[], T]) -> Callable[[], T]:
        def run() -> T:
            self._tell(Event(name, phase, Mark.STARTED))
            try:
                result = job()
            except NginxgenError as error:
                self._tell(Event(name, phase, Mark.FAILED, error.message))
                raise
            self._tell(Event(name, phase, Mark.DONE))
            return result

        return run

    def _tell(self, event: Event) -> None:
        # that a terminal is gone is no reason to leave a fleet half done
        with contextlib.suppress(OSError, ValueError):
            self._listener(event)

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(_BEAT):
            for session in list(self._open.values()):
                session.beat()


class _Given:
    """Roads by a function."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect

    def close(self) -> None: ...


def _interrupted(name: str) -> HostRefused:
    return HostRefused(name, "interrupted", "interrupted before its turn")
