"""What a host says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nginxgen.model.build import Build
from nginxgen.model.intent import Intent


class Drift(StrEnum):
    """How a host differs from what was committed on it."""

    EDITED = "edited"  # files of the live release are not as they were written
    LOADER_MISSING = "loader-missing"
    LOADER_EDITED = "loader-edited"
    NOT_RUNNING_LIVE = "not-running-live"  # nginx serves another release than a boot would
    OPEN_TRANSACTION = "open-transaction"  # an apply has not finished, or died
    NGINX_STOPPED = "nginx-stopped"
    NO_PID_FILE = "no-pid-file"  # nginx runs, but its pid file is gone or names another process
    BINARY_REPLACED = "binary-replaced"  # the nginx on disk is newer than the one in memory
    MANIFEST_UNREADABLE = "manifest-unreadable"


@dataclass(frozen=True, slots=True)
class HostState:
    """What a host has and serves."""

    live: str | None  # the release a reboot would serve; None before the first apply
    running: str | None  # the release nginx serves now; None: nothing of ours
    previous: str | None  # the release that was live before
    intent: Intent | None  # of the live release
    previous_intent: Intent | None = None
    emergency: str | None = None  # the release `emergency` would switch to, from the live manifest
    drift: tuple[Drift, ...] = ()
    details: tuple[str, ...] = ()  # a sentence for each drift, in its order
    nginx_version: str = ""
    nginx_options: tuple[str, ...] = ()  # of its ./configure, those that name modules
    master: int | None = None
    workers: tuple[int, ...] = ()
    releases: tuple[str, ...] = ()  # ids kept on the host

    @property
    def build(self) -> Build:
        return Build.of(self.nginx_version, self.nginx_options)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of a host's journal: who, when, why, from, to, and how it ended."""

    at: str  # UTC, ISO 8601
    verb: str
    who: str
    why: str
    from_release: str | None
    to_release: str  # empty in a note on a host that has no release yet
    result: str  # committed | reverted | noted
    txn: str = ""
    rollout: str = ""  # what it says of a rollout, as JSON: see rollout.entries

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> JournalEntry:
        """Read one journal line. Unknown fields are left alone. Raises KeyError or TypeError on a foreign line."""
        return cls(
            at=str(line["at"]),
            verb=str(line.get("verb", "")),
            who=str(line.get("who", "")),
            why=str(line.get("why", "")),
            from_release=None if line["from"] is None else str(line["from"]),
            to_release="" if line["to"] is None else str(line["to"]),
            result=str(line["result"]),
            txn=str(line.get("txn", "")),
            rollout=str(line.get("rollout", "")),
        )
