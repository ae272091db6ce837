"""Gates over what was sampled: rates, quantiles, means. An interval decides, never the estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from nginxgen.analysis import say, scale
from nginxgen.analysis.compare import Sides, limit_of, surely_better, surely_worse
from nginxgen.analysis.estimate import ALPHA, estimate, failed
from nginxgen.analysis.windows import View
from nginxgen.model.gates import Base, Gate, Good, Kind, Metric, Threshold
from nginxgen.model.samples import Measured, Tally
from nginxgen.model.verdict import Estimate, GateResult, Leaning, Outcome

FEWEST = 10  # requests that any statement is made of
_CATASTROPHE = 1e-3  # below the minimum of requests, evidence has to be so much stronger


@dataclass(frozen=True, slots=True)
class Case:
    """One gate, with all that its answer depends on."""

    gate: Gate
    metric: Metric
    measured: Measured
    looks: Sequence[View]
    least: int  # requests, for anything but a catastrophe
    alpha: float  # of rolling back wrongly

    @property
    def name(self) -> str:
        return self.measured.canary.version if self.measured.canary else "the canary"

    def sides(self, view: View, threshold: Threshold) -> Sides:
        if threshold.base is Base.BASELINE:
            return Sides(view.canary, self.measured.baselines.get(threshold.name))
        if threshold.base is not Base.STABLE or not view.stable.counts.requests:
            return Sides(view.canary, None)
        pairs = view.pairs(partial(failed, self.metric)) if self.metric.kind is Kind.RATE else ()
        return Sides(view.canary, view.stable, pairs)

    def number(self, tally: Tally) -> int:
        return tally.times.count if self.metric.kind.is_time else tally.counts.requests


def judge(
    gate: Gate, metric: Metric, measured: Measured, looks: Sequence[View], least: int, alpha: float
) -> GateResult:
    case = Case(gate, metric, measured, looks, max(least, FEWEST), alpha)
    failing = _crossed(case, gate.rollback, alpha)
    if failing is not None:
        return _result(case, failing, Outcome.FAIL)
    whole = looks[-1]
    if measured.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {measured.error}")
    if missing := _missing(case, whole):
        return GateResult(gate, missing[0], f"{gate.metric}: {missing[1]}")
    if _crossed(case, gate.attention, ALPHA) is not None:
        return _result(case, whole, Outcome.INCONCLUSIVE, attention=True)
    passes = gate.attention is None or surely_better(metric, gate.attention, case.sides(whole, gate.attention), ALPHA)
    return _result(case, whole, Outcome.PASS if passes else Outcome.INCONCLUSIVE)


def _crossed(case: Case, threshold: Threshold | None, alpha: float) -> View | None:
    """From which start on the threshold is crossed for certain; the longest view that says so."""
    if threshold is None:
        return None
    for view in reversed(case.looks):
        number = case.number(view.canary)
        if number < FEWEST:
            continue
        level = alpha * view.part * (1 if number >= case.least else _CATASTROPHE)
        if surely_worse(case.metric, threshold, case.sides(view, threshold), level):
            return view
    return None


def _missing(case: Case, whole: View) -> tuple[Outcome, str] | None:
    number = case.number(whole.canary)
    if number == 0:
        what = "times" if whole.canary.counts.requests else "requests"
        return Outcome.INCONCLUSIVE, f"no {what} of {case.name} were seen"
    if number < case.least:
        plural = "request of {} is" if number == 1 else "requests of {} are"
        told = plural.format(case.name)
        return Outcome.INCONCLUSIVE, f"{number} {told} too few to judge ({case.least} are needed)"
    for threshold in (case.gate.attention, case.gate.rollback):
        if threshold is None or threshold.base is Base.FIXED:
            continue
        reference = case.sides(whole, threshold).stable
        if reference is not None and case.number(reference):
            continue
        if threshold.base is Base.BASELINE:
            return Outcome.ERROR, f"there is no baseline {threshold.name!r} with such a metric"
        return Outcome.INCONCLUSIVE, "stable had no requests to compare with"
    return None


def _result(case: Case, view: View, outcome: Outcome, *, attention: bool = False) -> GateResult:
    threshold = case.gate.rollback if outcome is Outcome.FAIL else case.gate.attention or case.gate.rollback
    assert threshold is not None  # noqa: S101  (for the type checker: a gate has a level)
    canary = estimate(case.metric, view.canary, case.alpha, ALPHA)
    assert canary is not None  # noqa: S101  (for the type checker: there are requests)
    reference = case.sides(view, threshold).stable
    stable = None if reference is None else estimate(case.metric, reference)
    at = limit_of(threshold, stable)
    leaning = _leaning(case.metric, canary, at)
    told = _sentence(case, view, threshold, canary, stable, outcome, attention=attention)
    return GateResult(case.gate, outcome, told, canary, stable, at, leaning, attention)


def _leaning(metric: Metric, canary: Estimate, limit: float | None) -> Leaning:
    if limit is None or canary.value == limit:
        return Leaning.NONE
    return Leaning.GOOD if (canary.value < limit) == (metric.good is not Good.HIGH) else Leaning.BAD


def _sentence(
    case: Case, view: View, threshold: Threshold, canary: Estimate, stable: Estimate | None, outcome: Outcome, *,
    attention: bool,
) -> str:  # fmt: skip
    kind, gate = case.metric.kind, case.gate
    lately = "" if view is case.looks[-1] else " lately"
    told = f"{gate.metric} of {case.name} is{lately} {say.interval(kind, canary)}"
    if stable is not None:
        other = "stable" if threshold.base is Base.STABLE else f"baseline {threshold.name}"
        told += f", {other} {say.interval(kind, stable)}"
    asked = say.limit(kind, threshold, limit_of(threshold, stable))
    match outcome:
        case Outcome.PASS:
            return f"{told}: {asked} holds" if gate.attention else f"{told}: nothing shows that {asked} does not hold"
        case Outcome.FAIL:
            return f"{told}: {asked} does not hold"
    if attention:
        return f"{told}: {asked} does not hold, which asks for attention"
    more = scale.more_requests(case.metric, threshold, case.sides(view, threshold), canary.requests, case.alpha)
    tail = "no number of requests would soon tell" if more is None else f"about {more:,} more requests would tell"
    return f"{told}: not sure yet of {asked}; at this rate {tail}"
