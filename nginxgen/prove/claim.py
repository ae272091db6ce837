"""What is to be proved, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nginxgen.explain import Request


@dataclass(frozen=True, slots=True)
class Expected:
    """None: not looked at."""

    version: str | None = None  # who answers
    status: int = 200
    pool: str | None = None  # the upstream that nginx chose
    tries: int | None = None  # servers that were asked
    told: str | None = None  # X-Gray-Version that the backend got
    copied: tuple[str, ...] | None = None  # other versions that got it too
    headers: Mapping[str, str] = field(default_factory=dict)  # of the answer; names in lower case


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, and what must come of it."""

    request: Request
    expected: Expected
    fault: str = ""  # what the canary's stubs shall do: "500", "close", "hang"
    echo: bool = False  # upgrade to a WebSocket, and have a message echoed
    tls: bool = False  # over TLS
    sets: str | None = None  # name of the cookie that the answer must set, and that a second request brings along


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a claim's answers come from a version: `number`, give or take `slack`."""

    version: str
    number: float
    slack: float


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that the config promises, and the requests that show it."""

    service: str
    says: str
    asks: tuple[Ask, ...] = ()
    share: Share | None = None
    everyone: tuple[str, ...] = ()  # stubs that must all have answered
    left_out: str | None = None  # why it can't be proved here


class Outcome(StrEnum):
    PROVED = "proved"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Proof:
    """A line of the table."""

    service: str
    says: str
    requests: int
    outcome: Outcome
    found: tuple[str, ...] = ()  # what was found instead, or why it was left out

    def to_json(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "claim": self.says,
            "requests": self.requests,
            "outcome": str(self.outcome),
            "found": list(self.found),
        }
