"""Numbers and sentences for an operator."""

from __future__ import annotations

import math

from nginxgen.model.gates import Base, Gate, Kind, Threshold
from nginxgen.model.numbers import value
from nginxgen.model.verdict import Estimate


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
