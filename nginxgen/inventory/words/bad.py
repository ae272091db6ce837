"""The error of every type at the door."""

from __future__ import annotations

from collections.abc import Mapping


class BadValue(ValueError):
    """The value can't be taken; `hint` says what is expected.

    `items` holds what is wrong with single entries where the value is a collection: key or index to message.
    """

    def __init__(self, message: str, hint: str | None = None, items: Mapping[str | int, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.items = items or {}
