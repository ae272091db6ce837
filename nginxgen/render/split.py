"""The share of a version in one weighted upstream, whatever the number and the weights of its servers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nginxgen.model.service import Server
from nginxgen.model.weight import FULL, Weight


def shares(stable: Sequence[Server], canary: Sequence[Server], weight: Weight) -> tuple[list[int], list[int]]:
    """Nginx's `weight=` of each server so that the canary servers together get exactly `weight`.

    With p the weight and W the sum of a version's own weights: canary i gets p * W_stable * w_i, stable j gets
    (1 - p) * W_canary * w_j, all divided by their greatest common divisor. Backup servers take no share; they keep
    their own weight. `weight` is neither 0 nor 100 %.
    """
    p = weight.hundredths
    raw_stable = [(FULL.hundredths - p) * _total(canary) * server.weight for server in stable]
    raw_canary = [p * _total(stable) * server.weight for server in canary]
    paired = [*zip(stable, raw_stable, strict=True), *zip(canary, raw_canary, strict=True)]
    divisor = math.gcd(*(raw for server, raw in paired if not server.backup))
    reduced = [server.weight if server.backup else raw // divisor for server, raw in paired]
    return reduced[: len(stable)], reduced[len(stable) :]


def _total(servers: Iterable[Server]) -> int:
    return sum(server.weight for server in servers if not server.backup)
