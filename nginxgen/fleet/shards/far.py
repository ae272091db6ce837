"""A session that another process holds, as if it were here."""

from __future__ import annotations

import time
from typing import Any

from nginxgen.errors import HostLost, HostRefused, NginxgenError
from nginxgen.fleet.shards.calls import DIAL, OPEN
from nginxgen.fleet.shards.line import Gone, Line
from nginxgen.model.host import Host
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.plan import Expected
from nginxgen.model.release import File, Release
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.model.vitals import Vitals
from nginxgen.ports import Note, Restores, Stream


class FarSession:
    """ports.HostSession by calls over a line."""

    def __init__(self, host: Host, line: Line) -> None:
        """Raises Gone, or what connecting there raises."""
        self.name = host.name
        self._line = line
        self._number = line.number()
        self._touched = False  # what the host serves depends on how the session ends
        line.ask(self._number, OPEN, host)

    def observe(self) -> HostState:
        state: HostState = self._ask("observe")
        return state

    def read(self, release: str) -> tuple[File, ...]:
        files: tuple[File, ...] = self._ask("read", release)
        return files

    def journal(self, last: int) -> tuple[JournalEntry, ...]:
        entries: tuple[JournalEntry, ...] = self._ask("journal", last)
        return entries

    def notes(self, last: int) -> tuple[JournalEntry, ...]:
        entries: tuple[JournalEntry, ...] = self._ask("notes", last)
        return entries

    def measure(self, ask: LogAsk) -> LogAnswer:
        answer: LogAnswer = self._ask("measure", ask)
        return answer

    def vitals(self) -> Vitals:
        found: Vitals = self._ask("vitals")
        return found

    def config(self) -> str:
        return str(self._ask("config"))

    def begin(self, note: Note) -> HostState:
        state: HostState = self._ask("begin", note)
        return state

    def note(self, note: Note) -> None:
        self._ask("note", note)

    def stage(self, release: Release, empty: Release | None, common: frozenset[str] = frozenset()) -> None:
        self._ask("stage", release, empty, common)

    def trial(self, release: str, expected: Expected, restores: Restores | None = None) -> None:
        self._touched = True
        try:
            self._ask("trial", release, expected, restores)
        except HostLost:
            raise
        except NginxgenError:  # an answer: the host is as it was
            self._touched = False
            raise

    def commit(self) -> str:
        return str(self._end_trial("commit") or "")

    def abort(self) -> None:
        self._end_trial("abort")

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        return _FarStream(self._line, self._number, address, port, deadline - time.monotonic())

    def beat(self) -> None:
        self._line.tell(self._number, "beat")

    def close(self) -> None:
        try:
            self._line.ask(self._number, "close")
        except Gone:
            return  # what it was to end has ended with the process that held it

    def _end_trial(self, word: str) -> object:
        try:
            found: object = self._ask(word)
        except HostLost:
            raise
        except NginxgenError:  # an answer: the host knows what it did
            self._touched = False
            raise
        self._touched = False
        return found

    def _ask(self, what: str, *words: Any) -> Any:
        try:
            return self._line.ask(self._number, what, *words)
        except Gone:
            why = f"{self._line.name} is gone, which held the connection, during {what}"
        except ConnectionAbortedError as ended:
            why = f"{ended} during {what}"
        if self._touched:
            raise HostLost(self.name, why, hint=f"nginxgen status --host {self.name} tells what it serves")
        raise HostRefused(self.name, "connection-lost", why)


class _FarStream:
    """ports.Stream by calls over a line."""

    def __init__(self, line: Line, session: int, address: str, port: int, seconds: float) -> None:
        self._line = line
        self._number = line.number()
        self._ask(DIAL, session, address, port, seconds)

    def settimeout(self, seconds: float | None, /) -> None:
        self._ask("settimeout", seconds)

    def sendall(self, data: bytes, /) -> None:
        self._ask("sendall", bytes(data))

    def recv(self, most: int, /) -> bytes:
        return bytes(self._ask("recv", most))

    def close(self) -> None:
        self._line.tell(self._number, "close")

    def _ask(self, what: str, *words: Any) -> Any:
        try:
            return self._line.ask(self._number, what, *words)
        except Gone:
            raise ConnectionResetError(f"{self._line.name} is gone") from None
