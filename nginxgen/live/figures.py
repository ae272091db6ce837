"""Records as Prometheus reads them: the series of `model.metric_names`, none of them without a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from nginxgen.live.board import Shown
from nginxgen.model import metric_names as names
from nginxgen.model.metric_names import Role, Series
from nginxgen.model.reading import GateReading, Reading
from nginxgen.model.record import Ending, Record
from nginxgen.model.verdict import Outcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
Labels = tuple[str, ...]
Number = tuple[Series, Labels, float | None]


def text(rollouts: Iterable[Shown]) -> bytes:
    """In Prometheus' text format. https://prometheus.io/docs/instrumenting/exposition_formats/"""
    registry = CollectorRegistry()  # its own: the library's default one tells of this process as well
    gauges = {series: Gauge(series.name, series.help, series.labels, registry=registry) for series in names.ALL}
    for one in rollouts:
        for series, labels, number in _rollout((one.record.service, one.group), one.record):
            if number is not None:
                gauges[series].labels(*labels).set(number)
    return generate_latest(registry)


def _rollout(labels: Labels, record: Record) -> Iterator[Number]:
    for ending in Ending:
        yield names.PHASE, (*labels, ending), float(record.ending is ending)
    yield names.STEPS, labels, len(record.stages)
    yield names.LOOKED_AT, labels, record.at
    yield names.HOSTS, labels, len(record.hosts)
    yield names.UNREAD, labels, len(record.incomplete)
    stage = record.stage
    yield names.STEP, labels, stage.number if stage else 0
    if stage is None:
        return
    yield names.STEP_STARTED, labels, stage.started
    yield names.STEP_BAKE, labels, stage.bake / record.time_scale
    yield names.WEIGHT, labels, 0 if record.ending is Ending.ABORTED else stage.weight
    yield names.SHARE, labels, stage.share.value if stage.share else None
    yield from _version((*labels, record.canary, Role.CANARY), stage.canary)
    yield from _version((*labels, record.stable, Role.STABLE), stage.stable)
    # two gates of one label are one series: the first is kept
    for label, gate in {names.gate_label(gate): gate for gate in reversed(stage.gates)}.items():
        yield from _gate((*labels, gate.metric, label), gate)


def _version(labels: Labels, seen: Reading) -> Iterator[Number]:
    yield names.REQUESTS, labels, seen.requests
    counts = (
        (names.ERRORS, seen.errors),
        (names.SERVER_ERRORS, seen.server_errors),
        (names.TIMEOUTS, seen.timeouts),
        (names.FALLBACKS, seen.fallbacks),
    )
    for series, count in counts:
        yield series, labels, count / seen.requests if seen.requests else None
    times = (seen.p50, seen.p95, seen.p99, seen.max)
    for percentile, seconds in zip(names.PERCENTILES, times, strict=True):
        yield names.LATENCY, (*labels, percentile), seconds
    yield names.LATENCY_MEAN, labels, seen.mean


def _gate(labels: Labels, gate: GateReading) -> Iterator[Number]:
    for outcome in Outcome:
        yield names.GATE_STATE, (*labels, outcome), float(gate.outcome is outcome)
    yield names.GATE_VALUE, labels, gate.canary.value if gate.canary else None
    yield names.GATE_LIMIT, labels, gate.limit
    yield names.GATE_ATTENTION, labels, float(gate.attention)
