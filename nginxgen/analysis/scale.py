"""How many more requests it would take, if they go on as they went."""

from __future__ import annotations

import math
from dataclasses import fields

from nginxgen.analysis.compare import Sides, surely_better, surely_worse
from nginxgen.analysis.estimate import ALPHA
from nginxgen.analysis.evidence import Pair
from nginxgen.model.gates import Metric, Threshold
from nginxgen.model.histogram import Bucket, Histogram
from nginxgen.model.samples import Counts, Tally

_FACTORS = tuple(2**step for step in range(1, 11))


def more_requests(metric: Metric, threshold: Threshold, sides: Sides, alpha: float) -> int | None:
    """Of the canary, rounded to two digits; None: a thousand times as many would not do."""
    now = sides.canary.counts.requests
    for factor in _FACTORS:
        larger = _times(sides, factor)
        if surely_better(metric, threshold, larger, ALPHA) or surely_worse(metric, threshold, larger, alpha):
            return _rounded((factor - 1) * now)
    return None


def _rounded(number: int) -> int:
    step = 1
    while number // step >= 100:  # noqa: PLR2004  (two digits)
        step *= 10
    return math.ceil(number / step) * step


def _times(sides: Sides, factor: int) -> Sides:
    pairs = tuple(Pair(*(factor * getattr(pair, one.name) for one in fields(Pair))) for pair in sides.pairs)
    return Sides(_tally(sides.canary, factor), sides.stable and _tally(sides.stable, factor), pairs)


def _tally(tally: Tally, factor: int) -> Tally:
    counts = Counts(*(factor * getattr(tally.counts, one.name) for one in fields(Counts)))
    times = tally.times
    buckets = tuple(Bucket(one.lower, one.upper, factor * one.count) for one in times.buckets)
    return Tally(counts, Histogram(buckets, factor * times.sum_us, times.min_us, times.max_us))
