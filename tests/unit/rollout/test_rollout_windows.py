"""Windows, by the wall clock of a place."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.inventory.words.hours import hours
from nginxgen.model.rollout import Windows
from nginxgen.rollout.windows import is_open, opens

WORK = Windows((hours("Mon-Fri 09:00-17:00 Asia/Shanghai"),))
NIGHT = Windows((hours("Fri 22:00-06:00 Europe/Berlin"),))


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("windows", "when", "is_so"),
    [
        (Windows(), "2026-11-22T03:00", True),
        (WORK, "2026-11-23T00:59", False),  # Monday 08:59 in Shanghai
        (WORK, "2026-11-23T01:00", True),
        (WORK, "2026-11-23T08:59", True),
        (WORK, "2026-11-23T09:00", False),
        (WORK, "2026-11-22T02:00", False),  # Sunday
        (NIGHT, "2026-11-27T20:59", False),
        (NIGHT, "2026-11-27T21:00", True),
        (NIGHT, "2026-11-28T04:59", True),
        (NIGHT, "2026-11-28T05:00", False),
        (NIGHT, "2026-07-03T20:00", True),  # summer time
        (Windows(WORK.allow, (hours("Mon 12:00-13:00 Asia/Shanghai"),)), "2026-11-23T04:30", False),
        (Windows((), (hours("daily 00:00-24:00 UTC"),)), "2026-11-23T04:30", False),
    ],
)
def test_open_or_closed(windows: Windows, when: str, is_so: bool) -> None:
    assert is_open(windows, at(when)) is is_so


@pytest.mark.parametrize(
    ("windows", "when", "next_"),
    [
        (WORK, "2026-11-20T12:00", "2026-11-23T01:00"),  # over the weekend
        (WORK, "2026-11-23T02:00", "2026-11-23T02:00"),  # open now
        (NIGHT, "2026-11-28T05:00", "2026-12-04T21:00"),
        (Windows(WORK.allow, (hours("Mon 09:00-12:00 Asia/Shanghai"),)), "2026-11-22T00:00", "2026-11-23T04:00"),
    ],
)
def test_the_next_opening(windows: Windows, when: str, next_: str) -> None:
    found = opens(windows, at(when))
    assert found is not None
    assert datetime.fromtimestamp(found, UTC) == datetime.fromtimestamp(at(next_), UTC)


def test_what_is_never_open_says_so() -> None:
    assert opens(Windows((), (hours("daily 00:00-24:00 UTC"),)), at("2026-11-22T00:00")) is None


@given(st.floats(1e9, 3e9), st.sampled_from([WORK, NIGHT, Windows(WORK.allow, NIGHT.allow)]))
def test_it_is_open_when_it_is_said_to_open_and_not_before(now: float, windows: Windows) -> None:
    found = opens(windows, now)
    assert found is not None
    assert is_open(windows, found)
    assert found >= now
    assert is_open(windows, now) == (found == now)
