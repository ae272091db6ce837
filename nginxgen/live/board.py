"""What the last look showed, kept where the threads that answer requests can read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nginxgen.model.record import Record


@dataclass(frozen=True, slots=True)
class Shown:
    """A rollout on the page. The record names routes; labels want the name of their group, "" for all routes."""

    group: str
    record: Record


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at all rollouts."""

    at: float | None = None  # seconds since the epoch; None: nobody has looked yet
    rollouts: tuple[Shown, ...] = ()
    trouble: str = ""  # why the look failed; the rollouts are then those of the look before


@dataclass(frozen=True, slots=True)
class Health:
    """Is somebody looking?"""

    ok: bool
    sentence: str
    looked_at: float | None


class Board:
    """Holds one value and replaces it whole, so that readers need no lock."""

    def __init__(self, patience: float, clock: Callable[[], float] = time.time) -> None:
        """`patience`: seconds after which a look is too long ago."""
        self.seen = Seen()
        self._patience = patience
        self._clock = clock

    def show(self, rollouts: tuple[Shown, ...], trouble: str = "") -> None:
        self.seen = Seen(self._clock(), rollouts or self.seen.rollouts, trouble)

    def health(self) -> Health:
        seen = self.seen
        if seen.at is None:
            return Health(False, "nobody has looked yet", None)
        ago = self._clock() - seen.at
        if ago > self._patience:
            return Health(False, f"the last look was {ago:.0f} s ago", seen.at)
        blind = [one.record.name for one in seen.rollouts if one.record.incomplete and not one.record.hosts]
        trouble = seen.trouble or ("no host answers: " + ", ".join(blind) if blind else "")
        return Health(not trouble, trouble or "the last look succeeded", seen.at)
