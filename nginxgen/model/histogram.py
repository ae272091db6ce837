"""Times, counted in buckets, so that any number of hosts merge exactly and a quantile keeps a known error.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch", PVLDB 12(12), 2019, section 2.1): with
g = (1 + e) / (1 - e), bucket i holds the times t, in milliseconds, with g**(i-1) < t <= g**i, and its middle
2 g**i / (g + 1) is within e of each of them. Here e = 1 %. Buckets from elsewhere (Prometheus' `le`) have any edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

RELATIVE_ERROR = 0.01
GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_MILLI = 1000.0


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """`count` times in seconds, lower < t <= upper. `upper` may be infinite; 0 to 0 holds the times of zero."""

    lower: float
    upper: float
    count: int

    @property
    def middle(self) -> float:
        """The value with the least relative error: the harmonic mean of the edges."""
        if math.isinf(self.upper) or self.lower <= 0:
            return self.lower if math.isinf(self.upper) else self.upper
        return 2 * self.lower * self.upper / (self.lower + self.upper)


@cache
def edges(index: int) -> tuple[float, float]:
    """The bucket of this index, in seconds."""
    return GROWTH ** (index - 1) / _MILLI, GROWTH**index / _MILLI


def index_of(seconds: float) -> int:
    """The bucket that holds a time above zero."""
    return math.ceil(math.log(seconds * _MILLI) / math.log(GROWTH))


@dataclass(frozen=True, slots=True)
class Histogram:
    """A commutative monoid under +, exact: counts and microseconds are integers."""

    buckets: tuple[Bucket, ...] = ()  # sorted, none empty, no two with the same edges
    sum_us: int = 0
    min_us: int | None = None  # None: not known, or nothing counted
    max_us: int | None = None

    @classmethod
    def of(cls, times: Iterable[float]) -> Histogram:
        """Count times in seconds; below zero counts as zero."""
        micros = [max(0, round(time * 1e6)) for time in times]
        counts: dict[tuple[float, float], int] = {}
        for value in micros:
            place = edges(index_of(value / 1e6)) if value else (0.0, 0.0)
            counts[place] = counts.get(place, 0) + 1
        return cls(_sorted(counts), sum(micros), min(micros, default=None), max(micros, default=None))

    @classmethod
    def of_counts(
        cls, zeros: int, indexed: Iterable[tuple[int, int]], sum_us: int, min_us: int | None, max_us: int | None
    ) -> Histogram:
        """From counts by bucket index, as the host's pass over the log gives them."""
        counts = {edges(index): count for index, count in indexed if count}
        if zeros:
            counts[0.0, 0.0] = zeros
        return cls(_sorted(counts), sum_us, min_us, max_us)

    @property
    def count(self) -> int:
        return sum(bucket.count for bucket in self.buckets)

    def __add__(self, other: Histogram) -> Histogram:
        return merge((self, other))

    def at_rank(self, rank: int) -> Bucket:
        """The bucket that holds the `rank`-th smallest time, from 1. Raises IndexError where there is none.

        Buckets of several shapes may overlap; then the one whose middle is next in order is taken.
        """
        if not 1 <= rank <= self.count:
            raise IndexError(rank)
        seen = 0
        for bucket in sorted(self.buckets, key=lambda bucket: (bucket.middle, bucket)):
            seen += bucket.count
            if seen >= rank:
                return bucket
        raise IndexError(rank)  # pragma: no cover  (rank <= count)

    def above(self, seconds: float) -> tuple[int, int]:
        """How many times are above `seconds`: at least, and at most; a bucket around it may be either."""
        surely = sum(bucket.count for bucket in self.buckets if bucket.lower >= seconds)
        maybe = sum(bucket.count for bucket in self.buckets if bucket.upper > seconds)
        return surely, maybe

    def lowest_at(self, rank: int) -> float:
        """The smallest that the `rank`-th time, in seconds, can be."""
        return self._edge(rank, [(bucket.lower, bucket.count) for bucket in self.buckets])

    def highest_at(self, rank: int) -> float:
        """The largest that the `rank`-th time, in seconds, can be; may be infinite."""
        return self._edge(rank, [(bucket.upper, bucket.count) for bucket in self.buckets])

    def _edge(self, rank: int, values: list[tuple[float, int]]) -> float:
        """Order statistics of an edge: t_i >= lower_i for all i gives t_(r) >= lower_(r), and so for upper."""
        seen = 0
        for value, count in sorted(values):
            seen += count
            if seen >= rank:
                return value
        raise IndexError(rank)


def merge(histograms: Iterable[Histogram]) -> Histogram:
    """The sum of any number, whatever their order."""
    counts: dict[tuple[float, float], int] = {}
    total, lows, highs = 0, [], []
    for one in histograms:
        for bucket in one.buckets:
            place = bucket.lower, bucket.upper
            counts[place] = counts.get(place, 0) + bucket.count
        total += one.sum_us
        lows += [one.min_us] if one.min_us is not None else []
        highs += [one.max_us] if one.max_us is not None else []
    return Histogram(_sorted(counts), total, min(lows, default=None), max(highs, default=None))


def _sorted(counts: dict[tuple[float, float], int]) -> tuple[Bucket, ...]:
    return tuple(Bucket(lower, upper, count) for (lower, upper), count in sorted(counts.items()))
