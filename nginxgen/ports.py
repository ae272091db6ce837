"""The seams to the world: what the workflow asks of a host. A real one and a fake pass the same contract tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.plan import Expected
from nginxgen.model.release import File, Release
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.model.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Note:
    """What the journal of a host says of a change."""

    verb: str
    who: str
    why: str
    txn: str  # one id for the whole fleet change
    rollout: str = ""  # what it says of a rollout: see rollout.entries


@dataclass(frozen=True, slots=True)
class Restores:
    """A trial that takes back a commit, so that it will be as if that had not been."""

    previous: str | None  # what the host's `previous` was before that commit


class Stream(Protocol):
    """A TCP connection, whatever carries it. Every method but close raises OSError."""

    def settimeout(self, seconds: float | None, /) -> None: ...

    def sendall(self, data: bytes, /) -> object: ...

    def recv(self, most: int, /) -> bytes:
        """At least one byte; none at the end."""

    def close(self) -> object: ...


class HostSession(Protocol):
    """One conversation with one host. Every method raises Unreachable, HostRefused, HostFailed or HostLost.

    The order is `observe` at any time; `begin` takes the host's lock and finishes or undoes what an earlier session
    left open; then `stage`, `trial`, and `commit` or `abort`. A session that ends without `commit`, in whatever way,
    leaves the host on its old release.
    """

    name: str

    def observe(self) -> HostState:
        """What the host has and serves; changes nothing."""

    def read(self, release: str) -> tuple[File, ...]:
        """The files of a release as they are on the host, sorted by name."""

    def journal(self, last: int) -> tuple[JournalEntry, ...]:
        """The newest entries, oldest first."""

    def notes(self, last: int) -> tuple[JournalEntry, ...]:
        """The newest entries that tell of a rollout, oldest first."""

    def measure(self, ask: LogAsk) -> LogAnswer:
        """What the host's metrics log counts. Needs no lock, so it goes on beside a change.

        HostRefused "no-metrics-log", "too-much" or "slow".
        """

    def vitals(self) -> Vitals:
        """What the host has left, and its clock."""

    def config(self) -> str:
        """What `nginx -T` prints: the texts of nginx's main file and of all that it includes, as they are on the disk.

        HostRefused "not-running", "rejected" with nginx's words, or "too-much".
        """

    def begin(self, note: Note) -> HostState:
        """Take the lock; the state after recovery. HostRefused "locked" names the owner."""

    def note(self, note: Note) -> None:
        """Write one more entry into the journal, which changes nothing else. `begin` comes first."""

    def stage(self, release: Release, empty: Release | None, common: frozenset[str] = frozenset()) -> None:
        """Write the release (and its emergency twin) beside the live one and test it out of place.

        `empty` is the release with no service, which a first apply starts from, and no other needs. `common` names
        files that the live release is believed to have alike: a host may take them from there. A release that fails the
        test is removed again: HostRefused "rejected" with nginx's words.
        """

    def trial(self, release: str, expected: Expected, restores: Restores | None = None) -> None:
        """Serve a staged release from memory while the disk keeps the old one, and prove that it runs.

        With `restores` its commit leaves `previous` as given, and the journal says that the change was reverted.
        HostRefused "moved" when the host has something else than expected; HostFailed when it did not take and the
        old release was brought back.
        """

    def commit(self) -> str:
        """Make the release under trial live on disk. Returns what a person should know of it, else nothing."""

    def abort(self) -> None:
        """Bring the old release back and prove it."""

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        """A TCP connection that begins on the host. `deadline` in time.monotonic() seconds. Raises OSError only."""

    def beat(self) -> None:
        """Tell the host that we are still here. Never raises."""

    def close(self) -> None:
        """End the session. What is under trial is undone by the host itself."""
