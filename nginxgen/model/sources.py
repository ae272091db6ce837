"""Where the figures of a service come from, as its inventory says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Counting(StrEnum):
    """Who counts the requests of canary and stable."""

    LOG = "log"  # the metrics log of the hosts
    PROMETHEUS = "prometheus"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Queries:
    """PromQL with $version, $service, $route and $window in it, each for one number over the window.

    `buckets` gives one number for each `le`, as `sum by (le) (increase(..._bucket[$window]))` does.
    """

    requests: str
    errors: str
    buckets: str | None = None
    timeouts: str | None = None


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it is, and what it is asked for canary and stable; without queries only for numbers by name."""

    url: str
    timeout: float = 10.0  # seconds
    queries: Queries | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Requests of our own, to both versions by the override."""

    path: str
    status: int | None = None  # another one is a failure; None: 5xx is
    rate: float = 5.0  # requests in a second, at most
    number: int = 10  # to each version and host, each time it is measured
    timeout: float = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A number from Prometheus."""

    name: str  # as gates have it
    query: str


@dataclass(frozen=True, slots=True)
class NamedCommand:
    """A program of the user's: its exit status, and the number on its last line."""

    name: str
    argv: tuple[str, ...]
    timeout: float = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers of a service come from."""

    counting: Counting = Counting.LOG
    log: bool = True  # nginx writes a line for each request
    prometheus: Prometheus | None = None
    probe: Probe | None = None
    queries: tuple[NamedQuery, ...] = ()
    commands: tuple[NamedCommand, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names that gates can have beside the metrics of nginxgen's own."""
        return (*(one.name for one in self.queries), *(one.name for one in self.commands))


LOG_ONLY = Sources()
