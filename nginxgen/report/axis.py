"""Round numbers for the axes of a chart."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)  # seconds
_DAY = 86_400


def numbers(top: float, most: int = 4) -> tuple[float, ...]:
    """From 0 to the first round number at or above `top`, at most `most` steps."""
    if top <= 0:
        return (0.0, 1.0)
    raw = top / most
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * (1 - 1e-9))
    count = math.ceil(top / step * (1 - 1e-9))
    return tuple(step * i for i in range(count + 1))


def times(since: float, until: float, zone: tzinfo, most: int = 4) -> tuple[tuple[float, str], ...]:
    """Round times of the zone between, each with its words: the day where whole days are shown, else the time."""
    step = _step((until - since) / most)
    begin = datetime.fromtimestamp(since, zone)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + timedelta(seconds=step * math.ceil((begin - midnight).total_seconds() / step))
    form = "%m-%d" if step >= _DAY else "%H:%M" if step >= 60 else "%H:%M:%S"  # noqa: PLR2004  (a minute)
    found, at = [], first
    while at.timestamp() <= until:
        found.append((at.timestamp(), f"{at:{form}}"))
        at += timedelta(seconds=step)
    return tuple(found)


def _step(least: float) -> int:
    """Seconds; whole days beyond a day."""
    return next((step for step in _STEPS if step >= least), _DAY * math.ceil(least / _DAY))
