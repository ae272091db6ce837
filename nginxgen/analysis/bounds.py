"""Bounds that hold at every look: what the evidence has not ruled out."""

from __future__ import annotations

import math
from collections.abc import Callable

from nginxgen.analysis.evidence import Direction, against

_STEPS = 45  # of a bisection: far below any figure that is shown


def lowest_share(failed: int, total: int, alpha: float) -> float:
    """The smallest chance that is not ruled out, wrong at most with `alpha`, at all looks together."""
    if failed == 0 or total == 0:
        return 0.0
    return _edge(lambda chance: against(failed, total, chance, Direction.ABOVE) < -math.log(alpha), failed / total)


def highest_share(failed: int, total: int, alpha: float) -> float:
    """The largest chance that is not ruled out."""
    return 1.0 - lowest_share(total - failed, total, alpha)


def _edge(believable: Callable[[float], bool], top: float) -> float:
    """The smallest believable value in 0..top, to machine precision; `top` is believable."""
    low, high = 0.0, top
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if believable(middle) else (middle, high)
    return low  # on the cautious side


def lowest_rank(total: int, quantile: float, alpha: float) -> int:
    """Of `total` times in order, from 1: the quantile is at least the time of this rank.

    Order statistics: were so many times or fewer at or below the quantile, their share would be too small to believe.
    Howard, Ramdas: "Sequential estimation of quantiles", Bernoulli 28(3), 2022.
    """
    ruled_out = -1
    low, high = 0, math.ceil(quantile * total)
    while low <= high:
        middle = (low + high) // 2
        if against(middle, total, quantile, Direction.BELOW) >= -math.log(alpha):
            ruled_out, low = middle, middle + 1
        else:
            high = middle - 1
    return ruled_out + 1  # 0: nothing is known


def highest_rank(total: int, quantile: float, alpha: float) -> int | None:
    """The quantile is at most the time of this rank; None: too few times to say."""
    low, high, found = math.floor(quantile * total), total, None
    while low <= high:
        middle = (low + high) // 2
        if against(middle, total, quantile, Direction.ABOVE) >= -math.log(alpha):
            found, high = middle, middle - 1
        else:
            low = middle + 1
    return found


def mean_margin(total: int, deviation: float, alpha: float) -> float:
    """How far the true mean may be from the observed one, to one side; `deviation` is the standard deviation.

    Asymptotic: right for a hundred times and more with a finite variance. Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas:
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, one-sided
    form; tightest near 500 times.
    """
    if total < _ENOUGH_FOR_A_MEAN:
        return math.inf
    tune = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / _TIGHTEST_AT
    inner = total * tune + 1
    return deviation * math.sqrt(2 * inner / (total**2 * tune) * math.log1p(math.sqrt(inner) / (2 * alpha)))


_ENOUGH_FOR_A_MEAN = 100
_TIGHTEST_AT = 500
