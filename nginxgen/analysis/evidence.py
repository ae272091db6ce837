"""Evidence that may be looked at as often as one likes.

A bet against a hypothesis that cannot win on average, if the hypothesis is true: each request that fails multiplies
what we have by e**d, and each request, whatever its end, divides it by the mean of that under the hypothesis,
1 - p + p e**d. By Ville's inequality (1939) the chance that it ever reaches 1/a is at most a, at all looks together,
with no plan of how many there will be. A bet for each of several d, in parts of the capital, is again such a bet.

Nothing is assumed but that each request fails with a chance of at most p (at least p, for d < 0), whatever happened
before it. Howard, Ramdas, McAuliffe, Sekhon: "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals
of Statistics 49(2), 2021; Robbins: "Statistical methods related to the law of the iterated logarithm", 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Direction(Enum):
    ABOVE = auto()  # the hypothesis "at most p" is bet against
    BELOW = auto()  # "at least p"


@dataclass(frozen=True, slots=True)
class Bet:
    """One d, its part of the capital as a log, and e**d - 1 and e**-d - 1, worked out once."""

    size: float
    part: float
    gain: float
    loss: float


def _bets() -> tuple[Bet, ...]:
    """From odds 1 % apart to 20,000-fold, most of the capital on 2 to 20 times.

    That is what a canary's defects look like; the tails keep the intervals closing in as requests come.
    """
    sizes = [0.01 * 1.35**step for step in range(24)]
    parts = [math.exp(-(math.log(size / 1.5) ** 2) / (2 * 0.8**2)) + 0.05 for size in sizes]
    total = math.fsum(parts)
    return tuple(
        Bet(size, math.log(part / total), math.expm1(size), math.expm1(-size))
        for size, part in zip(sizes, parts, strict=True)
    )


BETS = _bets()


def _log_sum(terms: Sequence[float]) -> float:
    top = max(terms)
    return top if math.isinf(top) else top + math.log(sum(math.exp(term - top) for term in terms))


def against(failed: int, total: int, chance: float, direction: Direction) -> float:
    """Log of the evidence of `failed` of `total` against a chance of at most, or at least, `chance` (0 to 1).

    Rises with `failed` for ABOVE and falls for BELOW; falls with `chance` for ABOVE and rises for BELOW.
    """
    if direction is Direction.ABOVE:
        return _log_sum([one.part + failed * one.size - total * math.log1p(chance * one.gain) for one in BETS])
    return _log_sum([one.part - failed * one.size - total * math.log1p(chance * one.loss) for one in BETS])


@dataclass(frozen=True, slots=True)
class Pair:
    """One slice of time: failed and total of the canary, and of stable."""

    canary_failed: int
    canary_total: int
    stable_failed: int
    stable_total: int


def against_ratio(pairs: Iterable[Pair], ratio: float) -> float:
    """Log of the evidence that the canary fails more than `ratio` times as often as stable, `ratio` >= 1.

    Of all failures of a slice, those of the canary are a share of at most r c / (r c + s), with c and s its requests
    and stable's; so a bad minute that hits both alike is no evidence, and a weight that changes does no harm. Exact
    where failures are rare, cautious elsewhere: then `ratio` is of the odds. (The conditional two-proportion test, as
    Fisher's; in this form Lindon, Malek: "Anytime-valid inference for multinomial count data", NeurIPS 2022. Drawing
    without replacement is less spread than the binomial that is bet on: Hoeffding, 1963, theorem 4.)
    """
    shares: dict[float, list[int]] = {}  # of the canary, to failures: the canary's, all
    for pair in pairs:
        weighted = ratio * pair.canary_total
        if not pair.canary_total or not pair.stable_total:
            continue  # nothing to compare with
        known = shares.setdefault(weighted / (weighted + pair.stable_total), [0, 0])
        known[0] += pair.canary_failed
        known[1] += pair.canary_failed + pair.stable_failed
    terms = [one.part + sum(_odds(one, share, *seen) for share, seen in shares.items()) for one in BETS]
    return _log_sum(terms)


def _odds(bet: Bet, share: float, mine: int, every: int) -> float:
    return mine * bet.size - every * math.log1p(share * bet.gain)
