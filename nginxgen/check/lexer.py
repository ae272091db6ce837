"""nginx's own lexer (ngx_conf_read_token in ngx_conf_file.c), as far as it takes to see where blocks open and close.

crossplane's differs in corners (it takes `a "b"c;`, and reads on after `${x}`), so raw text of the user is measured
with this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_SPACE = " \t\r\n"


class End(StrEnum):
    DIRECTIVE = ";"
    OPEN = "{"
    CLOSE = "}"
    BROKEN = "broken"  # nginx would stop here; `message` says why


@dataclass(frozen=True, slots=True)
class Statement:
    """One directive up to its `;` or `{`, or one `}`."""

    end: End
    words: tuple[str, ...]  # raw, as they stand in the text
    start: int  # offset of its first character
    stop: int  # offset behind its last character
    message: str = ""


def statements(text: str) -> Iterator[Statement]:
    """The statements of a text, flat. Ends with a BROKEN one where nginx could not go on."""
    at = 0
    words: list[str] = []
    start = 0
    while True:
        at = _skip(text, at)
        if at >= len(text):
            if words:
                yield Statement(End.BROKEN, tuple(words), start, len(text), 'ends without ";"')
            return
        char = text[at]
        if char in ";{}":
            if message := _unexpected(char, words):
                yield Statement(End.BROKEN, tuple(words), at, at + 1, message)
                return
            yield Statement(End(char), tuple(words), start if words else at, at + 1)
            at, words = at + 1, []
            continue
        start = start if words else at
        stop = _word(text, at)
        if stop is None:
            yield Statement(
                End.BROKEN, tuple(words), at, len(text), "a string that is not closed, or text right behind one"
            )
            return
        words.append(text[at:stop])
        at = stop


def escape(text: str) -> Statement | None:
    """Where a text that is to stand inside a block leaves it or does not end in it; None where it stays."""
    depth = 0
    last: Statement | None = None
    for last in statements(text):
        if last.end is End.BROKEN:
            return last
        depth += {End.OPEN: 1, End.CLOSE: -1}.get(last.end, 0)
        if depth < 0:
            return last
    return last if depth else None


def line_of(text: str, statement: Statement) -> int:
    """The line of its last character, from 1; where it never ends, the line on which it begins."""
    last = statement.start if statement.end is End.BROKEN else statement.stop - 1
    return text.count("\n", 0, last) + 1


def _skip(text: str, at: int) -> int:
    """Over space and comments."""
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
        elif text[at] == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        else:
            break
    return at


def _word(text: str, at: int) -> int | None:
    """The offset behind the word that begins at `at`; None where nginx refuses it."""
    if text[at] in "\"'":
        return _string(text, at)
    dollar = False
    while at < len(text):
        char = text[at]
        if char == "\\":
            at, dollar = at + 2, False
            continue
        if char in _SPACE or char == ";" or (char == "{" and not dollar):
            return at
        dollar = char == "$" or (char == "{" and dollar)
        at += 1
    return len(text)


def _string(text: str, at: int) -> int | None:
    quote, at = text[at], at + 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    behind = text[at + 1 : at + 2]
    return at + 1 if at < len(text) and (not behind or behind in _SPACE + ";{)") else None


def _unexpected(char: str, words: list[str]) -> str:
    if char == "}":
        return 'a "}" where ";" was expected' if words else ""
    return "" if words else f'unexpected "{char}"'
