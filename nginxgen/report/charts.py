"""The charts of a rollout: share, errors, latency and requests of the canary beside stable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from nginxgen.model.gates import Metric
from nginxgen.model.reading import Point, Reading
from nginxgen.model.record import Record
from nginxgen.report.chart import Chart, Frame, Series, draw
from nginxgen.report.derived import add
from nginxgen.report.figures import Figures, beside_name

MOST = 240  # points of a line; more can't be told apart on a screen


def charts(record: Record, figures: Figures) -> tuple[Chart, ...]:
    """Empty where nothing was measured."""
    points = thinned(record.points)
    if not points:
        return ()
    words = figures.words
    starts = tuple(stage.started for stage in record.stages if stage.started is not None)
    since = min(points[0].at - points[0].seconds, starts[0] if starts else points[0].at)
    frame = Frame(since, tuple(point.at for point in points), starts[1:], figures.zone)

    beside = beside_name(words, points)

    def both(of: Callable[[Reading], float | None]) -> tuple[Series, ...]:
        return (
            Series(beside, "stable", tuple(of(point.beside) for point in points)),
            Series(words.canary, "canary", tuple(of(point.canary) for point in points)),
        )

    share = (
        Series(words.asked, "asked", tuple(point.weight for point in points), stepped=True),
        Series(words.served, "canary", tuple(point.share for point in points)),
    )
    return (
        draw(words.chart_share, share, frame, figures.percent),
        draw(words.chart_errors, both(_error_rate), frame, figures.rate, limits(record, Metric.ERROR_RATE)),
        draw(words.chart_p95, both(_p95), frame, figures.latency, limits(record, Metric.P95)),
        draw(words.chart_requests, _per_second(points, words.stable, words.canary), frame, _rps),
    )


def limits(record: Record, metric: Metric) -> tuple[tuple[float, float, float], ...]:
    """Since, until and value of the metric's gate, a stage each."""
    return tuple(
        (stage.started, stage.ended or record.at, gate.limit)
        for stage in record.stages
        if stage.started is not None
        for gate in stage.gates
        if gate.metric == metric and gate.limit is not None
    )


def thinned(points: Sequence[Point], most: int = MOST) -> tuple[Point, ...]:
    """At most about `most`: counts of neighbours added, their times the highest; steps stay where they were."""
    if len(points) <= most:
        return tuple(points)
    together = -(-len(points) // most)
    groups = groupby(enumerate(points), key=lambda pair: (pair[1].weight, pair[0] // together))
    return tuple(_joined([point for _, point in group]) for _, group in groups)


def _joined(points: Sequence[Point]) -> Point:
    last = points[-1]
    return Point(
        at=last.at,
        seconds=sum(point.seconds for point in points),
        weight=last.weight,
        canary=_together([point.canary for point in points]),
        stable=_together([point.stable for point in points]),
        verdict=last.verdict,
        control=None if last.control is None else _together([point.beside for point in points]),
    )


def _together(readings: Sequence[Reading]) -> Reading:
    """Counts of all; the rate is of all as well, times are the highest that one look had."""
    return replace(
        add(readings),
        p95=max((one.p95 for one in readings if one.p95 is not None), default=None),
        p99=max((one.p99 for one in readings if one.p99 is not None), default=None),
    )


def _error_rate(reading: Reading) -> float | None:
    return reading.error_rate


def _p95(reading: Reading) -> float | None:
    return reading.p95


def _per_second(points: Sequence[Point], stable: str, canary: str) -> tuple[Series, ...]:
    return (
        Series(stable, "stable", tuple(_over(point.stable, point) for point in points)),
        Series(canary, "canary", tuple(_over(point.canary, point) for point in points)),
    )


def _over(reading: Reading, point: Point) -> float | None:
    return reading.requests / point.seconds if point.seconds else None


def _rps(number: float) -> str:
    return f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"  # noqa: PLR2004  (from there, digits)
