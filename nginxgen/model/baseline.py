"""What a service did once, kept under a name to compare with later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nginxgen.model.samples import Tally, add


@dataclass(frozen=True, slots=True)
class Baseline:
    """One service, measured over a time."""

    service: str
    version: str  # that was measured: the stable one of that time
    since: float  # seconds since the epoch
    until: float
    routes: Mapping[str, Tally] = field(default_factory=dict)  # by name of a route
    format: int = 1

    def of(self, routes: Sequence[str]) -> Tally:
        """Those routes together; all of them without names."""
        return add(tally for name, tally in self.routes.items() if not routes or name in routes)
