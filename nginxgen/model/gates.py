"""What a canary has to hold: gates over metrics, against a number, against stable, or against a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Kind(Enum):
    """What a metric is, which says the units it can have and how its interval is found."""

    RATE = auto()  # a share of the requests, 0 to 1
    QUANTILE = auto()  # seconds
    MEAN = auto()  # seconds
    EXTREME = auto()  # seconds; a fact, without an interval
    COUNT = auto()  # requests
    SHARE = auto()  # of the canary among the requests that the weight decided, 0 to 1
    NUMBER = auto()  # of a query or a command, any unit

    @property
    def is_time(self) -> bool:
        return self in (Kind.QUANTILE, Kind.MEAN, Kind.EXTREME)

    @property
    def is_share(self) -> bool:
        return self in (Kind.RATE, Kind.SHARE)


class Good(Enum):
    LOW = auto()
    HIGH = auto()
    UNKNOWN = auto()  # the gate says it


class Metric(StrEnum):
    """The metrics by name."""

    REQUESTS = "requests"
    ERROR_RATE = "error_rate"  # requests that this version failed, those that a fallback saved included
    SUCCESS_RATE = "success_rate"  # 1 - error_rate
    TIMEOUT_RATE = "timeout_rate"
    FALLBACK_RATE = "fallback_rate"  # requests that another version had to answer
    AVAILABILITY = "availability"  # requests whose client saw no 5xx, whoever answered
    MEAN = "mean"  # of the request time, as the client felt it
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    MIN = "min"
    MAX = "max"
    SHARE = "share"

    @property
    def kind(self) -> Kind:
        return _KIND.get(self, Kind.RATE)

    @property
    def good(self) -> Good:
        return _GOOD.get(self, Good.LOW)

    @property
    def quantile(self) -> float:
        """0.95 for p95. Raises KeyError for what is no quantile."""
        return _QUANTILE[self]


_KIND = {
    Metric.REQUESTS: Kind.COUNT,
    Metric.MEAN: Kind.MEAN,
    Metric.P50: Kind.QUANTILE,
    Metric.P95: Kind.QUANTILE,
    Metric.P99: Kind.QUANTILE,
    Metric.MIN: Kind.EXTREME,
    Metric.MAX: Kind.EXTREME,
    Metric.SHARE: Kind.SHARE,
}
_GOOD = {
    Metric.REQUESTS: Good.HIGH,
    Metric.SUCCESS_RATE: Good.HIGH,
    Metric.AVAILABILITY: Good.HIGH,
    Metric.SHARE: Good.UNKNOWN,
}
_QUANTILE = {Metric.P50: 0.50, Metric.P95: 0.95, Metric.P99: 0.99}


class Severity(StrEnum):
    """How loudly to say it when a gate fails. P1 wakes somebody."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Side(Enum):
    """Where the metric has to be."""

    BELOW = auto()  # below the limit
    ABOVE = auto()
    AROUND = auto()  # not farther from it than the change


class Base(Enum):
    FIXED = auto()  # `value`, in seconds or as a fraction
    STABLE = auto()  # what stable does at the same time
    BASELINE = auto()  # what was saved under `name`
    WEIGHT = auto()  # the share that was asked for
    OPINION = auto()  # the command's own: its exit status


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to the base: a fraction of it (0.5 for "+ 50%"), or an amount in the metric's unit."""

    amount: float
    relative: bool

    def applied(self, base: float) -> float:
        return base * (1 + self.amount) if self.relative else base + self.amount


UNCHANGED = Change(0.0, relative=False)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a metric has to be, whichever way it was written: `"< 1%"` to hold and `"> 1%"` to fire are the same."""

    side: Side
    base: Base
    text: str  # as it was written
    value: float = 0.0
    name: str = ""  # of the baseline
    change: Change = UNCHANGED
    strict: bool = True  # the limit itself is on the bad side


@dataclass(frozen=True, slots=True)
class Gate:
    """One metric and where it has to be.

    Beyond `rollback` the canary goes. Between the two levels it stays where it is, and somebody is told. A gate written
    as one condition has it at both levels. A gate that can only roll back has no `attention`, and holds nobody up.
    """

    metric: str  # a Metric, or the name of a query or command
    attention: Threshold | None
    rollback: Threshold | None
    severity: Severity = Severity.P2
    min_requests: int | None = None  # None: the judge's own minimum

    @property
    def known(self) -> Metric | None:
        return Metric(self.metric) if self.metric in set(Metric) else None
