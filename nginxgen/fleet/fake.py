"""A host in memory, for tests and simulations. It passes the same contract tests as a real one (tests/contract).

FakeHost is what survives a session: disk, memory, lock and journal. FakeSession is a conversation with it. Faults are
planned beforehand, each for one step of one host.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from nginxgen.errors import HostFailed, HostLost, HostRefused, InputError, NeedsHuman, Unreachable
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.plan import Expected
from nginxgen.model.release import MANIFEST, File, Release
from nginxgen.model.state import Drift, HostState, JournalEntry
from nginxgen.model.vitals import Disk, Vitals
from nginxgen.ports import Note, Restores, Stream

Tally = Callable[[LogAsk], LogAnswer]  # what a metrics log counts
Judge = Callable[[Release], str | None]  # what nginx -t would say against a release; None: it passes


class Kind(Enum):
    REFUSE = auto()  # the host says no, and nothing has changed
    FAIL = auto()  # it failed after the host was touched; the host is back on its old release
    LOSE_BEFORE = auto()  # the connection ends before the word arrives
    LOSE_AFTER = auto()  # the word was obeyed, and the answer lost
    HANG = auto()  # as LOSE_BEFORE, and the lock stays until the dead-man acts, some connections later
    NEEDS_HUMAN = auto()  # the host can go neither way


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in one step of one host."""

    step: str  # connect, observe, begin, stage, trial, commit or abort
    kind: Kind
    after: int = 0  # how often the step goes well before


@dataclass(frozen=True, slots=True)
class _Trial:
    """A release that is served from memory, and who asked for it."""

    old: str
    new: str
    note: Note
    restores: Restores | None = None


class FakeHost:
    """`faults` come one after the other, each when its step is done next."""

    nginx_version = "nginx/1.22.1"
    nginx_options = ("--with-http_ssl_module", "--with-http_v2_module", "--with-http_realip_module")

    def __init__(self, name: str, faults: Iterable[Fault] = (), judge: Judge = lambda _: None) -> None:
        self.name = name
        self.live: str | None = None
        self.running: str | None = None
        self.previous: str | None = None
        self.releases: dict[str, tuple[File, ...]] = {}
        self.entries: list[JournalEntry] = []
        self.stuck = False
        self.judge = judge
        self.owner: FakeSession | None = None
        self.trial: _Trial | None = None
        self.answer: bytes | None = b"HTTP/1.1 200 OK\r\n\r\n"  # of every port; None: nobody listens
        self.vitals = Vitals(0, 8 << 30, (Disk("/etc/nginx", 50 << 30, 100 << 30, 900, 1000),))
        self.config = "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {}\n"  # as nginx -T prints it
        self.tally: Tally | None = None  # None: there is no metrics log
        self.clock: Callable[[], str] | None = None  # as the journal writes it; None: a second an entry
        self.hanging = 0  # connections that still find the lock of a dead session
        self.lock = threading.RLock()  # over all of this
        self._faults: dict[str, deque[Kind | None]] = {}
        self.plan(*faults)

    def plan(self, *faults: Fault) -> None:
        for fault in faults:
            self._faults.setdefault(fault.step, deque()).extend([None] * fault.after + [fault.kind])

    def forget_faults(self) -> None:
        self._faults.clear()

    def connect(self, _: Host | None = None) -> FakeSession:
        """As Sessions.open wants it. Raises Unreachable where a fault of `connect` says so."""
        with self.lock:
            if self.strike("connect") is not None:
                raise Unreachable(self.name, "cannot connect: Connection refused", hint="is sshd running there?")
            if self.hanging:
                self.hanging -= 1
                if not self.hanging and self.owner is not None:
                    self.owner.undo()
            return FakeSession(self)

    def strike(self, step: str) -> Kind | None:
        """The fault that comes now, if there is one."""
        waiting = self._faults.get(step)
        return waiting.popleft() if waiting else None

    def describe(self) -> HostState:
        intent, emergency = self._manifest(self.live)
        drift = [(Drift.OPEN_TRANSACTION, "an apply is under way")] if self.trial else []
        if self.live is not None and self.running != self.live:
            drift.append((Drift.NOT_RUNNING_LIVE, f"nginx runs {self.running}, a boot would serve {self.live}"))
        return HostState(
            live=self.live,
            running=self.running,
            previous=self.previous,
            intent=intent,
            previous_intent=self._manifest(self.previous)[0],
            emergency=emergency,
            drift=tuple(code for code, _ in drift),
            details=tuple(detail for _, detail in drift),
            nginx_version=self.nginx_version,
            nginx_options=self.nginx_options,
            master=1,
            workers=(2, 3),
            releases=tuple(self.releases),
        )

    def record(self, note: Note, old: str | None, new: str | None, result: str) -> None:
        at = self.clock() if self.clock else f"2026-01-01T00:{len(self.entries) // 60:02}:{len(self.entries) % 60:02}Z"
        self.entries.append(
            JournalEntry(at, note.verb, note.who, note.why, old, new or "", result, note.txn, note.rollout)
        )

    def _manifest(self, release: str | None) -> tuple[Intent | None, str | None]:
        for file in self.releases.get(release or "", ()):
            if file.name == MANIFEST:
                try:
                    data = json.loads(file.text)
                    return Intent.from_json(data["services"]), data.get("emergency")
                except (ValueError, KeyError, TypeError, AttributeError, InputError):
                    return None, None
        return None, None


class _Canned:
    """A ports.Stream to somebody who always says the same."""

    def __init__(self, answer: bytes) -> None:
        self._rest = answer

    def settimeout(self, seconds: float | None) -> None: ...

    def sendall(self, data: bytes) -> None: ...

    def recv(self, most: int) -> bytes:
        said, self._rest = self._rest[:most], self._rest[most:]
        return said

    def close(self) -> None: ...


class FakeSession:
    """ports.HostSession in memory."""

    def __init__(self, host: FakeHost) -> None:
        self.name = host.name
        self.beats = 0
        self._host = host
        self._ended = False
        self._note: Note | None = None
        self._staged: list[str] = []
        self._first = False

    def observe(self) -> HostState:
        with self._step("observe"):
            return self._host.describe()

    def read(self, release: str) -> tuple[File, ...]:
        with self._step("read"):
            return self._kept(release)

    def journal(self, last: int) -> tuple[JournalEntry, ...]:
        with self._step("journal"):
            return tuple(self._host.entries[-last:]) if last else ()

    def notes(self, last: int) -> tuple[JournalEntry, ...]:
        with self._step("notes"):
            told = [entry for entry in self._host.entries if entry.rollout]
            return tuple(told[-last:]) if last else ()

    def measure(self, ask: LogAsk) -> LogAnswer:
        with self._step("measure"):
            if self._host.tally is None:
                raise self._refusal("no-metrics-log", "there is no metrics log", hint="apply first")
            return self._host.tally(ask)

    def vitals(self) -> Vitals:
        with self._step("vitals"):
            return self._host.vitals

    def config(self) -> str:
        with self._step("config"):
            return self._host.config

    def begin(self, note: Note) -> HostState:
        with self._step("begin"):
            if self._host.stuck:
                raise NeedsHuman("an earlier apply was cut off and could not be put right", host=self.name)
            owner = self._host.owner
            if owner is not None and owner is not self:
                who = owner._note  # noqa: SLF001  (another session of the same host)
                named = f" by {who.who} ({who.verb}, since now)" if who else ""
                raise self._refusal("locked", f"locked{named}", hint="wait for it, or ask them")
            self._host.owner, self._note = self, note
            return self._host.describe()

    def note(self, note: Note) -> None:
        with self._step("note"):
            self._must_hold_lock()
            self._host.record(note, self._host.live, self._host.live, "noted")

    def stage(self, release: Release, empty: Release | None, common: frozenset[str] = frozenset()) -> None:  # noqa: ARG002  (the port's)
        with self._step("stage"):
            self._must_hold_lock()
            host, complaint = self._host, self._host.judge(release)
            if host.live is None:
                if empty is None:
                    raise self._refusal("bad-order", "no empty release was sent")
                self._keep(empty)
                self._first = True
                host.live = host.running = empty.id
            for part in (release.emergency, release):
                if part is not None:
                    self._keep(part)
            if complaint is not None:
                self._unstage()
                raise self._refusal("rejected", complaint)

    def trial(self, release: str, expected: Expected, restores: Restores | None = None) -> None:
        with self._step("trial"):
            note, host = self._must_hold_lock(), self._host
            if host.trial is not None:
                raise self._refusal("bad-order", "a trial is open already")
            if not self._has(expected):
                raise self._refusal("moved", f"the host has {host.live} live and {host.running} running")
            self._kept(release)
            host.trial, host.running = _Trial(str(host.live), release, note, restores), release

    def commit(self) -> str:
        with self._step("commit"):
            host, trial = self._host, self._host.trial
            if trial is None:
                raise self._refusal("bad-order", "no trial is open")
            host.live, host.trial = trial.new, None
            if trial.restores is not None:
                host.previous = trial.restores.previous
                host.record(trial.note, trial.new, trial.old, "reverted")
            else:
                if trial.old != trial.new:  # else it mends the live release, and there is nothing new to go back to
                    host.previous = trial.old
                host.record(trial.note, trial.old, trial.new, "committed")
            self._staged, self._first = [], False
            return ""

    def abort(self) -> None:
        with self._step("abort"):
            self._back()

    def dial(self, address: str, port: int, deadline: float) -> Stream:  # noqa: ARG002  (every port answers alike)
        answer = self._host.answer
        if answer is None:
            raise ConnectionRefusedError(f"cannot connect to {address}:{port} on the host")
        return _Canned(answer)

    def beat(self) -> None:
        self.beats += 1

    def close(self) -> None:
        with self._host.lock:
            if not self._ended:
                self._ended = True
                self.undo()

    def undo(self) -> None:
        """What host.sh does when it hears no more of us, or its dead-man."""
        host = self._host
        if host.owner is self and not host.hanging:
            if not host.stuck:
                self._back()
            host.owner = None

    # ---- inside

    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        with self._host.lock:
            if self._ended:
                raise self._lost(step)
            fault = self._host.strike(step)
            match fault:
                case Kind.LOSE_BEFORE:
                    raise self._lost(step)
                case Kind.HANG:
                    if self._host.owner is self:
                        self._host.hanging = 2
                    raise self._lost(step)
                case Kind.REFUSE:
                    raise self._refusal("refused", f"{step} is refused")
                case Kind.FAIL:
                    self._fail(step)
                case Kind.NEEDS_HUMAN:
                    self._host.stuck = True
                    raise NeedsHuman(f"{step} failed, and so did the way back", host=self.name)
            yield
            if fault is Kind.LOSE_AFTER:
                raise self._lost(step)

    def _fail(self, step: str) -> None:
        if self._host.trial is None and step != "trial":
            raise self._refusal("failed", f"{step} failed")
        self._back()
        raise HostFailed(self.name, "trial-failed", f"{step} failed: nginx says no")

    def _lost(self, step: str) -> HostLost | HostRefused:
        """The connection is gone: what that means depends on what was under way, as for a real one."""
        touched = self._host.owner is self and step in {"trial", "commit", "abort"}
        self._ended = True
        self.undo()
        if touched:
            return HostLost(self.name, f"the connection was lost during {step}", hint="nginxgen status")
        return self._refusal("connection-lost", f"the connection was lost during {step}")

    def _refusal(self, code: str, message: str, hint: str | None = None) -> HostRefused:
        return HostRefused(self.name, code, message, hint=hint)

    def _must_hold_lock(self) -> Note:
        if self._note is None or self._host.owner is not self:
            raise self._refusal("bad-order", "begin comes first")
        return self._note

    def _has(self, expected: Expected) -> bool:
        """On a first apply our own empty release stands where nothing was expected."""
        host = self._host
        live = host.live if expected.live is None and self._first else expected.live
        running = host.running if expected.running is None and self._first else expected.running
        return (host.live, host.running) == (live, running)

    def _kept(self, release: str) -> tuple[File, ...]:
        if release not in self._host.releases:
            raise self._refusal("missing", f"there is no release {release} on this host")
        return self._host.releases[release]

    def _keep(self, release: Release) -> None:
        if release.id not in self._host.releases:
            self._host.releases[release.id] = release.files
            self._staged.append(release.id)

    def _back(self) -> None:
        host, trial = self._host, self._host.trial
        if trial is not None:
            host.running, host.trial = trial.old, None
            host.record(trial.note, trial.old, trial.new, "reverted")
        self._unstage()

    def _unstage(self) -> None:
        for release in self._staged:
            del self._host.releases[release]
        if self._first:
            self._host.live = self._host.running = None
        self._staged, self._first = [], False
