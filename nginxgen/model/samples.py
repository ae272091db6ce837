"""What was measured: counts and times of requests, by service, route, version and slice of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from operator import add as add_numbers
from operator import attrgetter

from nginxgen.model.histogram import Histogram, merge


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests whose first try went to one version. A commutative monoid under +."""

    requests: int = 0
    informational: int = 0  # by the status that the client got: 1xx
    successful: int = 0  # 2xx
    redirected: int = 0  # 3xx
    client_errors: int = 0  # 4xx, 499 included
    server_errors: int = 0  # 5xx: the client saw a failure
    errors: int = 0  # this version failed: 5xx to the client, or another version had to answer
    timeouts: int = 0  # a try of this version, or the whole request, ran out of time (504)
    fallbacks: int = 0  # another version answered: the client saw no failure, and it is an error all the same
    retries: int = 0  # a try of this version failed, and another server of this version answered
    closed: int = 0  # 499: the client went away first
    weighted: int = 0  # decided by the weight, not by an override

    def __add__(self, other: Counts) -> Counts:
        return Counts(*map(add_numbers, _numbers(self), _numbers(other)))


_numbers: Callable[[Counts], tuple[int, ...]] = attrgetter(*(one.name for one in fields(Counts)))


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts and times of the same requests. A commutative monoid under +."""

    counts: Counts = field(default_factory=Counts)
    times: Histogram = field(default_factory=Histogram)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.counts + other.counts, self.times + other.times)


NOTHING = Tally()


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Seconds since the epoch, `since` <= t < `until`."""

    since: float
    until: float

    @property
    def seconds(self) -> float:
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Slice:
    """The requests that ended in one slice of time."""

    start: int  # seconds since the epoch, a multiple of `seconds`
    seconds: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Sample:
    """One version of one service (and route) over a time."""

    service: str
    route: str  # "*": all routes together
    version: str
    slices: tuple[Slice, ...] = ()  # by start, no two with the same

    @property
    def total(self) -> Tally:
        return add(slice_.tally for slice_ in self.slices)

    def __add__(self, other: Sample) -> Sample:
        """The same version on other hosts or in another time. Raises ValueError for slices of unlike width."""
        merged: dict[int, Slice] = {}
        for one in (*self.slices, *other.slices):
            known = merged.get(one.start)
            if known is None:
                merged[one.start] = one
            elif known.seconds != one.seconds:
                raise ValueError(f"slices of {known.seconds} and {one.seconds} s do not merge")
            else:
                merged[one.start] = Slice(one.start, one.seconds, known.tally + one.tally)
        return Sample(self.service, self.route, self.version, tuple(merged[start] for start in sorted(merged)))


def add(tallies: Iterable[Tally]) -> Tally:
    """The sum of any number of tallies, whatever their order."""
    known = tuple(tallies)
    columns = zip(*(_numbers(tally.counts) for tally in known), strict=True)
    return Tally(Counts(*map(sum, columns)), merge(tally.times for tally in known))


@dataclass(frozen=True, slots=True)
class Number:
    """What a query or a command of the user's own said. `value` None: it answered, and there was nothing."""

    value: float | None = None
    fine: bool | None = None  # its own opinion, where it has one: exit status 0 or 1 of a command
    error: str | None = None  # why there is no answer: the source is down


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a judge looks at."""

    canary: Sample | None = None
    stable: Sample | None = None
    baselines: Mapping[str, Tally] = field(default_factory=dict)  # saved earlier, by name
    numbers: Mapping[str, Number] = field(default_factory=dict)  # by the name of the query or command
    weight: float | None = None  # the share asked for, 0 to 1; None: nobody asked
    error: str | None = None  # why canary and stable are not known, or not fully: a source is down
    control: Sample | None = None  # those of stable's requests that the canary is compared with; None: all of them

    @property
    def beside(self) -> Sample | None:
        """What the canary is compared with."""
        return self.stable if self.control is None else self.control
