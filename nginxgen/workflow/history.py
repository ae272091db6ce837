"""history: the journals of all hosts as one, a fleet change an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.errors import NginxgenError
from nginxgen.model.state import JournalEntry
from nginxgen.workflow.scope import Scope


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A line of one host's journal."""

    host: str
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class FleetEntry:
    """One change of the fleet: what each of its hosts wrote down."""

    hosts: tuple[HostEntry, ...]

    @property
    def at(self) -> str:
        """When the first of its hosts wrote it: UTC, ISO 8601."""
        return self.hosts[0].entry.at


@dataclass(frozen=True, slots=True)
class History:
    """The journals of all hosts, put together."""

    changes: tuple[FleetEntry, ...]  # newest last
    failed: tuple[NginxgenError, ...]  # hosts whose journal could not be read


def history(scope: Scope, last: int) -> History:
    """The newest `last` changes of the fleet."""
    with scope.work() as work:
        journals = work.sessions.journal(last)
        failed = dict(work.sessions.failed)
    return History(merged(journals)[-last:], tuple(failed[name] for name in scope.names if name in failed))


def merged(journals: Mapping[str, Sequence[JournalEntry]]) -> tuple[FleetEntry, ...]:
    """Entries of one transaction together; by time, and within a change by the order of the hosts."""
    changes: dict[tuple[str, ...], list[HostEntry]] = {}
    for host, entries in journals.items():
        for number, entry in enumerate(entries):
            # An entry without a transaction's id belongs to nothing but itself.
            key = (entry.txn, entry.result) if entry.txn else ("", host, str(number))
            changes.setdefault(key, []).append(HostEntry(host, entry))
    fleet = (FleetEntry(tuple(hosts)) for hosts in changes.values())
    return tuple(sorted(fleet, key=lambda change: min(host.entry.at for host in change.hosts)))
