"""Parts of the week: `Mon-Fri 09:00-17:00 Asia/Shanghai`."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.rollout import Hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAILY = "daily"
_FORM = re.compile(r"(\S+) +(\d\d):(\d\d)-(\d\d):(\d\d) +(\S+)")
_EXPECTED = 'like "Mon-Fri 09:00-17:00 Asia/Shanghai" or "daily 22:00-06:00 UTC"'
_LAST = 24 * 60


def hours(text: str) -> Hours:
    found = _FORM.fullmatch(text.strip()) if len(text) <= 200 else None  # noqa: PLR2004  (longer is no window)
    if not found:
        raise BadValue(f"{quoted(text)} is not a window", _EXPECTED)
    days, *clock, zone = found.groups()
    begin, end = _minutes(text, *clock[:2]), _minutes(text, *clock[2:])
    if begin in {end, _LAST}:
        raise BadValue(f"{quoted(text)} ends where it begins", "a whole day is 00:00-24:00")
    _require_zone(zone)
    return Hours(_days(days), begin, end, zone, text.strip())


def window(text: str) -> str:
    """The text, where it is a window."""
    return hours(text).text


def _minutes(text: str, hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) >= 60 or found > _LAST:  # noqa: PLR2004  (an hour)
        raise BadValue(f"{quoted(text)}: there is no {hour}:{minute}", "from 00:00 to 24:00")
    return found


def _days(text: str) -> frozenset[int]:
    if text.lower() == _DAILY:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last) if dash else _day(first)
        days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _day(text: str) -> int:
    if text.lower() not in _DAYS:
        raise BadValue(f"{quoted(text)} is not a day", "Mon, Tue, Wed, Thu, Fri, Sat, Sun or daily")
    return _DAYS.index(text.lower())


@cache
def _require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValue(
            f"there is no time zone {quoted(name)}", did_you_mean(name, sorted(available_timezones()))
        ) from None
