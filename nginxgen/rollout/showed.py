"""When a trouble began to show, as far as the points that were kept can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nginxgen.model.gates import Metric
from nginxgen.model.reading import GateReading, Reading
from nginxgen.model.record import Stage, StageEnding
from nginxgen.model.verdict import Outcome


def showed(stage: Stage) -> float | None:
    """The beginning of the first point beyond the limit of a gate that ended the rollout; None: no point shows it."""
    if stage.ending is not StageEnding.FAILED:
        return None
    failed = [gate for gate in stage.gates if gate.outcome is Outcome.FAIL]
    beyond = [point for point in stage.points if any(_beyond(gate, point.canary) for gate in failed)]
    return min((point.at - point.seconds for point in beyond), default=None)


def _beyond(gate: GateReading, seen: Reading) -> bool:
    """On the side of the limit on which the gate failed."""
    read = _VALUES.get(gate.metric)
    value = None if read is None else read(seen)
    if value is None or gate.limit is None or gate.canary is None:
        return False
    return value >= gate.limit if gate.canary.value >= gate.limit else value <= gate.limit


def _share(count: Callable[[Reading], int]) -> Callable[[Reading], float | None]:
    return lambda seen: count(seen) / seen.requests if seen.requests else None


_VALUES: Mapping[str, Callable[[Reading], float | None]] = {
    Metric.ERROR_RATE: lambda seen: seen.error_rate,
    Metric.SUCCESS_RATE: _share(lambda seen: seen.requests - seen.errors),
    Metric.AVAILABILITY: _share(lambda seen: seen.requests - seen.server_errors),
    Metric.TIMEOUT_RATE: _share(lambda seen: seen.timeouts),
    Metric.FALLBACK_RATE: _share(lambda seen: seen.fallbacks),
    Metric.MEAN: lambda seen: seen.mean,
    Metric.P50: lambda seen: seen.p50,
    Metric.P95: lambda seen: seen.p95,
    Metric.P99: lambda seen: seen.p99,
    Metric.MAX: lambda seen: seen.max,
}
