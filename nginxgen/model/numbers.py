"""Numbers as people read them."""

from __future__ import annotations

import math

from nginxgen.model.gates import Kind

_WHOLE = 1e15


def value(kind: Kind, number: float) -> str:
    """`1.3 %`, `210 ms`, `1.25 s`, `1,204`."""
    if math.isinf(number):
        return "no limit"
    if kind.is_share:
        return f"{digits(number * 100)} %"
    if kind.is_time:
        return f"{digits(number)} s" if number >= 1 else f"{digits(number * 1000)} ms"
    return f"{number:,.0f}" if number == int(number) and abs(number) < _WHOLE else f"{number:.4g}"


def digits(number: float) -> str:
    """Three digits that count, never an exponent, no zeros at the end."""
    if number == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:.{min(decimals, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
