"""Is a metric surely worse than its threshold, or surely better? Two questions; often the answer to both is no."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nginxgen.analysis.bounds import highest_share
from nginxgen.analysis.estimate import estimate, failed
from nginxgen.analysis.evidence import Direction, Pair, against, against_ratio
from nginxgen.model.gates import Base, Good, Kind, Metric, Threshold
from nginxgen.model.samples import Tally
from nginxgen.model.verdict import Estimate

_FOR_STABLE = 0.2  # of the chance to err: stable's own interval; the rest is the canary's

# A bare "<= stable" can never be shown to hold, since no interval is narrow enough. It counts as held when the canary
# is shown to be no worse than by this; "<= stable + 0.1pp" asks for more.
ROOM_FOR_RATES = 0.005
ROOM_FOR_TIMES = 0.10


@dataclass(frozen=True, slots=True)
class Sides:
    """The same slices of time of both."""

    canary: Tally
    stable: Tally | None  # or the baseline that the threshold names; None: there is nothing to compare with
    pairs: Sequence[Pair] = ()  # of a rate, slice by slice; empty where they are not of the same time


def surely_worse(metric: Metric, threshold: Threshold, sides: Sides, alpha: float) -> bool:
    """Wrong with a chance of at most `alpha`, at all looks together."""
    if threshold.base is Base.FIXED:
        return _worse_than(metric, sides.canary, threshold.value, alpha)
    if sides.stable is None:
        return False
    if sides.pairs and (more := _ratio(metric, threshold)) is not None:
        return _ratio_exceeded(more, sides.pairs, alpha)
    reference = estimate(metric, sides.stable, _FOR_STABLE * alpha, _FOR_STABLE * alpha)
    if reference is None:
        return False
    lenient = threshold.change.applied(reference.lower if metric.good is Good.HIGH else reference.upper)
    return _worse_than(metric, sides.canary, lenient, (1 - _FOR_STABLE) * alpha)


def surely_better(metric: Metric, threshold: Threshold, sides: Sides, alpha: float) -> bool:
    """Wrong with a chance of at most `alpha`, at all looks together."""
    if threshold.base is Base.FIXED:
        return _better_than(metric, sides.canary, threshold.value, alpha)
    if sides.stable is None:
        return False
    reference = estimate(metric, sides.stable, _FOR_STABLE * alpha, _FOR_STABLE * alpha)
    if reference is None:
        return False
    strict = threshold.change.applied(reference.upper if metric.good is Good.HIGH else reference.lower)
    return _better_than(metric, sides.canary, _with_room(metric, threshold, strict), (1 - _FOR_STABLE) * alpha)


def limit_of(threshold: Threshold, reference: Estimate | None) -> float | None:
    """Where the line is, as far as it is known."""
    if threshold.base is Base.FIXED:
        return threshold.value
    return None if reference is None else threshold.change.applied(reference.value)


def _worse_than(metric: Metric, tally: Tally, limit: float, alpha: float) -> bool:
    needed = -math.log(alpha)
    match metric.kind:
        case Kind.RATE:
            return _evidence(metric, tally, limit, Direction.ABOVE) >= needed
        case Kind.QUANTILE:  # p95 is above x when more than 5 % of the times are
            surely, _ = tally.times.above(limit)
            return against(surely, tally.times.count, 1 - metric.quantile, Direction.ABOVE) >= needed
        case _:
            found = estimate(metric, tally, lower=alpha)
            return found is not None and found.lower > limit


def _better_than(metric: Metric, tally: Tally, limit: float, alpha: float) -> bool:
    needed = -math.log(alpha)
    match metric.kind:
        case Kind.RATE:
            return _evidence(metric, tally, limit, Direction.BELOW) >= needed
        case Kind.QUANTILE:
            _, maybe = tally.times.above(limit)
            return against(maybe, tally.times.count, 1 - metric.quantile, Direction.BELOW) >= needed
        case _:
            found = estimate(metric, tally, upper=alpha)
            return found is not None and found.upper < limit


def _evidence(metric: Metric, tally: Tally, limit: float, direction: Direction) -> float:
    chance = 1 - limit if metric.good is Good.HIGH else limit
    return against(failed(metric, tally.counts), tally.counts.requests, min(1.0, max(0.0, chance)), direction)


def _with_room(metric: Metric, threshold: Threshold, limit: float) -> float:
    if threshold.change.amount:
        return limit
    room = ROOM_FOR_RATES if metric.kind is Kind.RATE else ROOM_FOR_TIMES * limit
    return limit - room if metric.good is Good.HIGH else limit + room


def _ratio(metric: Metric, threshold: Threshold) -> float | None:
    """0.5 for `<= stable + 50%` of a rate of failures; None where the threshold is no ratio of at least 1 of them."""
    change = threshold.change
    if metric.kind is not Kind.RATE or change.amount < 0 or (change.amount and not change.relative):
        return None
    return None if change.amount and metric.good is Good.HIGH else change.amount


def _ratio_exceeded(more: float, pairs: Sequence[Pair], alpha: float) -> bool:
    """Compares odds, which are farther apart than the chances: by how much, stable's interval tells."""
    if not more:
        return against_ratio(pairs, 1.0) >= -math.log(alpha)
    total, bad = sum(pair.stable_total for pair in pairs), sum(pair.stable_failed for pair in pairs)
    top = highest_share(bad, total, _FOR_STABLE * alpha)
    allowed = (1 + more) * top
    if allowed >= 1:
        return False
    odds = (1 + more) * (1 - top) / (1 - allowed)
    return against_ratio(pairs, odds) >= -math.log((1 - _FOR_STABLE) * alpha)
