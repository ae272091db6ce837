"""Numbers, durations, lists of words, and raw text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nginxgen.errors import InputError
from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.unseen import first_unseen
from nginxgen.model.weight import Weight

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DURATION = re.compile(r"([1-9][0-9]{0,5})(ms|s|m|h)")
_LONGEST_WORD = 1_000  # bytes; quoted for a regular expression it must still fit into one token of nginx
_ITEMS_NAMED = 20  # of a list whose items are wrong


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number in a range."""

    def check(text: str) -> int:
        expected = f"a whole number from {low} to {high:,}"
        if not _WHOLE.fullmatch(text):
            raise BadValue(f"{quoted(text)} is not a whole number", expected)
        if not low <= int(text) <= high:
            raise BadValue(f"{text} is out of range", expected)
        return int(text)

    return check


def duration(text: str) -> str:
    """As nginx writes it: 500ms, 3s, 2m, 1h."""
    if not _DURATION.fullmatch(text):
        hint = f"write {text}s" if re.fullmatch(r"[1-9][0-9]{0,5}", text) else "like 500ms, 3s or 2m"
        raise BadValue(f"{quoted(text)} is not a duration", hint)
    return text


_SPAN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def span(text: str) -> float:
    """How long something goes on, in seconds: 30s, 5m, 1h, 1.5d."""
    found = _SPAN.fullmatch(text)
    if not found:
        hint = f"write {text}s" if re.fullmatch(r"[0-9]{1,6}", text) else "like 30s, 5m, 24h or 1d"
        raise BadValue(f"{quoted(text)} is not a duration", hint)
    return float(found[1]) * _UNITS[found[2]]


def spanning(text: str) -> str:
    """The text, where it is a duration as `span` reads it."""
    span(text)
    return text


def percent(text: str) -> Weight:
    """A weight."""
    try:
        return Weight.parse(text)
    except InputError as error:
        raise BadValue(error.message, error.hint) from None


def seconds(text: str) -> str:
    """A duration where nginx counts in seconds."""
    if duration(text).endswith("ms"):
        raise BadValue(f"{quoted(text)} is too fine: nginx counts whole seconds here", "like 10s or 2m")
    return text


def word(text: str) -> str:
    """A value that a request may carry: text on one line. An empty one would be that of every request without it."""
    if not text:
        raise BadValue("the value is empty", "every request without a value would match it: leave it out")
    if len(text.encode()) > _LONGEST_WORD:
        raise BadValue(f"{quoted(text)} is too long", f"at most {_LONGEST_WORD:,} bytes")
    if text != text.strip(" "):
        raise BadValue(f"{quoted(text)} begins or ends with a space", "requests carry values without them")
    if not text.isprintable():
        raise BadValue(f"{quoted(text)} contains a character that can't be seen", "printable text on one line")
    return text


def raw(text: str) -> str:
    """Text of several lines, for nginx as it is."""
    unseen = first_unseen(text)
    if unseen:
        raise BadValue(f"a control character ({unseen[1]}) stands in the text", "only newline and tab are taken")
    return text


def each(check: Callable[[str], str], items: Sequence[object]) -> tuple[str, ...]:
    """Every item by `check`; all that are wrong are named at once (of very many, the first).

    One call for a list of a million users: a validator an item would cost seconds and, with faults, gigabytes.
    """
    taken: list[str] = []
    wrong: dict[str | int, str] = {}
    hint = None
    for index, item in enumerate(items):
        try:
            taken.append(check(item) if isinstance(item, str) else _not_text(item))
        except BadValue as error:
            hint = hint or error.hint
            if len(wrong) < _ITEMS_NAMED:
                wrong[index] = error.message
    if wrong:
        raise BadValue("some items are wrong", hint, wrong)
    return tuple(taken)


def _not_text(item: object) -> str:
    raise BadValue("an item has no value" if item is None else "an item is not text", "text; quote it where needed")
