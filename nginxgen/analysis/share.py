"""The gate on `share`: does the canary get what the weight asks for? Overrides do not count."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nginxgen.analysis import bounds, say
from nginxgen.analysis.case import Case
from nginxgen.analysis.estimate import ALPHA
from nginxgen.analysis.evidence import Direction, against
from nginxgen.model.gates import Kind, Threshold
from nginxgen.model.numbers import value
from nginxgen.model.verdict import Estimate, GateResult, Leaning, Outcome


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the canary got of all requests, and what it was meant to get."""

    canary: int
    total: int
    weight: float

    def room(self, threshold: Threshold) -> float:
        change = threshold.change
        return self.weight * change.amount if change.relative else change.amount

    def surely_off(self, threshold: Threshold, alpha: float) -> bool:
        room, needed = self.room(threshold), -math.log(alpha / 2)
        return (
            against(self.canary, self.total, min(1.0, self.weight + room), Direction.ABOVE) >= needed
            or against(self.canary, self.total, max(0.0, self.weight - room), Direction.BELOW) >= needed
        )

    def surely_near(self, threshold: Threshold, found: Estimate) -> bool:
        room = self.room(threshold)
        return self.weight - room <= found.lower and found.upper <= self.weight + room

    def estimate(self) -> Estimate:
        lower = bounds.lowest_share(self.canary, self.total, ALPHA)
        upper = bounds.highest_share(self.canary, self.total, ALPHA)
        return Estimate(self.canary / self.total, lower, upper, self.total)


def judge(case: Case) -> GateResult:
    gate, measured = case.gate, case.measured
    if measured.error:
        return GateResult(gate, Outcome.ERROR, f"share is not known: {measured.error}")
    canary = case.whole.canary.counts.weighted
    total = canary + (0 if measured.stable is None else measured.stable.total.counts.weighted)
    if measured.weight is None or total < case.least:
        told = f"share: the weight decided {total} requests, too few to judge ({case.least} are needed)"
        return GateResult(gate, Outcome.INCONCLUSIVE, told)
    seen = _Seen(canary, total, measured.weight)
    if gate.rollback and seen.surely_off(gate.rollback, case.alpha):
        return _result(case, seen, gate.rollback, Outcome.FAIL)
    if gate.attention is None or seen.surely_near(gate.attention, seen.estimate()):
        return _result(case, seen, gate.attention, Outcome.PASS)
    return _result(case, seen, gate.attention, Outcome.INCONCLUSIVE)


_ENDINGS = {Outcome.PASS: "holds", Outcome.FAIL: "does not hold", Outcome.INCONCLUSIVE: "is not certain yet"}


def _result(case: Case, seen: _Seen, threshold: Threshold | None, outcome: Outcome) -> GateResult:
    found = seen.estimate()
    attention = outcome is Outcome.INCONCLUSIVE and threshold is not None and seen.surely_off(threshold, ALPHA)
    ending = "does not hold, which asks for attention" if attention else _ENDINGS[outcome]
    asked = f"{threshold.text} of {value(Kind.SHARE, seen.weight)} " if threshold is not None else ""
    leaning = Leaning.BAD if outcome is Outcome.FAIL or attention else Leaning.NONE
    told = f"share is {say.interval(Kind.SHARE, found)}: {asked}{ending}"
    return GateResult(case.gate, outcome, told, found, None, seen.weight, leaning, attention)
