"""How often it is wrong, and how soon it is right. docs/judging.md has the figures of `-m full`."""

from __future__ import annotations

import numpy as np
import pytest
from simulation import Step, even, first, outcomes, rollbacks, sample

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate, trigger
from nginxgen.model.samples import Measured
from nginxgen.model.verdict import Leaning, Outcome

LOOKS = 60
RUNS = 2000
AS_STABLE = gate("error_rate", "<= stable")
PLUS_HALF = gate("error_rate", "<= stable + 50%")
ABSOLUTE = gate("error_rate", "<= 0.1%")


def _step(requests: int, canary: float, stable: float, times: int = 9) -> Step:
    mine = even(requests, LOOKS)
    return Step(mine, [times * number for number in mine], canary, stable)


def test_a_canary_like_stable_is_seldom_rolled_back():
    """A tenth of the runs of the full matrix; 5 % of 150 are 7.5, and 1 % is what it does."""
    assert rollbacks(_step(3_000, 0.002, 0.002), AS_STABLE, 150, looks=range(2, LOOKS + 1, 4)) <= 0.05


def test_ten_times_the_errors_are_caught_at_600_requests():
    assert rollbacks(_step(600, 0.01, 0.001, times=99), AS_STABLE, 150, looks=range(5, LOOKS + 1, 5)) > 0.75


def test_ten_times_the_errors_never_pass_at_230_requests_and_lean_bad():
    """230 requests with errors of 1 % have none at all in 10 % of the cases; those too must not pass."""
    step = _step(230, 0.01, 0.001, times=99)
    found = outcomes(step, gate("error_rate", "<= stable + 0.5pp"), 100)
    assert found[Outcome.PASS] == 0
    one_error = Measured(sample("v2", [230], [1]), sample("v1", [22_770], [23]))
    assert Judge().judge((AS_STABLE,), one_error).results[0].leaning is Leaning.BAD


def test_six_requests_are_always_too_few():
    for failed in range(7):
        for one in (AS_STABLE, PLUS_HALF, ABSOLUTE, trigger("error_rate", "> 10%")):
            seen = Measured(sample("v2", [6], [failed]), sample("v1", [6000], [6]))
            assert Judge().judge((one,), seen).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("one", [AS_STABLE, PLUS_HALF, ABSOLUTE, gate("availability", "> 99%")])
@pytest.mark.parametrize("before", [0, 1, 59])
def test_a_catastrophe_fails_within_one_interval(one, before):
    """Also after an hour without a fault, and with few requests in the interval."""
    mine, theirs = [100] * before + [12], [900] * before + [108]
    seen = Measured(sample("v2", mine, [0] * before + [12]), sample("v1", theirs, [1] * before + [0]))
    assert Judge().judge((one,), seen).outcome is Outcome.FAIL


def test_a_bad_hour_of_both_rolls_nothing_back():
    """The same 20 % of errors in both, for ten slices: stable now is what counts, not stable of yesterday."""
    rate = [0.001] * 30 + [0.2] * 10 + [0.001] * 20
    step = Step([40] * LOOKS, [360] * LOOKS, rate, rate)
    assert rollbacks(step, AS_STABLE, 60, looks=range(3, LOOKS + 1, 3)) <= 0.05


def test_a_canary_at_the_limit_seldom_passes():
    """Half a point more errors than stable, and 0.5pp allowed: a PASS at any of these looks would be wrong."""
    step = _step(6_000, 0.006, 0.001)
    one = gate("error_rate", "<= stable + 0.5pp")
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(40):
        canary, stable = step.draw(rng)
        seen = (Measured(first(canary, look), first(stable, look)) for look in (30, 60))
        wrong += any(Judge().judge((one,), each).outcome is Outcome.PASS for each in seen)
    assert wrong / 40 <= 0.05


@pytest.mark.full
@pytest.mark.parametrize(
    ("requests", "rate", "one"),
    [(230, 0.001, AS_STABLE), (13_800, 0.001, AS_STABLE), (13_800, 0.01, AS_STABLE), (6_000, 0.05, PLUS_HALF)],
)
def test_no_difference_and_sixty_looks(requests, rate, one):
    share = rollbacks(_step(requests, rate, rate), one, RUNS)
    print(f"{requests} requests, {rate:.1%} errors in both, {one.rollback.text}: {share:.2%} rolled back")  # noqa: T201  (the figures of docs/judging.md)
    assert share < 0.05


@pytest.mark.full
@pytest.mark.parametrize(("requests", "least"), [(230, 0.35), (300, 0.45), (430, 0.65), (600, 0.80), (1000, 0.94)])
def test_power_against_ten_times_the_errors(requests, least):
    share = rollbacks(_step(requests, 0.01, 0.001, times=99), AS_STABLE, RUNS)
    print(f"{requests} requests, 1 % errors beside 0.1 %: {share:.1%} rolled back")  # noqa: T201  (the figures of docs/judging.md)
    assert share > least
