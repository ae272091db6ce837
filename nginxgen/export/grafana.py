"""A dashboard for Grafana, as its import takes it: one service, its groups and the data source as variables.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from nginxgen.export.promql import is_, select
from nginxgen.model import metric_names as names
from nginxgen.model.metric_names import Role, Series
from nginxgen.model.record import Ending
from nginxgen.model.verdict import Outcome

_SCHEMA = 39  # of Grafana 11; a newer one brings it up to date by itself
_GROUP = 'group=~"$group"'
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_LONGEST_UID = 40
_WIDTH = 24  # of Grafana's grid
_COLOURS = {
    Ending.RUNNING: "blue",
    Ending.WAITING: "purple",
    Ending.PAUSED: "orange",
    Ending.ABORTED: "red",
    Ending.FINISHED: "green",
    Ending.PROMOTED: "dark-green",
    Outcome.PASS: "green",
    Outcome.FAIL: "red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.ERROR: "purple",
}


class Draw(Enum):
    """Which of Grafana's panels."""

    LINES = "timeseries"
    NUMBER = "stat"
    STATES = "state-timeline"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Line:
    """An expression of PromQL and how its series are called."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with its place in a row: `width` of 24, `height` in Grafana's units."""

    title: str
    draw: Draw
    lines: tuple[Line, ...]
    unit: str  # as Grafana names it
    width: int
    height: int
    about: str = ""


def text(service: str) -> str:
    """JSON of the dashboard."""
    return json.dumps(_dashboard(service), indent=2) + "\n"


def panels(service: str) -> tuple[Panel, ...]:
    return (*_standing(service), *_versions(service), *_judged(service))


def _of(series: Series, service: str, *more: str) -> str:
    return select(series, service, _GROUP, *more)


def _standing(service: str) -> Iterator[Panel]:
    phase = Line(f"{_of(names.PHASE, service)} == 1", "{{group}} {{phase}}")
    step = Line(_of(names.STEP, service), "{{group}} step")
    weight = Line(_of(names.WEIGHT, service), "{{group}} asked")
    share = Line(_of(names.SHARE, service), "{{group}} served")
    looked = Line(f"time() - {_of(names.LOOKED_AT, service)}", "{{group}}")
    yield Panel("Phase", Draw.STATES, (phase,), "none", 12, 5, "How the rollout stands.")
    yield Panel("Step", Draw.NUMBER, (step, Line(_of(names.STEPS, service), "{{group}} of")), "none", 4, 5)
    yield Panel("Weight", Draw.NUMBER, (weight, share), "percent", 4, 5)
    yield Panel("Last look", Draw.NUMBER, (looked,), "s", 4, 5, "Seconds since the fleet was looked at.")
    hosts = Line(_of(names.HOSTS, service), "{{group}} hosts that answer")
    unread = Line(_of(names.UNREAD, service), "{{group}} cannot be read")
    yield Panel("Weight and share of the canary", Draw.LINES, (weight, share), "percent", 16, 8, _SHARE)
    yield Panel("Hosts", Draw.LINES, (hosts, unread), "none", 8, 8)


_SHARE = (
    "The share is counted over the requests that the weight decided, since the step began: overrides are not in it."
)
_SINCE = "Since the step began."


def _versions(service: str) -> Iterator[Panel]:
    version = "{{group}} {{role}} {{version}}"

    def both(series: Series) -> tuple[Line, ...]:
        return (Line(_of(series, service), version),)

    slowness = tuple(
        Line(_of(names.LATENCY, service, is_("percentile", one)), f"{version} {{{{percentile}}}}")
        for one in names.PERCENTILES[:-1]
    )
    most = Line(_of(names.LATENCY, service, is_("percentile", names.PERCENTILES[-1])), f"{version} {{{{percentile}}}}")
    yield Panel("Errors", Draw.LINES, both(names.ERRORS), "percentunit", 8, 8, f"Requests it failed. {_SINCE}")
    yield Panel("Server errors", Draw.LINES, both(names.SERVER_ERRORS), "percentunit", 8, 8, f"5xx seen. {_SINCE}")
    yield Panel("Requests", Draw.LINES, both(names.REQUESTS), "short", 8, 8, _SINCE)
    yield Panel("Request time", Draw.LINES, slowness, "s", 16, 9, _SINCE)
    yield Panel("Mean and longest", Draw.LINES, (*both(names.LATENCY_MEAN), most), "s", 8, 9, _SINCE)
    yield Panel("Timeouts", Draw.LINES, both(names.TIMEOUTS), "percentunit", 12, 7, _SINCE)
    yield Panel("Answered by the other version", Draw.LINES, both(names.FALLBACKS), "percentunit", 12, 7, _SINCE)


def _judged(service: str) -> Iterator[Panel]:
    state = Line(f"{_of(names.GATE_STATE, service)} == 1", "{{group}} {{gate}}: {{state}}")
    value = Line(_of(names.GATE_VALUE, service), "{{group}} {{gate}}")
    limit = Line(_of(names.GATE_LIMIT, service), "{{group}} {{gate}} ends")
    attention = Line(_of(names.GATE_ATTENTION, service), "{{group}} {{gate}}")
    yield Panel("Gates", Draw.STATES, (state,), "none", 24, 8, "What each gate says.")
    yield Panel("Values of gates, and their limits", Draw.LINES, (value, limit), "none", 16, 9, "Seconds, or 0 to 1.")
    yield Panel("Gates that ask for attention", Draw.TABLE, (attention,), "none", 8, 9)


def _dashboard(service: str) -> dict[str, object]:
    return {
        "id": None,
        "uid": _uid(service),
        "title": f"nginxgen: {service}",
        "description": f"Rollouts of {service}, from the metrics of nginxgen rollout run --listen.",
        "tags": ["nginxgen", "rollout"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,  # one cross-hair for all panels
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_datasource(), _groups(service)]},
        "annotations": {"list": [_steps(service)]},
        "panels": list(_placed(panels(service))),
    }


def _uid(service: str) -> str:
    """The same at each export, so that an import takes the place of the last. At most 40 characters, says Grafana."""
    plain = f"nginxgen-{service}"
    if len(plain) <= _LONGEST_UID:
        return plain
    return f"nginxgen-{hashlib.sha256(service.encode()).hexdigest()[:24]}"


def _datasource() -> dict[str, object]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}


def _groups(service: str) -> dict[str, object]:
    """Groups of routes. A rollout of the whole service has no such label, which `.*` takes as well."""
    query = f"label_values({select(names.PHASE, service)}, group)"
    return {
        "name": "group",
        "label": "Group",
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "groups"},
        "definition": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _steps(service: str) -> dict[str, object]:
    """A mark in every panel where another step is served."""
    return {
        "name": "Steps",
        "enable": True,
        "iconColor": "blue",
        "datasource": _SOURCE,
        "expr": f"changes({_of(names.STEP, service)}[1m]) > 0",
        "titleFormat": "another step {{group}}",
        "step": "60s",
    }


def _placed(drawn: Sequence[Panel]) -> Iterator[dict[str, object]]:
    """From left to right, in rows of panels that are alike in height."""
    x = y = 0
    for number, panel in enumerate(drawn, 1):
        if x + panel.width > _WIDTH:
            x, y = 0, y + drawn[number - 2].height
        yield _panel(number, panel) | {"gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}}
        x += panel.width


def _panel(number: int, panel: Panel) -> dict[str, object]:
    at_once = panel.draw in (Draw.NUMBER, Draw.TABLE)
    targets = [
        {
            "refId": chr(ord("A") + place),
            "datasource": _SOURCE,
            "expr": line.expression,
            "legendFormat": line.legend,
            "instant": at_once,
            "range": not at_once,
        }
        for place, line in enumerate(panel.lines)
    ]
    field = {"defaults": {"unit": panel.unit, "min": 0}, "overrides": _colours(panel)}
    return {
        "id": number,
        "type": panel.draw.value,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": field,
        "options": {"showValue": "never"} if panel.draw is Draw.STATES else {},
        "targets": targets,
    }


def _colours(panel: Panel) -> list[dict[str, object]]:
    """States in their colours; canary and stable apart at a glance."""
    words: dict[str, str] = {}
    if panel.draw is Draw.STATES:
        words = {f".*{word}$": colour for word, colour in _COLOURS.items()}
    elif "{{role}}" in panel.lines[0].legend and len(panel.lines) == 1:
        words = {f".*{Role.CANARY}.*": "orange", f".*{Role.STABLE}.*": "blue"}
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/{pattern}/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for pattern, colour in words.items()
    ]
