"""The hosts' journals to entries, and entries to a standing.

Every host has the entries that were written while it was there. An entry that any host has is true for the fleet: a
change is decided upon with all hosts locked, so that no two entries of a rollout have the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nginxgen.model.record import Happening
from nginxgen.model.rollout import NEVER, Entry, Phase, Standing
from nginxgen.model.state import JournalEntry
from nginxgen.model.weight import Weight
from nginxgen.rollout.entries import read

_LATER = 120.0  # seconds that a host may say it was done after it was decided; more is a clock that is wrong
_UNDONE = "reverted"
CHANGES = frozenset({Happening.STEPPED, Happening.ABORTED, Happening.EMERGENCY, Happening.PROMOTED})  # of the fleet
_ENDS_IN = {
    Happening.PAUSED: Phase.PAUSED,
    Happening.DRIFTED: Phase.PAUSED,
    Happening.ABORTED: Phase.ABORTED,
    Happening.EMERGENCY: Phase.ABORTED,
    Happening.FINISHED: Phase.FINISHED,
    Happening.PROMOTED: Phase.PROMOTED,
}

Key = tuple[str, str]  # service, group


def on_host(journal: Sequence[JournalEntry]) -> tuple[Entry, ...]:
    """What one host knows, in its order, without what was taken back there."""
    found: dict[tuple[str, int, str], Entry] = {}
    for line in journal:
        entry = read(line)
        if entry is None:
            continue
        key = (entry.rollout, entry.sequence, entry.txn)
        if line.result == _UNDONE:
            found.pop(key, None)
        else:
            found[key] = _as_served(entry, line.at)
    return tuple(found.values())


def entries(journals: Mapping[str, Sequence[JournalEntry]]) -> dict[Key, tuple[Entry, ...]]:
    """The entries of the newest rollout of each service and group, in their order, each once."""
    known: dict[Key, dict[str, dict[int, Entry]]] = {}
    for journal in journals.values():
        for entry in on_host(journal):
            numbered = known.setdefault((entry.service, entry.group), {}).setdefault(entry.rollout, {})
            other = numbered.get(entry.sequence)
            numbered[entry.sequence] = entry if other is None else max(other, entry, key=_order)
    return {key: _newest(rollouts.values()) for key, rollouts in known.items()}


def fold(found: Iterable[Entry]) -> Standing:
    """Where one rollout stands. Of no entry: never started."""
    standing = NEVER
    for entry in found:
        standing = _after(standing, entry)
    return standing


def _newest(rollouts: Iterable[Mapping[int, Entry]]) -> tuple[Entry, ...]:
    """That which began last."""
    ordered = [tuple(numbered[number] for number in sorted(numbered)) for numbered in rollouts]
    return max(ordered, key=lambda found: (found[0].at, found[-1].at, found[0].rollout))


def _order(entry: Entry) -> tuple[float, str]:
    return entry.at, entry.txn


def _as_served(entry: Entry, line_at: str) -> Entry:
    """A step is served from the moment that a host has it, not from the decision: hosts write down whole seconds."""
    if entry.what is not Happening.STEPPED:
        return entry
    try:
        at = datetime.fromisoformat(line_at).timestamp()
    except ValueError:
        return entry
    return replace(entry, at=at) if entry.at < at <= entry.at + _LATER else entry


def _after(before: Standing, entry: Entry) -> Standing:
    """A standing after one more entry. What is known of versions and scale stands in each of them."""
    now = replace(
        before,
        rollout=entry.rollout,
        sequence=entry.sequence,
        canary=entry.canary or before.canary,
        stable=entry.stable or before.stable,
        time_scale=entry.time_scale,
        last=entry.what,
    )
    if entry.what in _ENDS_IN:
        return replace(now, phase=_ENDS_IN[entry.what], reason=entry.text, waiting="")
    if entry.what is Happening.STARTED:
        return replace(now, phase=Phase.RUNNING, since=entry.at, started=entry.at, by=entry.who, chained=entry.chained)
    return _stepped(now, entry) if entry.what is Happening.STEPPED else _marked(now, entry)


def _marked(now: Standing, entry: Entry) -> Standing:
    """What changes neither step nor end."""
    match entry.what:
        case Happening.RESUMED:
            return replace(now, phase=Phase.RUNNING, reason="", resumed=entry.at, extended=False)
        case Happening.EXTENDED:
            return replace(now, extended=True)
        case Happening.WAITING:
            return replace(now, waiting=entry.text)
        case Happening.APPROVED:
            return replace(now, approved=True, approved_by=entry.who, waiting="")
        case Happening.ATTENTION:
            return replace(now, attention=True)
        case _:
            return now


def _stepped(now: Standing, entry: Entry) -> Standing:
    return replace(
        now,
        phase=Phase.RUNNING,
        step=entry.step,
        weight=Weight(round(entry.weight * 100)),
        since=entry.at,
        approved=now.approved and entry.again,
        approved_by=now.approved_by if entry.again else "",
        extended=False,
        waiting="",
        attention=False,
        reason="",
    )
