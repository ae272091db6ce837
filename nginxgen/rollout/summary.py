"""A step as it was seen, kept with the line that ends it: the report needs no other source."""

from __future__ import annotations

import json
from dataclasses import replace

from nginxgen.errors import InputError
from nginxgen.model.codec import from_json, to_json
from nginxgen.model.gates import Metric
from nginxgen.model.reading import NOTHING_SEEN, GateReading, Range, Reading
from nginxgen.model.record import Stage, StageEnding
from nginxgen.model.rollout import RolloutPlan, Standing
from nginxgen.model.samples import Measured, Sample
from nginxgen.model.verdict import Verdict
from nginxgen.rollout.points import points

_PERCENT = 100.0
_FEW = 24  # points of a step in a journal


def stage(plan: RolloutPlan, standing: Standing, verdict: Verdict, measured: Measured, now: float) -> Stage:
    """The step that is served, as it stands."""
    step = plan.steps[min(standing.step, len(plan.steps) - 1)]
    return Stage(
        number=standing.step + 1,
        weight=float(standing.weight.percent),
        bake=step.bake,
        ending=StageEnding.RUNNING,
        started=standing.since,
        ended=now,
        note=step.note,
        watch=step.watch.name,
        verdict=verdict.outcome,
        sentence=verdict.sentence,
        share=_share(verdict, measured),
        canary=_reading(measured.canary),
        stable=_reading(measured.stable),
        control=None if measured.control is None else _reading(measured.control),
        gates=tuple(GateReading.of(result) for result in verdict.results),
    )


def summary(plan: RolloutPlan, standing: Standing, verdict: Verdict, measured: Measured, now: float) -> str:
    """JSON of the stage, with few points over time: it is a line in a journal."""
    found = points(measured, float(standing.weight.percent), 0.0, _FEW)
    data = to_json(replace(stage(plan, standing, verdict, measured, now), points=found))
    for point in data["points"]:  # what is as by default need not be told
        for version in ("canary", "stable", "control"):
            if point[version] is not None:
                point[version] = {name: _short(value) for name, value in point[version].items() if value}
    return json.dumps(data, separators=(",", ":"))


def _short(value: float) -> float:
    """Enough digits for a chart."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def read(text: str) -> Stage | None:
    """The inverse; None where there is nothing, or nonsense."""
    try:
        return from_json(Stage, json.loads(text)) if text else None
    except (ValueError, RecursionError, InputError):
        return None


def _reading(sample: Sample | None) -> Reading:
    return NOTHING_SEEN if sample is None else Reading.of(sample.total)


def _share(verdict: Verdict, measured: Measured) -> Range | None:
    """Percent of what the weight decided; with its interval where a gate looked at it."""
    for result in verdict.results:
        if result.gate.known is Metric.SHARE and result.canary is not None:
            found = result.canary
            return Range(found.value * _PERCENT, found.lower * _PERCENT, found.upper * _PERCENT, found.requests)
    canary, stable = _reading(measured.canary).weighted, _reading(measured.stable).weighted
    if not canary + stable:
        return None
    value = _PERCENT * canary / (canary + stable)
    return Range(value, value, value, canary + stable)
