"""Canary and stable side by side: as a table for people, as rows and as a document for programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from nginxgen.analysis.estimate import estimate
from nginxgen.model.codec import to_json
from nginxgen.model.gates import Kind, Metric
from nginxgen.model.numbers import value
from nginxgen.model.reading import GateReading, Range, Reading
from nginxgen.model.samples import Measured, Sample
from nginxgen.model.verdict import Estimate, Outcome, Verdict
from nginxgen.workflow.monitor import Frame

_SHOWN = tuple(metric for metric in Metric if metric.kind is not Kind.SHARE)
_COLOURS = {
    Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow", Outcome.ERROR: "magenta",
}  # fmt: skip


def renderable(frames: Sequence[Frame]) -> Any:
    """For rich: a table a service, and what the gates say."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    for frame in frames:
        parts.append(_table(frame))
        parts += [Text(f"  {line}", style=style) for line, style in _below(frame)]
    return Group(*parts)


def _table(frame: Frame) -> Any:
    from rich import box
    from rich.table import Table

    made = Table(title=_title(frame), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("metric", no_wrap=True)
    made.add_column(f"stable {frame.look.stable}", justify="right", no_wrap=True)
    beside = frame.measured.control is not None
    if beside:
        made.add_column(f"control {frame.look.stable}", justify="right", no_wrap=True)
    made.add_column(f"canary {frame.look.canary}" if frame.look.canary else "no canary", justify="right", no_wrap=True)
    for name, stable, control, canary in rows(frame):
        made.add_row(name, stable, *((control,) if beside else ()), canary)
    return made


def rows(frame: Frame) -> Iterator[tuple[str, str, str, str]]:
    """Name, stable, its control group, canary."""
    measured = frame.measured
    for metric in _SHOWN:
        stable, control, canary = (_shown(metric, one) for one in (measured.stable, measured.control, measured.canary))
        yield str(metric), stable, control, canary
    if (share := _share(measured)) is not None:
        asked = "" if measured.weight is None else f"asked {value(Kind.SHARE, measured.weight)}"
        yield "share", asked, "", f"{value(Kind.SHARE, share)}"
    for name, found in measured.numbers.items():
        said = "?" if found.value is None else value(Kind.NUMBER, found.value)
        opinion = "" if found.fine is None else f" ({'ok' if found.fine else 'not ok'})"
        yield name, "", "", found.error or f"{said}{opinion}"


def _shown(metric: Metric, sample: Sample | None) -> str:
    found = None if sample is None else estimate(metric, sample.total)
    if found is None:
        return "-"
    if found.lower == found.upper:
        return value(metric.kind, found.value)
    above = "any" if math.isinf(found.upper) else value(metric.kind, found.upper)
    return f"{value(metric.kind, found.value)}  ({value(metric.kind, found.lower)} .. {above})"


def _share(measured: Measured) -> float | None:
    """Of the canary in what the weight decided."""
    if measured.canary is None or measured.stable is None:
        return None
    canary, stable = measured.canary.total.counts.weighted, measured.stable.total.counts.weighted
    return canary / (canary + stable) if canary + stable else None


def _title(frame: Frame) -> str:
    look = frame.look
    weight = "" if look.weight is None else f", weight {look.weight}"
    routes = f"/{','.join(look.routes)}" if look.routes else ""
    return f"{look.service.name}{routes}{weight}, {look.window.seconds:.0f} s"


def _below(frame: Frame) -> Iterator[tuple[str, str]]:
    """Lines with their colours."""
    if frame.measured.error:
        yield f"error: {frame.measured.error}", _COLOURS[Outcome.ERROR]
    for note in frame.notes:
        yield f"note: {note}", "yellow"
    if frame.verdict is None:
        return
    if frame.gates_of:
        yield f"gates of {frame.gates_of}:", "bold"
    for result in frame.verdict.results:
        yield f"{result.outcome.upper()}  {result.sentence}", _COLOURS[result.outcome]


def document(frames: Sequence[Frame]) -> dict[str, Any]:
    """For --json."""
    verdicts = [frame.verdict for frame in frames if frame.verdict is not None]
    return {
        "verdict": _worst(verdicts),
        "services": [_service(frame) for frame in frames],
    }


def _worst(verdicts: Sequence[Verdict]) -> str | None:
    from nginxgen.model.verdict import worst

    return str(worst(verdict.outcome for verdict in verdicts)) if verdicts else None


def _service(frame: Frame) -> dict[str, Any]:
    look, measured = frame.look, frame.measured
    return {
        "service": look.service.name,
        "routes": list(look.routes),
        "since": _iso(look.window.since),
        "until": _iso(look.window.until),
        "weight": None if look.weight is None else look.weight.percent,
        "share": _share(measured),
        "stable": _version(look.stable, measured.stable),
        "canary": None if look.canary is None else _version(look.canary, measured.canary),
        "control": None if measured.control is None else _version(look.stable, measured.control),
        "numbers": {name: to_json(found) for name, found in measured.numbers.items()},
        "verdict": None if frame.verdict is None else str(frame.verdict.outcome),
        "gates_of": frame.gates_of or None,
        "gates": [to_json(GateReading.of(result)) for result in frame.verdict.results] if frame.verdict else [],
        "error": measured.error,
        "notes": list(frame.notes),
    }


def _version(name: str, sample: Sample | None) -> dict[str, Any]:
    if sample is None:
        return {"version": name, "counts": None, "metrics": {}}
    total = sample.total
    found = {str(metric): estimate(metric, total) for metric in _SHOWN}
    metrics = {metric: _range(one) for metric, one in found.items() if one is not None}
    return {"version": name, "counts": to_json(total.counts), "metrics": metrics, "reading": to_json(Reading.of(total))}


def _range(found: Estimate) -> Any:
    return to_json(Range.of(found))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table_of_numbers(looks: Sequence[Sequence[Frame]]) -> str:
    """For --csv: a line a look, service and version."""
    out = io.StringIO()
    names = ("at", "service", "role", "version", *(str(metric) for metric in _SHOWN), "verdict")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for frame in (frame for frames in looks for frame in frames):
        verdict = "" if frame.verdict is None else str(frame.verdict.outcome)
        for role, name, sample in (
            ("stable", frame.look.stable, frame.measured.stable),
            ("canary", frame.look.canary, frame.measured.canary),
            ("control", None if frame.measured.control is None else frame.look.stable, frame.measured.control),
        ):
            if name is not None:
                cells = [_cell(metric, sample) for metric in _SHOWN]
                writer.writerow((_iso(frame.look.window.until), frame.look.service.name, role, name, *cells, verdict))
    return out.getvalue()


def _cell(metric: Metric, sample: Sample | None) -> str:
    found = None if sample is None else estimate(metric, sample.total)
    return "" if found is None else f"{found.value:.6g}"
