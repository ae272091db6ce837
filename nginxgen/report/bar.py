"""A gate's interval as a bar with the limit on it: seen at a glance, which side it is on, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.reading import GateReading


@dataclass(frozen=True, slots=True)
class Bar:
    """Places in percent of the bar's width."""

    lower: float
    width: float
    value: float
    limit: float | None


def bar(gate: GateReading) -> Bar | None:
    """None where nothing has a place: no number, or nothing to compare it with."""
    seen, limit = gate.canary, gate.limit
    if seen is None or limit is None:
        return None
    upper = seen.value if seen.upper is None else seen.upper
    places = (seen.lower, seen.value, upper, limit)
    low, high = min(places), max(places)
    room = (high - low) * 0.15 or 1.0
    low, high = (max(0.0, low - room) if low >= 0 else low - room), high + room

    def place(number: float) -> float:
        return round(100 * (number - low) / (high - low), 2)

    end = 100.0 if seen.upper is None else place(upper)
    return Bar(place(seen.lower), round(end - place(seen.lower), 2), place(seen.value), place(limit))
