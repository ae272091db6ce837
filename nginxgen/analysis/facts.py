"""Gates over facts: a number is on one side of its limit, or it is not. Only `share` has an interval."""

from __future__ import annotations

import math
from collections.abc import Callable

from nginxgen.analysis import estimate, say
from nginxgen.analysis.compare import limit_of
from nginxgen.analysis.evidence import Direction, against
from nginxgen.analysis.windows import View
from nginxgen.model.gates import Base, Gate, Kind, Metric, Side, Threshold
from nginxgen.model.samples import Measured, Number, Tally
from nginxgen.model.verdict import Estimate, GateResult, Leaning, Outcome


def holds(threshold: Threshold, value: float, limit: float) -> bool:
    """NaN holds nothing."""
    if threshold.side is Side.BELOW:
        return value < limit if threshold.strict else value <= limit
    return value > limit if threshold.strict else value >= limit


def number(gate: Gate, found: Number | None) -> GateResult:
    """What a query or a command of the user's own said."""
    if found is not None and found.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {found.error}")
    if found is not None and found.fine is False:
        return GateResult(gate, _if_bad(gate), f"{gate.metric} says no{_shown(found.value)}")
    threshold = gate.rollback or gate.attention
    if found is not None and threshold is not None and threshold.base is Base.OPINION and found.fine:
        return GateResult(gate, Outcome.PASS, f"{gate.metric} says yes{_shown(found.value)}")
    if found is None or found.value is None or math.isnan(found.value):
        return GateResult(gate, Outcome.INCONCLUSIVE, f"{gate.metric} has no value: nothing was measured")
    value = found.value
    return _fact(gate, Kind.NUMBER, value, lambda threshold: threshold.value, f"{gate.metric} is", requests=0)


def counted(gate: Gate, metric: Metric, measured: Measured, canary: Tally, stable: Tally, least: int) -> GateResult:
    """`requests`, `min`, `max`: what was seen, as it is."""
    if measured.error:
        return GateResult(gate, Outcome.ERROR, f"{gate.metric} is not known: {measured.error}")
    found = estimate.estimate(metric, canary)
    few = metric.kind is not Kind.COUNT and canary.times.count < least
    if found is None or few:
        return GateResult(gate, Outcome.INCONCLUSIVE, f"{gate.metric}: {canary.times.count} requests are too few")

    def limit(threshold: Threshold) -> float | None:
        against = measured.baselines.get(threshold.name) if threshold.base is Base.BASELINE else stable
        return limit_of(threshold, None if against is None else estimate.estimate(metric, against))

    result = _fact(gate, metric.kind, found.value, limit, f"{gate.metric} is", requests=found.requests)
    if metric.kind is Kind.COUNT and result.outcome is Outcome.FAIL:  # too few requests so far are a reason to wait
        return GateResult(gate, Outcome.INCONCLUSIVE, result.sentence, found, None, result.limit, result.leaning)
    return result


def _fact(
    gate: Gate, kind: Kind, value: float, limit: Callable[[Threshold], float | None], told: str, *, requests: int
) -> GateResult:
    seen = Estimate(value, value, value, requests)
    shown = f"{told} {say.value(kind, value)}"
    for threshold, outcome in ((gate.rollback, Outcome.FAIL), (gate.attention, Outcome.INCONCLUSIVE)):
        if threshold is None:
            continue
        at = limit(threshold)
        if at is None:
            return GateResult(
                gate, Outcome.INCONCLUSIVE, f"{shown}: nothing to compare with for {threshold.text}", seen
            )
        if not holds(threshold, value, at):
            sentence = f"{shown}: {say.limit(kind, threshold, at)} does not hold"
            attention = outcome is Outcome.INCONCLUSIVE
            return GateResult(gate, outcome, sentence, seen, None, at, Leaning.BAD, attention)
    asked = " and ".join(dict.fromkeys(one.text for one in (gate.attention, gate.rollback) if one is not None))
    return GateResult(gate, Outcome.PASS, f"{shown}: {asked} holds", seen, None, None, Leaning.GOOD)


def share(gate: Gate, measured: Measured, whole: View, least: int, alpha: float) -> GateResult:
    """Does the canary get the share that was asked for?"""
    if measured.error:
        return GateResult(gate, Outcome.ERROR, f"share is not known: {measured.error}")
    canary, stable = whole.canary.counts, whole.stable.counts
    total = canary.weighted + stable.weighted
    if measured.weight is None or total < least:
        return GateResult(gate, Outcome.INCONCLUSIVE, f"share: {total} requests that the weight decided are too few")
    found = estimate.share(canary, stable)
    for threshold, outcome in ((gate.rollback, Outcome.FAIL), (gate.attention, Outcome.INCONCLUSIVE)):
        if threshold is not None and _outside(canary.weighted, total, measured.weight, threshold, alpha):
            return _share(gate, threshold, found, measured.weight, outcome, "does not hold")
    threshold = gate.attention or gate.rollback
    assert threshold is not None  # noqa: S101  (for the type checker: a gate has a level)
    if gate.attention is None or _inside(found, measured.weight, threshold):
        return _share(gate, threshold, found, measured.weight, Outcome.PASS, "holds")
    return _share(gate, threshold, found, measured.weight, Outcome.INCONCLUSIVE, "is not sure yet")


def _room(weight: float, threshold: Threshold) -> float:
    return weight * threshold.change.amount if threshold.change.relative else threshold.change.amount


def _outside(canary: int, total: int, weight: float, threshold: Threshold, alpha: float) -> bool:
    room, needed = _room(weight, threshold), -math.log(alpha / 2)
    return (
        against(canary, total, min(1.0, weight + room), Direction.ABOVE) >= needed
        or against(canary, total, max(0.0, weight - room), Direction.BELOW) >= needed
    )


def _inside(found: Estimate | None, weight: float, threshold: Threshold) -> bool:
    room = _room(weight, threshold)
    return found is not None and weight - room <= found.lower and found.upper <= weight + room


def _share(
    gate: Gate, threshold: Threshold, found: Estimate | None, weight: float, outcome: Outcome, holds: str
) -> GateResult:
    shown = "?" if found is None else say.interval(Kind.SHARE, found)
    sentence = f"share is {shown}, asked {say.value(Kind.SHARE, weight)}: {threshold.text} {holds}"
    bad = outcome is not Outcome.PASS and holds == "does not hold"
    attention = bad and outcome is Outcome.INCONCLUSIVE
    leaning = Leaning.BAD if bad else Leaning.GOOD
    return GateResult(gate, outcome, sentence, found, None, weight, leaning, attention)


def _if_bad(gate: Gate) -> Outcome:
    return Outcome.FAIL if gate.rollback is not None else Outcome.INCONCLUSIVE


def _shown(value: float | None) -> str:
    return "" if value is None else f" ({say.value(Kind.NUMBER, value)})"
