"""Rollouts of 24-hour bakes on a fake clock, against a model of traffic: judge and decisions are the real ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
from rollout_lab import HOUR, NOON, plan, steps
from simulation import sample

from nginxgen.analysis.judge import Judge
from nginxgen.gates import grammar
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Act, Entry, Fleet, Phase, Standing, View
from nginxgen.model.samples import Measured
from nginxgen.rollout.decide import Facts, decide
from nginxgen.rollout.fold import fold

DAY = 24 * HOUR
LOOK = 2 * HOUR  # between two looks: more of them change nothing but the time this takes
PLAN = plan(
    rollback=(grammar.trigger("error_rate", "> 10%"),),
    steps=steps(1, 10, 50, 100, bake=DAY, max_bake=3 * DAY, gates=(grammar.gate("error_rate", "< 1%"),)),
)
_SAID = {Act.BEGIN: Happening.STEPPED, Act.ABORT: Happening.ABORTED, Act.PAUSE: Happening.PAUSED}


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests of an hour, and the chance that one fails: of stable, and of the canary from a step on."""

    requests: int
    stable: float = 0.001
    canary: float = 0.001
    bad_from: int = 99  # the step at which the canary turns bad
    bad: float = 0.0


def rehearse(traffic: Traffic, rng: np.random.Generator) -> Standing:
    """One rollout to its end, or to where a person is needed."""
    entries = [Entry("r", 1, "shop", "", Happening.STARTED, NOON, canary="v2", stable="v1")]
    now = NOON
    canary: list[tuple[int, int]] = []
    stable: list[tuple[int, int]] = []
    while (standing := fold(entries)).phase is Phase.RUNNING:
        verdict = None
        if standing.step != NOT_BEGUN:
            share = standing.weight.hundredths / 10_000
            mine = int(rng.binomial(traffic.requests, share))
            rate = traffic.bad if standing.step >= traffic.bad_from else traffic.canary
            canary.append((mine, int(rng.binomial(mine, rate))))
            theirs = traffic.requests - mine
            stable.append((theirs, int(rng.binomial(theirs, traffic.stable))))
            measured = Measured(sample("v2", *zip(*canary, strict=True)), sample("v1", *zip(*stable, strict=True)))
            verdict = Judge().judge(PLAN.gates(standing.step), measured)
            now += LOOK
        decision = decide(Facts(PLAN, standing, View(Fleet.AS_LEFT), verdict, now))
        if decision.acts:
            entries.append(_entry(standing, decision.act, decision.happening, decision.step, now))
        if decision.act in (Act.BEGIN, Act.STEP):
            canary, stable = [], []
    return fold(entries)


def _entry(standing: Standing, act: Act, happening: Happening | None, step: int, now: float) -> Entry:
    entry = Entry("r", standing.sequence + 1, "shop", "", happening or _SAID[act], now)
    serves = act in (Act.BEGIN, Act.STEP)
    kept = standing.step if not serves else step
    weight = PLAN.steps[kept].weight.percent if kept != NOT_BEGUN else 0.0
    return replace(entry, step=kept, weight=float(weight))


def endings(traffic: Traffic, runs: int) -> Counter[str]:
    rng = np.random.default_rng(7)
    found: Counter[str] = Counter()
    for _ in range(runs):
        standing = rehearse(traffic, rng)
        found[f"{standing.phase} at step {standing.step + 1}"] += 1
    return found


RUNS = [10, pytest.param(1_000, marks=pytest.mark.full)]


@pytest.mark.parametrize("runs", RUNS)
def test_a_good_canary_gets_everybody(runs: int) -> None:
    found = endings(Traffic(60_000), runs)
    assert found["finished at step 4"] >= 0.95 * runs, found


@pytest.mark.parametrize("runs", RUNS)
def test_a_canary_that_is_bad_from_the_beginning_never_leaves_the_first_step(runs: int) -> None:
    found = endings(Traffic(60_000, bad_from=0, bad=0.05), runs)
    assert found == {"aborted at step 1": runs}


@pytest.mark.parametrize("runs", RUNS)
def test_a_canary_that_breaks_under_load_goes_back_at_that_step(runs: int) -> None:
    found = endings(Traffic(60_000, bad_from=2, bad=0.03), runs)
    assert found["aborted at step 3"] >= 0.95 * runs, found
    assert not any(ending.startswith("finished") for ending in found), found


@pytest.mark.parametrize("runs", RUNS)
def test_hardly_any_traffic_neither_promotes_nor_goes_back(runs: int) -> None:
    found = endings(Traffic(20), runs)
    assert found == {"paused at step 1": runs}
