"""Gates and what was measured, to a verdict. Total: every input gets an answer, and no data is never a PASS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nginxgen.analysis import facts, share, statistics
from nginxgen.analysis.case import Case
from nginxgen.analysis.estimate import ALPHA
from nginxgen.analysis.windows import View, views
from nginxgen.model.gates import Gate, Kind
from nginxgen.model.samples import Measured
from nginxgen.model.verdict import GateResult, Verdict

MIN_REQUESTS = 30


@dataclass(frozen=True, slots=True)
class Judge:
    """What holds for all gates together."""

    alpha: float = ALPHA  # of rolling back a canary that keeps every gate: all gates, all looks together
    min_requests: int = MIN_REQUESTS  # where a gate names no other

    def judge(self, gates: Sequence[Gate], measured: Measured) -> Verdict:
        looks = views(measured.canary, measured.beside)
        each = self.alpha / max(1, sum(gate.rollback is not None for gate in gates))
        return Verdict(tuple(self._one(gate, measured, looks, each) for gate in gates))

    def _one(self, gate: Gate, measured: Measured, looks: Sequence[View], alpha: float) -> GateResult:
        metric = gate.known
        if metric is None:
            return facts.number(gate, measured.numbers.get(gate.metric))
        case = Case(gate, metric, measured, looks, gate.min_requests or self.min_requests, alpha)
        match metric.kind:
            case Kind.COUNT | Kind.EXTREME:
                return facts.counted(case)
            case Kind.SHARE:
                return share.judge(case)
            case _:
                return statistics.judge(case)
