"""From a spot to a finding."""

from __future__ import annotations

from nginxgen.check.around.whole import Spot
from nginxgen.errors import Finding, Place, Severity


def error(rule: str, message: str, spot: Spot, hint: str | None = None) -> Finding:
    return Finding(rule, message, _place(spot), hint, Severity.ERROR)


def warn(rule: str, message: str, spot: Spot, hint: str | None = None) -> Finding:
    return Finding(rule, message, _place(spot), hint, Severity.WARNING)


def note(rule: str, message: str, spot: Spot, hint: str | None = None) -> Finding:
    return Finding(rule, message, _place(spot), hint, Severity.NOTE)


def _place(spot: Spot) -> Place:
    return Place(spot.node.file, spot.node.line)
