"""Gates over what was sampled: rates, quantiles, means. An interval decides, never the estimate."""

from __future__ import annotations

from nginxgen.analysis import say, scale
from nginxgen.analysis.case import Case
from nginxgen.analysis.compare import limit_of, surely_better, surely_worse
from nginxgen.analysis.estimate import ALPHA, estimate
from nginxgen.analysis.windows import View
from nginxgen.model.gates import Base, Good, Metric, Threshold
from nginxgen.model.verdict import Estimate, GateResult, Leaning, Outcome

FEWEST = 10  # requests that any statement is made of
_CATASTROPHE = 1e-3  # below the minimum of requests, evidence has to be so much stronger


def judge(case: Case) -> GateResult:
    gate = case.gate
    failing = crossed(case, gate.rollback, case.alpha)
    if failing is not None:
        return _result(case, failing, Outcome.FAIL)
    if case.measured.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {case.measured.error}")
    if missing := _missing(case):
        return missing
    if crossed(case, gate.attention, ALPHA) is not None:
        return _result(case, case.whole, Outcome.INCONCLUSIVE, attention=True)
    asked = gate.attention
    passes = asked is None or surely_better(case.metric, asked, case.sides(case.whole, asked), ALPHA)
    return _result(case, case.whole, Outcome.PASS if passes else Outcome.INCONCLUSIVE)


def crossed(case: Case, threshold: Threshold | None, alpha: float) -> View | None:
    """The longest view in which the threshold is crossed for certain."""
    if threshold is None:
        return None
    for view in reversed(case.looks):
        number = case.number(view.canary)
        level = alpha * view.part * (1 if number >= max(FEWEST, case.least) else _CATASTROPHE)
        if number >= FEWEST and surely_worse(case.metric, threshold, case.sides(view, threshold), level):
            return view
    return None


def _missing(case: Case) -> GateResult | None:
    """Why nothing can be said; None: something can."""
    number, gate = case.number(case.whole.canary), case.gate
    least = max(FEWEST, case.least)
    if number < least:
        seen = "1 request" if number == 1 else f"{number} requests" if number else "no request"
        told = f"{gate.metric}: {seen} of {case.name} measured, too few to judge ({least} are needed)"
        return GateResult(gate, Outcome.INCONCLUSIVE, told)
    for threshold in (gate.attention, gate.rollback):
        if threshold is None or threshold.base is Base.FIXED:
            continue
        reference = case.sides(case.whole, threshold).stable
        if reference is not None and case.number(reference):
            continue
        if threshold.base is Base.BASELINE:
            told = f"{gate.metric}: no baseline {threshold.name!r} is saved"
            return GateResult(gate, Outcome.ERROR, told)
        told = f"{gate.metric}: stable had no requests to compare with"
        return GateResult(gate, Outcome.INCONCLUSIVE, told)
    return None


def _result(case: Case, view: View, outcome: Outcome, *, attention: bool = False) -> GateResult:
    gate = case.gate
    threshold = gate.rollback if outcome is Outcome.FAIL else gate.attention or gate.rollback
    canary = estimate(case.metric, view.canary, case.alpha, ALPHA)
    if threshold is None or canary is None:
        return GateResult(gate, Outcome.INCONCLUSIVE, f"{gate.metric}: nothing to judge")
    reference = case.sides(view, threshold).stable
    stable = None if reference is None else estimate(case.metric, reference)
    at = limit_of(threshold, stable)
    told = _seen(case, view, threshold, canary, stable)
    ending = _ending(case, view, threshold, outcome, attention=attention)
    asked = say.limit(case.metric.kind, threshold, at)
    leaning = _leaning(case.metric, canary, at)
    return GateResult(gate, outcome, f"{told}: {asked} {ending}", canary, stable, at, leaning, attention)


def _leaning(metric: Metric, canary: Estimate, limit: float | None) -> Leaning:
    if limit is None or canary.value == limit:
        return Leaning.NONE
    return Leaning.GOOD if (canary.value < limit) == (metric.good is not Good.HIGH) else Leaning.BAD


def _seen(case: Case, view: View, threshold: Threshold, canary: Estimate, stable: Estimate | None) -> str:
    kind = case.metric.kind
    lately = "" if view is case.whole else " lately"
    told = f"{case.gate.metric} of {case.name} is{lately} {say.interval(kind, canary)}"
    if stable is None:
        return told
    beside = "stable" if case.measured.control is None else "control"
    other = beside if threshold.base is Base.STABLE else f"baseline {threshold.name}"
    return f"{told}, {other} {say.interval(kind, stable)}"


def _ending(case: Case, view: View, threshold: Threshold, outcome: Outcome, *, attention: bool) -> str:
    match outcome:
        case Outcome.PASS:
            return "holds" if case.gate.attention else "is not contradicted"
        case Outcome.FAIL:
            return "does not hold"
    if attention:
        return "does not hold, which asks for attention"
    more = scale.more_requests(case.metric, threshold, case.sides(view, threshold), case.alpha)
    if more is None:
        return "is not certain, and would not soon be"
    return f"is not certain yet; about {more:,} more requests like these would tell"
