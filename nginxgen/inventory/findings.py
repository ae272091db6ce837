"""What can be wrong with an inventory, as findings with a place."""

from __future__ import annotations

from enum import StrEnum

from nginxgen.errors import Finding, InvalidInput, Place

MOST_SHOWN = 200  # findings; beyond that nobody reads
_MOST_KEPT = 5_000  # and of a file with a million faults, these are enough to sort
_LONGEST = 300  # characters of a message
_LONGEST_VALUE = 60  # and of a value in it


class Rule(StrEnum):
    """The stable ids of findings in an inventory."""

    FILE = "inventory/file"
    SYNTAX = "inventory/syntax"
    LIMIT = "inventory/limit"
    TAG = "inventory/tag"
    UNKNOWN_KEY = "inventory/unknown-key"
    MISSING = "inventory/missing"
    TYPE = "inventory/type"
    VALUE = "inventory/value"
    DUPLICATE = "inventory/duplicate"
    DANGLING = "inventory/dangling"
    CONFLICT = "inventory/conflict"


class Findings:
    """Collects what is wrong with one file while it is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Finding] = []
        self._untold = 0

    def add(self, rule: Rule, line: int, message: str, hint: str | None = None) -> None:
        if len(self._found) >= _MOST_KEPT:
            self._untold += 1
            return
        shown = hint and short(_printable(hint), _LONGEST)
        self._found.append(Finding(rule, short(_printable(message), _LONGEST), Place(self.file, line), shown))

    def more(self, number: int) -> None:
        """There are so many findings beyond those that were added."""
        self._untold += number

    def stop(self, rule: Rule, line: int, message: str, hint: str | None = None) -> InvalidInput:
        """The error to raise where reading can't go on: this finding, after those already made."""
        self.add(rule, line, message, hint)
        return self.error()

    def __bool__(self) -> bool:
        return bool(self._found)

    def error(self) -> InvalidInput:
        """All of them in the order of the file, each once."""
        found = sorted(dict.fromkeys(self._found), key=lambda finding: (finding.place and finding.place.line) or 0)
        rest = len(found[MOST_SHOWN:]) + self._untold
        if rest:
            found = found[:MOST_SHOWN]
            found.append(Finding(Rule.LIMIT, f"and {rest:,} more", found[-1].place))
        return InvalidInput(found)


def quoted(text: str) -> str:
    """A value as a message shows it: on one line, printable, not endless."""
    return f'"{_printable(short(text, _LONGEST_VALUE))}"'


def _printable(text: str) -> str:
    """Keys and values come from the file: a terminal must not obey them."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
