"""One gate, with all that its answer depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from nginxgen.analysis.compare import Sides
from nginxgen.analysis.estimate import failed
from nginxgen.analysis.windows import View
from nginxgen.model.gates import Base, Gate, Kind, Metric, Threshold
from nginxgen.model.samples import Measured, Tally


@dataclass(frozen=True, slots=True)
class Case:
    """What one gate is judged by, for one metric."""

    gate: Gate
    metric: Metric
    measured: Measured
    looks: Sequence[View]  # latest start first, the whole last
    least: int  # requests, for anything but a catastrophe
    alpha: float  # of rolling back wrongly

    @property
    def whole(self) -> View:
        return self.looks[-1]

    @property
    def name(self) -> str:
        return self.measured.canary.version if self.measured.canary else "the canary"

    def number(self, tally: Tally) -> int:
        """Of requests that the metric is made of."""
        return tally.times.count if self.metric.kind.is_time else tally.counts.requests

    def sides(self, view: View, threshold: Threshold) -> Sides:
        """The canary, and what the threshold compares it with."""
        if threshold.base is Base.BASELINE:
            return Sides(view.canary, self.measured.baselines.get(threshold.name))
        if threshold.base is not Base.STABLE or not self.number(view.stable):
            return Sides(view.canary, None)
        pairs = view.pairs(partial(failed, self.metric)) if self.metric.kind is Kind.RATE else ()
        return Sides(view.canary, view.stable, pairs)
