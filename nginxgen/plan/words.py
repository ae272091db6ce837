"""Small pieces of English, and text that is safe to show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (0, "s"))  # seconds
_WEEK = 7 * 86_400  # seconds; from then on a date says more
_SHOWN = 8  # names in one sentence, before "and N more"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; a long list is cut: `a, b, … and 40 more`."""
    if len(names) > _SHOWN:
        return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def joined(hint: str | None, more: str, link: str = "") -> str:
    """Two hints as one, with a link where there is a first; after a question a sentence begins anew."""
    if hint is None:
        return more
    more = f"{link}{more}"
    return f"{hint} {more[:1].upper()}{more[1:]}" if hint.endswith("?") else f"{hint}; {more}"


def counted(number: int, noun: str) -> str:
    """`1 host`, `3 hosts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ago(at: str, now: datetime) -> str:
    """How long before `now` the ISO 8601 time `at` was: `12 s ago`, `3 h ago`; after a week the date."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return at
    seconds = int((now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds())
    if seconds < 0 or seconds >= _WEEK:
        return at
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    return f"{seconds // max(size, 1)} {unit} ago"


def visible(line: str) -> str:
    """Nothing that came from a host's files may move the cursor or colour the terminal of the reader."""
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in line)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
