"""Times keep their quantiles within 1 %, however many hosts counted them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.analysis.estimate import estimate
from nginxgen.model.gates import Metric
from nginxgen.model.histogram import RELATIVE_ERROR, Bucket, Histogram, edges, index_of, merge
from nginxgen.model.samples import Counts, Tally

positive = st.floats(1e-6, 1e5)


@given(positive)
def test_the_middle_of_a_bucket_is_within_one_percent_of_what_it_holds(seconds):
    lower, upper = edges(index_of(seconds))
    middle = Bucket(lower, upper, 1).middle
    assert abs(middle - seconds) <= (RELATIVE_ERROR + 1e-9) * seconds


@given(st.lists(st.floats(0.001, 1e4), min_size=1), st.floats(0, 1))
def test_a_rank_is_within_one_percent(times, share):
    rank = max(1, math.ceil(share * len(times)))
    exact = sorted(times)[rank - 1]
    histogram = Histogram.of(times)
    assert histogram.at_rank(rank).middle == pytest.approx(exact, rel=0.0102, abs=1e-6)
    assert histogram.lowest_at(rank) <= exact * (1 + 1e-3)
    assert histogram.highest_at(rank) >= exact * (1 - 1e-3)


@given(st.lists(st.lists(positive)), st.randoms())
def test_hosts_merge_to_what_one_host_would_have_counted(hosts, random):
    together = Histogram.of([time for host in hosts for time in host])
    parts = [Histogram.of(host) for host in hosts]
    random.shuffle(parts)
    assert merge(parts) == together


def test_quantiles_of_a_million_requests():
    rng = np.random.default_rng(7)
    times = rng.lognormal(-2.3, 0.8, 200_000)
    tally = Tally(Counts(requests=len(times)), Histogram.of(times.tolist()))
    for metric in (Metric.P50, Metric.P95, Metric.P99):
        found = estimate(metric, tally)
        exact = float(np.quantile(times, metric.quantile))
        assert found.value == pytest.approx(exact, rel=0.015)
        assert found.lower < exact < found.upper
        assert (found.upper - found.lower) / exact < 0.1
    assert estimate(Metric.MEAN, tally).value == pytest.approx(times.mean(), rel=1e-4)
    assert estimate(Metric.MAX, tally).value == pytest.approx(times.max(), rel=1e-5)


def test_coarse_buckets_of_elsewhere_give_wide_intervals_and_no_false_certainty():
    """Prometheus' 0.1, 0.25: whether p95 is below 200 ms can't be told from them."""
    times = Histogram((Bucket(0.0, 0.1, 9000), Bucket(0.1, 0.25, 1000)))
    found = estimate(Metric.P95, Tally(Counts(requests=10_000), times))
    assert (found.lower, found.upper) == (0.1, 0.25)
    assert times.above(0.2) == (0, 1000)
    endless = Histogram((Bucket(0.0, 0.1, 100), Bucket(0.1, math.inf, 900)))
    assert estimate(Metric.P95, Tally(Counts(requests=1000), endless)).upper == math.inf


def test_zero_is_a_time():
    histogram = Histogram.of([0.0, 0.0, -0.5, 1.0])
    assert histogram.count == 4
    assert histogram.at_rank(2).middle == 0.0
    assert histogram.min_us == 0
