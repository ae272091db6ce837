"""What a fleet change tells while it works, for a person who watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    CONNECT = "connect"
    OBSERVE = "observe"
    LOCK = "lock"
    STAGE = "stage"  # upload and test out of place
    TRIAL = "trial"  # served from memory, proved
    HEALTH = "health"  # requests to what is under trial
    COMMIT = "commit"
    MEASURE = "measure"  # counts and times from its metrics log
    NOTE = "note"  # a line in its journal that goes with no change
    ABORT = "abort"  # back to the old release, proved


class Mark(StrEnum):
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """A step on one host has begun or ended."""

    host: str
    phase: Phase
    mark: Mark
    message: str = ""


Listener = Callable[[Event], None]  # is called from many threads at once


def nobody(_: Event) -> None:
    """The listener where nobody watches."""
