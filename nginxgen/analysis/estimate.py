"""A metric by name, with its interval, from what was counted."""

from __future__ import annotations

import math

from nginxgen.analysis import bounds
from nginxgen.model.gates import Good, Kind, Metric
from nginxgen.model.histogram import Histogram
from nginxgen.model.samples import Counts, Tally
from nginxgen.model.verdict import Estimate

ALPHA = 0.05  # of being wrong once, to one side, at all looks together


def failed(metric: Metric, counts: Counts) -> int:
    """The requests that speak against the version, for a metric that is a rate."""
    match metric:
        case Metric.ERROR_RATE | Metric.SUCCESS_RATE:
            return counts.errors
        case Metric.TIMEOUT_RATE:
            return counts.timeouts
        case Metric.FALLBACK_RATE:
            return counts.fallbacks
        case Metric.AVAILABILITY:
            return counts.server_errors
        case _:
            raise ValueError(f"{metric} is no rate")


def estimate(metric: Metric, tally: Tally, lower: float = ALPHA, upper: float = ALPHA) -> Estimate | None:
    """The interval is wrong below with at most `lower`, above with at most `upper`. None: there is nothing to say.

    Raises ValueError for `share`, which two versions make together.
    """
    match metric.kind:
        case Kind.COUNT:
            requests = tally.counts.requests
            return Estimate(requests, requests, requests, requests)
        case Kind.RATE:
            return _rate(metric, tally.counts, lower, upper)
        case Kind.QUANTILE:
            return _quantile(metric.quantile, tally.times, lower, upper)
        case Kind.MEAN:
            return _mean(tally.times, lower, upper)
        case Kind.EXTREME:
            return _extreme(metric, tally.times)
        case _:
            raise ValueError(f"{metric} is not of one version")


def _rate(metric: Metric, counts: Counts, lower: float, upper: float) -> Estimate | None:
    bad, total = failed(metric, counts), counts.requests
    if not total:
        return None
    if metric.good is Good.HIGH:
        low = 1 - bounds.highest_share(bad, total, lower)
        high = 1 - bounds.lowest_share(bad, total, upper)
        return Estimate((total - bad) / total, low, high, total)
    low, high = bounds.lowest_share(bad, total, lower), bounds.highest_share(bad, total, upper)
    return Estimate(bad / total, low, high, total)


def _quantile(quantile: float, times: Histogram, lower: float, upper: float) -> Estimate | None:
    """The rank's interval and the bucket's edges together: what neither can rule out."""
    total = times.count
    if not total:
        return None
    value = times.at_rank(max(1, math.ceil(quantile * total))).middle
    from_rank = bounds.lowest_rank(total, quantile, lower)
    to_rank = bounds.highest_rank(total, quantile, upper)
    low = times.lowest_at(from_rank) if from_rank else 0.0
    high = math.inf if to_rank is None else times.highest_at(to_rank)
    return Estimate(value, low, high, total)


def _mean(times: Histogram, lower: float, upper: float) -> Estimate | None:
    total = times.count
    if not total:
        return None
    mean = times.sum_us / total / 1e6
    deviation = math.sqrt(math.fsum(one.count * (one.middle - mean) ** 2 for one in times.buckets) / total)
    below = bounds.mean_margin(total, deviation, lower)
    above = bounds.mean_margin(total, deviation, upper)
    return Estimate(mean, max(0.0, mean - below), mean + above, total)


def _extreme(metric: Metric, times: Histogram) -> Estimate | None:
    found = times.min_us if metric is Metric.MIN else times.max_us
    if found is None:
        return None
    seconds = found / 1e6
    return Estimate(seconds, seconds, seconds, times.count)
