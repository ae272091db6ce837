"""When steps may begin, by the wall clock of a place. Summer time comes and goes with the tz database."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nginxgen.model.rollout import Hours, Windows

DAY = 1440  # minutes
_AHEAD = 8  # days to look for the next opening: a week, and the day that is under way


def is_open(windows: Windows, now: float) -> bool:
    """`now` in seconds since the epoch."""
    allowed = not windows.allow or any(_holds(hours, now) for hours in windows.allow)
    return allowed and not any(_holds(hours, now) for hours in windows.deny)


def opens(windows: Windows, now: float) -> float | None:
    """When they are open next: now, or at an edge of one of them; None where that is not within a week."""
    if is_open(windows, now):
        return now
    edges = (edge for hours in (*windows.allow, *windows.deny) for edge in _edges(hours, now) if edge > now)
    return next((edge for edge in sorted(edges) if is_open(windows, edge)), None)


def _holds(hours: Hours, now: float) -> bool:
    local = datetime.fromtimestamp(now, ZoneInfo(hours.zone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    if hours.begin < hours.end:
        return today in hours.days and hours.begin <= minute < hours.end
    return (today in hours.days and minute >= hours.begin) or (yesterday in hours.days and minute < hours.end)


def _edges(hours: Hours, now: float) -> list[float]:
    """The moments at which these hours begin or end, from yesterday on."""
    zone = ZoneInfo(hours.zone)
    first = datetime.fromtimestamp(now, zone).date() - timedelta(days=1)
    found = []
    for day in range(_AHEAD + 1):
        date = first + timedelta(days=day)
        for minute in (hours.begin, hours.end):
            whole = date + timedelta(days=minute // DAY)
            found.append(
                datetime(whole.year, whole.month, whole.day, minute % DAY // 60, minute % 60, tzinfo=zone).timestamp()
            )
    return found
