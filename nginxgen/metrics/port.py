"""What every source of metrics can do. (A port of the house: it stands here until it moves to nginxgen/ports.py.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nginxgen.model.samples import Number, Sample, Window

ALL_ROUTES = "*"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom to measure."""

    service: str
    stable: str  # names of versions
    canary: str | None
    route: str = ALL_ROUTES


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source knows of a window."""

    canary: Sample | None = None
    stable: Sample | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    error: str | None = None  # why canary and stable are not known, or not fully: the source is down
    notes: tuple[str, ...] = ()  # for people: lines that made no sense, a clock that is wrong


class Metrics(Protocol):
    """One source. It remembers where it stopped, so that measuring again costs what is new."""

    name: str

    def measure(self, subject: Subject, window: Window) -> Reading:
        """All of the window. Never raises for a source that is down, slow or talks nonsense: `error` says so."""
