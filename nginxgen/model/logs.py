"""What is asked of a host's metrics log, and what the host answers: kilobytes, whatever the size of the log."""

from __future__ import annotations

import re
from dataclasses import dataclass

SLICES = (1, 10, 100, 1000)  # seconds; a power of ten, because a slice is named by the first digits of its seconds
_PLACE = re.compile(r"\d{1,20}:\d{1,20}:\d{0,10}")


@dataclass(frozen=True, slots=True)
class LogAsk:
    """Everything between two times, or what was added since an earlier answer."""

    since: int  # seconds since the epoch; slices that are cut by it, or by `until`, are counted whole
    until: int
    slice_seconds: int  # one of SLICES
    place: str | None = None  # where an earlier answer of this host ended; None: found by `since`
    services: tuple[str, ...] = ()  # empty: all

    @property
    def word(self) -> str:
        """As host.sh takes it."""
        digits = 11 - len(str(self.slice_seconds))
        return f"measure {self.since} {self.until} {digits} {self.place or '-'} {','.join(self.services) or '-'}"


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """What a host counted in its log since the last question."""

    place: str  # where the next one begins
    read: int  # lines
    bad: int  # lines that are none of ours: binary, cut off, written by hand
    lost: bool  # the log was rotated away before it was read: some lines are missing
    now: int  # the host's clock, seconds since the epoch
    rows: tuple[str, ...]  # one a slice, release, service, route and version

    @classmethod
    def is_place(cls, text: str) -> bool:
        return _PLACE.fullmatch(text) is not None
