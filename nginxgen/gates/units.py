"""Amounts with units, as people write them: `1%`, `0.5pp`, `200ms`, `3s`, `1000`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nginxgen.errors import InputError
from nginxgen.model.gates import Kind

NUMBER = r"\d{1,15}(?:\.\d{1,15})?"
UNIT = r"%|[a-zA-Zµ]*"
_AMOUNT = re.compile(rf"(?P<number>-?{NUMBER})\s*(?P<unit>{UNIT})")
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0}
TIMES = "200ms, 1.5s or 2m"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit, as a person writes it."""

    number: float
    unit: str  # as written; "" where there is none


def amount(text: str) -> Amount:
    """Raises InputError where `text` is no number with at most a unit."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found:
        raise InputError(
            f"{text[:80]!r} is not an amount", hint="a number with its unit, like 1%, 0.5pp, 200ms or 1000"
        )
    return Amount(float(found["number"]), found["unit"])


def value(given: Amount, kind: Kind, what: str) -> float:
    """In seconds, as a fraction, or as it is. `what` names the metric. Raises InputError for a unit it cannot have."""
    if kind.is_share:
        if given.unit != "%":
            raise InputError(f"{what} is a share of the requests, and {_shown(given)} is none", hint="like 1%")
        return given.number / 100
    if kind.is_time:
        if given.unit not in _SECONDS:
            raise InputError(f"{what} is a time, and {_shown(given)} is none", hint=f"like {TIMES}")
        return given.number * _SECONDS[given.unit]
    if given.unit:
        raise InputError(f"{what} is a plain number, and {_shown(given)} is none", hint="leave the unit out")
    return given.number


def points(given: Amount, kind: Kind, what: str) -> float:
    """What is added to a base, in the metric's own unit: percentage points, a time, a number. Raises InputError."""
    if kind.is_share:
        if given.unit != "pp":
            hint = "0.5pp adds half a percentage point, 50% half of the base"
            raise InputError(f"{_shown(given)} can't be added to {what}", hint=hint)
        return given.number / 100
    return value(given, kind, what)


def _shown(given: Amount) -> str:
    return f"{given.number:g}{given.unit}"
