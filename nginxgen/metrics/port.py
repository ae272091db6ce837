"""What every source of metrics can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nginxgen.model.samples import Number, Sample, Window


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom to measure."""

    service: str
    stable: str  # names of versions
    canary: str | None
    routes: tuple[str, ...] = ()  # none: all of them together
    control: bool = False  # some clients of stable are the canary's control group

    @property
    def route(self) -> str:
        """As one name, for samples and for people."""
        return ",".join(self.routes) or "*"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source knows of a window."""

    canary: Sample | None = None
    stable: Sample | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    error: str | None = None  # why canary and stable are not known, or not fully: the source is down
    notes: tuple[str, ...] = ()  # for people: lines that made no sense, a clock that is wrong
    control: Sample | None = None  # those of stable's requests that are the control group's; None: there is none


class Metrics(Protocol):
    """One source. It remembers where it stopped, so that measuring again costs what is new."""

    def measure(self, subject: Subject, window: Window) -> Reading:
        """All of the window. Never raises for a source that is down, slow or talks nonsense: `error` says so."""
