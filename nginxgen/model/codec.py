"""Frozen values to JSON and back, by their types alone. msgspec does the work, and is imported when it is needed."""

from __future__ import annotations

from typing import Any, TypeVar

from nginxgen.errors import InputError

T = TypeVar("T")


def to_json(value: object) -> Any:
    """Dicts, lists, strings and numbers. What is as by default is left in, so that a reader sees every field."""
    import msgspec  # noqa: PLC0415  (start-up stays small)

    return msgspec.to_builtins(value)


def from_json(kind: type[T], data: Any, source: str = "it") -> T:
    """The inverse of `to_json`. Unknown fields are left alone: a newer version wrote them. Raises InputError."""
    import msgspec  # noqa: PLC0415  (start-up stays small)

    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{source} is not a {kind.__name__}: {error}") from error
