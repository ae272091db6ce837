"""Numbers and sentences for an operator."""

from __future__ import annotations

import math

from nginxgen.model.gates import Base, Gate, Kind, Threshold
from nginxgen.model.verdict import Estimate

_SMALL = 0.0995  # seconds: below, a digit after the point is worth showing
_WHOLE = 1e15


def value(kind: Kind, number: float) -> str:
    """`1.3 %`, `210 ms`, `1.25 s`, `1,204`."""
    if math.isinf(number):
        return "no limit"
    if kind.is_share:
        return f"{_digits(number * 100)} %"
    if kind.is_time:
        return f"{_digits(number)} s" if number >= 1 else f"{_digits(number * 1000)} ms"
    return f"{number:,.0f}" if number == int(number) and abs(number) < _WHOLE else f"{number:.4g}"


def _digits(number: float) -> str:
    """Three digits that count, never an exponent, no zeros at the end."""
    if number == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:.{min(decimals, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(kind: Kind, found: Estimate) -> str:
    """`1.3 % (0.62 to 2.9 %, 1,204 requests)`"""
    requests = f"{found.requests:,} request{'' if found.requests == 1 else 's'}"
    if found.lower == found.upper:
        return f"{value(kind, found.value)} ({requests})"
    above = "any" if math.isinf(found.upper) else value(kind, found.upper)
    return f"{value(kind, found.value)} ({value(kind, found.lower)} to {above}, {requests})"


def limit(kind: Kind, threshold: Threshold, at: float | None) -> str:
    """`< 1%`, or `<= stable + 50% (1.5 %)` where it had to be worked out."""
    if threshold.base is Base.FIXED or at is None:
        return threshold.text
    return f"{threshold.text} ({value(kind, at)})"


def kind_of(gate: Gate) -> Kind:
    metric = gate.known
    return metric.kind if metric else Kind.NUMBER
