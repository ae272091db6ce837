"""What goes to a shard, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

OPEN, DIAL = "open", "dial"  # make a session, or a stream; every other call is a method of what was made
LIFE = 8.0  # seconds after which a shard that has nothing to say says so
SILENT = 30.0  # seconds without a word from the other end: it is gone


@dataclass(frozen=True, slots=True)
class Call:
    """Something to do on the other side."""

    number: int  # of its answer; 0: none is wanted
    thing: int  # number of the session or stream that it is for, or that it makes
    what: str
    words: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call."""

    number: int
    value: Any = None
    error: Exception | None = None


class Remote(Protocol):
    """Carries calls to a shard. One thread sends, another receives. Whatever either raises: the shard is gone."""

    name: str  # for people: "the worker process 4711"

    def send(self, calls: Sequence[Call]) -> None: ...

    def receive(self) -> Sequence[Answer]:
        """Some answers, or none after LIFE seconds. Raises where nothing is heard for SILENT seconds."""

    def end(self) -> None:
        """The shard ends its sessions and goes. Never raises."""
