"""Gates over facts: a number is on the good side of its limit, or it is not. No interval, no evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from nginxgen.analysis import say
from nginxgen.analysis.case import Case
from nginxgen.analysis.compare import limit_of
from nginxgen.analysis.estimate import estimate
from nginxgen.model.gates import Base, Gate, Kind, Side, Threshold
from nginxgen.model.numbers import value
from nginxgen.model.samples import Number
from nginxgen.model.verdict import Estimate, GateResult, Leaning, Outcome


def number(gate: Gate, found: Number | None) -> GateResult:
    """What a query or a command of the user's own said. NaN is no value."""
    if found is None or (found.fine is None and not found.error and _nothing(found.value)):
        return GateResult(gate, Outcome.INCONCLUSIVE, f"{gate.metric} has no value")
    if found.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {found.error}")
    shown = "" if found.value is None else f" ({value(Kind.NUMBER, found.value)})"
    if found.fine is False:
        outcome = Outcome.INCONCLUSIVE if gate.rollback is None else Outcome.FAIL
        told = f"{gate.metric} says no{shown}"
        return GateResult(gate, outcome, told, leaning=Leaning.BAD, attention=gate.rollback is None)
    levels = [level for level in (gate.rollback, gate.attention) if level is not None]
    if all(level.base is Base.OPINION for level in levels):
        outcome = Outcome.PASS if found.fine else Outcome.INCONCLUSIVE
        return GateResult(gate, outcome, f"{gate.metric} says {'yes' if found.fine else 'nothing'}{shown}")
    if found.value is None or math.isnan(found.value):
        return GateResult(gate, Outcome.INCONCLUSIVE, f"{gate.metric} has no value")
    seen = Estimate(found.value, found.value, found.value, 0)
    return _against_limits(gate, Kind.NUMBER, seen, lambda threshold: threshold.value)


def _nothing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def counted(case: Case) -> GateResult:
    """`requests`, `min`, `max`: what was seen, as it is."""
    gate, metric, whole = case.gate, case.metric, case.whole
    if case.measured.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {case.measured.error}")
    found = estimate(metric, whole.canary)
    if found is None or (metric.kind is Kind.EXTREME and found.requests < case.least):
        seen = whole.canary.counts.requests
        told = f"{gate.metric}: {seen} requests of {case.name} are too few to judge ({case.least} are needed)"
        return GateResult(gate, Outcome.INCONCLUSIVE, told)

    def limit(threshold: Threshold) -> float | None:
        reference = case.sides(whole, threshold).stable
        return limit_of(threshold, None if reference is None else estimate(metric, reference))

    result = _against_limits(gate, metric.kind, found, limit)
    if metric.kind is Kind.COUNT and result.outcome is Outcome.FAIL:  # too few requests so far are a reason to wait
        return replace(result, outcome=Outcome.INCONCLUSIVE)
    return result


def _against_limits(gate: Gate, kind: Kind, seen: Estimate, limit: Callable[[Threshold], float | None]) -> GateResult:
    shown = f"{gate.metric} is {value(kind, seen.value)}"
    for threshold, outcome in ((gate.rollback, Outcome.FAIL), (gate.attention, Outcome.INCONCLUSIVE)):
        if threshold is None or threshold.base is Base.OPINION:
            continue
        at = limit(threshold)
        if at is None:
            told = f"{shown}, and there is nothing to compare it with for {threshold.text}"
            return GateResult(gate, Outcome.INCONCLUSIVE, told, seen)
        if not _holds(threshold, seen.value, at):
            told = f"{shown}: {say.limit(kind, threshold, at)} does not hold"
            attention = outcome is Outcome.INCONCLUSIVE
            return GateResult(gate, outcome, told, seen, None, at, Leaning.BAD, attention)
    asked = " and ".join(dict.fromkeys(one.text for one in (gate.attention, gate.rollback) if one is not None))
    return GateResult(gate, Outcome.PASS, f"{shown}: {asked} holds", seen, leaning=Leaning.GOOD)


def _holds(threshold: Threshold, value: float, limit: float) -> bool:
    if threshold.side is Side.BELOW:
        return value < limit if threshold.strict else value <= limit
    return value > limit if threshold.strict else value >= limit
