"""Expressions of PromQL over the metrics of a rollout."""

from __future__ import annotations

import json

from nginxgen.model.metric_names import Series


def select(series: Series, service: str, *more: str) -> str:
    """The series of a service, and what `more` says of its labels: `is_("role", "canary")`, `group=~"$group"`."""
    return f"{series.name}{{{','.join((is_('service', service), *more))}}}"


def is_(label: str, value: str) -> str:
    # the strings of PromQL are those of Go, which for names are those of JSON
    return f"{label}={json.dumps(value)}"


def lasts(seconds: float) -> str:
    """A duration as Prometheus writes it: whole seconds, at least one."""
    return f"{max(1, round(seconds))}s"
