"""Rollout steps as they would go, many times over, through the judge's own code; numpy draws the requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nginxgen.analysis import statistics
from nginxgen.analysis.case import Case
from nginxgen.analysis.judge import MIN_REQUESTS, Judge
from nginxgen.analysis.windows import views
from nginxgen.model.gates import Gate, Metric
from nginxgen.model.samples import Counts, Measured, Sample, Slice, Tally
from nginxgen.model.verdict import Outcome

WIDTH = 10  # seconds of a slice


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rollout: the canary's and stable's requests in each slice, and their chances to fail."""

    canary: Sequence[int]
    stable: Sequence[int]
    canary_rate: float | Sequence[float]
    stable_rate: float | Sequence[float]

    def draw(self, rng: np.random.Generator) -> tuple[Sample, Sample]:
        mine = rng.binomial(self.canary, self.canary_rate)
        theirs = rng.binomial(self.stable, self.stable_rate)
        return sample("v2", self.canary, mine), sample("v1", self.stable, theirs)


def even(requests: int, looks: int) -> list[int]:
    """So many requests, as evenly over the looks as whole numbers allow."""
    return [requests * (look + 1) // looks - requests * look // looks for look in range(looks)]


def sample(version: str, requests: Sequence[int], errors: Sequence[int]) -> Sample:
    slices = [
        Slice(WIDTH * at, WIDTH, Tally(_counts(int(number), int(failed))))
        for at, (number, failed) in enumerate(zip(requests, errors, strict=True))
    ]
    return Sample("shop", "*", version, tuple(slices))


def _counts(requests: int, errors: int) -> Counts:
    return Counts(
        requests=requests, successful=requests - errors, server_errors=errors, errors=errors, weighted=requests
    )


def first(sample_: Sample, looks: int) -> Sample:
    return Sample(sample_.service, sample_.route, sample_.version, sample_.slices[:looks])


def rolled_back_at(step: Step, gate: Gate, rng: np.random.Generator, looks: Sequence[int]) -> int | None:
    """The first look, of those asked for, at which the judge says FAIL; None where it never does."""
    canary, stable = step.draw(rng)
    for look in looks:
        mine, theirs = first(canary, look), first(stable, look)
        case = Case(gate, Metric(gate.metric), Measured(mine, theirs), views(mine, theirs), MIN_REQUESTS, Judge().alpha)
        if statistics.crossed(case, gate.rollback, case.alpha) is not None:
            return look
    return None


def rollbacks(step: Step, gate: Gate, runs: int, looks: Sequence[int] | None = None, seed: int = 1) -> float:
    """The share of the runs that rolled back at any look."""
    rng = np.random.default_rng(seed)
    asked = looks or range(1, len(step.canary) + 1)
    return sum(rolled_back_at(step, gate, rng, asked) is not None for _ in range(runs)) / runs


def outcomes(step: Step, gate: Gate, runs: int, seed: int = 1) -> dict[Outcome, float]:
    """Of the whole verdict at one look, at the end of the step."""
    rng = np.random.default_rng(seed)
    found = [Judge().judge((gate,), Measured(*step.draw(rng))).outcome for _ in range(runs)]
    return {outcome: found.count(outcome) / runs for outcome in Outcome}
