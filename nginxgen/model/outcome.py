"""How a fleet change ended, host by host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nginxgen.errors import Exit

BACK = "taken back"  # how the message of a host begins that was well, and went back for the sake of others


class HostOutcome(StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REVERTED = "reverted"  # touched, and back on its old release, proved
    UNTOUCHED = "untouched"  # nothing was done, because another host failed first
    REFUSED = "refused"  # this host said no, before it was touched
    SKIPPED = "skipped"  # it is down, and was allowed to be left out
    NEEDS_HUMAN = "needs-human"


@dataclass(frozen=True, slots=True)
class HostResult:
    """How it ended on one host."""

    host: str
    outcome: HostOutcome
    release: str | None  # what it serves now, as proved; None: nothing of ours, or not known
    message: str = ""
    hint: str | None = None
    code: str = ""  # the host's word for its refusal


class FleetOutcome(StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REVERTED = "reverted"
    REFUSED = "refused"
    NEEDS_HUMAN = "needs-human"


_EXIT = {
    FleetOutcome.APPLIED: Exit.DONE,
    FleetOutcome.UNCHANGED: Exit.DONE,
    FleetOutcome.REVERTED: Exit.UNDONE,
    FleetOutcome.REFUSED: Exit.REFUSED,
    FleetOutcome.NEEDS_HUMAN: Exit.NEEDS_HUMAN,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended on all hosts."""

    hosts: tuple[HostResult, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)  # by phase, wall time
    interrupted: bool = False  # a person stopped it before it was done

    @property
    def fleet(self) -> FleetOutcome:
        """The worst that befell a host names the whole: a fleet is never half well.

        A host that was left untouched is one for which something was to be done. Where all hosts were left out, nothing
        was done either.
        """
        seen = {host.outcome for host in self.hosts}
        if HostOutcome.NEEDS_HUMAN in seen:
            return FleetOutcome.NEEDS_HUMAN
        if HostOutcome.REVERTED in seen:
            return FleetOutcome.REVERTED
        if seen & {HostOutcome.REFUSED, HostOutcome.UNTOUCHED} or seen == {HostOutcome.SKIPPED}:
            return FleetOutcome.REFUSED
        return FleetOutcome.APPLIED if HostOutcome.APPLIED in seen else FleetOutcome.UNCHANGED

    @property
    def exit(self) -> Exit:
        """Never 0 after an undo; a host that needs somebody outranks an interruption."""
        if self.interrupted and self.fleet is not FleetOutcome.NEEDS_HUMAN:
            return Exit.INTERRUPTED
        return _EXIT[self.fleet]
