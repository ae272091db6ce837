"""The evidence is a bet that can't win on average; the bounds are never narrower than the exact ones of one look."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nginxgen.analysis.bounds import highest_rank, highest_share, lowest_rank, lowest_share
from nginxgen.analysis.evidence import Direction, Pair, against, against_ratio


@pytest.mark.parametrize("chance", [0.0005, 0.01, 0.3, 0.95])
@pytest.mark.parametrize("total", [1, 7, 60])
@pytest.mark.parametrize("direction", Direction)
def test_the_bet_is_worth_one_on_average_when_the_hypothesis_is_true(chance, total, direction):
    value = math.fsum(
        stats.binom.pmf(failed, total, chance) * math.exp(against(failed, total, chance, direction))
        for failed in range(total + 1)
    )
    assert value == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(("mine", "theirs", "failed"), [(10, 90, 5), (50, 50, 20), (5, 20, 24), (30, 3, 10)])
def test_the_bet_on_a_ratio_is_worth_at_most_one_when_both_are_alike(mine, theirs, failed):
    """Given all failures, those of the canary are drawn without replacement."""
    drawn = stats.hypergeom(mine + theirs, mine, failed)
    value = math.fsum(
        drawn.pmf(own) * math.exp(against_ratio([Pair(own, mine, failed - own, theirs)], 1.0))
        for own in range(max(0, failed - theirs), min(mine, failed) + 1)
    )
    assert value <= 1.0 + 1e-9


@pytest.mark.parametrize(("stable", "more"), [(0.01, 0.5), (0.1, 0.2), (0.4, 0.5), (0.3, 2.0)])
def test_the_bet_on_a_larger_ratio_is_worth_at_most_one_at_its_edge(stable, more):
    """Canary and stable at exactly the odds that are allowed: Fisher's noncentral hypergeometric distribution."""
    odds = (1 + more) * (1 - stable) / (1 - (1 + more) * stable)
    mine, theirs, failed = 40, 60, 30
    drawn = stats.nchypergeom_fisher(mine + theirs, mine, failed, odds)
    value = math.fsum(
        drawn.pmf(own) * math.exp(against_ratio([Pair(own, mine, failed - own, theirs)], odds))
        for own in range(max(0, failed - theirs), min(mine, failed) + 1)
    )
    assert value <= 1.0 + 1e-9


@settings(max_examples=200)
@given(st.integers(1, 100_000), st.data())
def test_the_bounds_hold_the_exact_interval_of_one_look(total, data):
    failed = data.draw(st.integers(0, total))
    exact_low = stats.beta.ppf(0.05, failed, total - failed + 1) if failed else 0.0
    exact_high = stats.beta.ppf(0.95, failed + 1, total - failed) if failed < total else 1.0
    assert lowest_share(failed, total, 0.05) <= exact_low + 1e-12
    assert highest_share(failed, total, 0.05) >= exact_high - 1e-12


@pytest.mark.parametrize(("failed", "total"), [(0, 1000), (10, 1000), (500, 1000), (100, 100_000)])
def test_the_bounds_are_not_much_wider_than_the_exact_interval(failed, total):
    exact = stats.beta.ppf(0.95, failed + 1, total - failed) - failed / total
    assert highest_share(failed, total, 0.05) - failed / total < 2.4 * exact  # the price of any number of looks


@given(st.integers(0, 500), st.sampled_from([0.5, 0.95, 0.99]))
def test_ranks_hold_the_quantiles_own_rank(total, quantile):
    low, high = lowest_rank(total, quantile, 0.05), highest_rank(total, quantile, 0.05)
    assert 0 <= low <= math.ceil(quantile * total)
    assert high is None or math.floor(quantile * total) <= high <= total


def test_few_times_give_no_upper_bound_of_a_quantile():
    assert highest_rank(58, 0.95, 0.05) is None  # 0.95 ** 58 > 0.05: no method could
    assert highest_rank(80, 0.95, 0.05) is not None


def test_a_minute_that_is_bad_for_both_is_no_evidence():
    calm = [Pair(0, 100, 0, 900)] * 20
    bad = [Pair(50, 100, 450, 900)]
    assert against_ratio(calm + bad, 1.0) < 0.5
    assert against_ratio([*calm, Pair(50, 100, 0, 900)], 1.0) > 20
