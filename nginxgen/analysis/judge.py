"""Gates and what was measured, to a verdict. Total: every input gets an answer, and no data is never a PASS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nginxgen.analysis import facts, statistics
from nginxgen.analysis.windows import View, views
from nginxgen.model.gates import Gate, Kind
from nginxgen.model.samples import Measured
from nginxgen.model.verdict import GateResult, Verdict

MIN_REQUESTS = 30


@dataclass(frozen=True, slots=True)
class Judge:
    """What holds for all gates together."""

    alpha: float = 0.05  # of rolling back a canary that is as good as the gates ask: all gates, all looks together
    min_requests: int = MIN_REQUESTS  # where a gate names no other

    def judge(self, gates: Sequence[Gate], measured: Measured) -> Verdict:
        looks = views(measured.canary, measured.stable)
        each = self.alpha / max(1, sum(gate.rollback is not None for gate in gates))
        return Verdict(tuple(self._one(gate, measured, looks, each) for gate in gates))

    def _one(self, gate: Gate, measured: Measured, looks: Sequence[View], alpha: float) -> GateResult:
        least = gate.min_requests or self.min_requests
        metric = gate.known
        if metric is None:
            return facts.number(gate, measured.numbers.get(gate.metric))
        match metric.kind:
            case Kind.COUNT | Kind.EXTREME:
                return facts.counted(gate, metric, measured, looks[-1].canary, looks[-1].stable, least)
            case Kind.SHARE:
                return facts.share(gate, measured, looks[-1], least, alpha)
            case _:
                return statistics.judge(gate, metric, measured, looks, least, alpha)
