"""From when to look: from the beginning, and from lately, so that a canary that turns bad late is seen at once.

A day of good requests would hide a bad minute. So the evidence is gathered from several starts, each with a part of the
chance to err: most of it for the beginning, and 1/(n(n+1)) of the rest for a start n slices later, which sums to one
however long it goes on. Of the recent starts those 1, 2, 4, 8, ... slices back are looked at; leaving some out errs
less. (A mixture of starts: Shin, Ramdas, Rinaldo: "E-detectors", New England Journal of Statistics in Data Science 2,
2023.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nginxgen.analysis.evidence import Pair
from nginxgen.model.samples import NOTHING, Counts, Sample, Slice, Tally, add

_FROM_THE_BEGINNING = 0.8


@dataclass(frozen=True, slots=True)
class View:
    """Both versions from one start on."""

    part: float  # of the chance to err
    canary: Tally
    stable: Tally
    slices: tuple[tuple[Counts, Counts], ...]  # canary's and stable's, for what compares slice by slice

    def pairs(self, bad: Callable[[Counts], int]) -> tuple[Pair, ...]:
        return tuple(Pair(bad(one), one.requests, bad(other), other.requests) for one, other in self.slices)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The same slice of time of both."""

    later: int  # how many of the narrowest slices after the beginning
    canary: Tally
    stable: Tally


def part_of(later: int) -> float:
    """Of the chance to err, for a start so many slices after the beginning. All that there will ever be sum to 1."""
    return _FROM_THE_BEGINNING if later == 0 else (1 - _FROM_THE_BEGINNING) / (later * (later + 1))


def views(canary: Sample | None, stable: Sample | None) -> tuple[View, ...]:
    """Latest start first; the last one is the whole. Slices that do not lie side by side are taken as one."""
    moments = _moments(canary.slices if canary else (), stable.slices if stable else ())
    found: list[View] = []
    end, canary_sum, stable_sum = len(moments), NOTHING, NOTHING
    for index in _starts(len(moments)):
        canary_sum += add(moment.canary for moment in moments[index:end])
        stable_sum += add(moment.stable for moment in moments[index:end])
        end = index
        counts = tuple((moment.canary.counts, moment.stable.counts) for moment in moments[index:])
        found.append(View(part_of(moments[index].later), canary_sum, stable_sum, counts))
    return tuple(found)


def _starts(slices: int) -> tuple[int, ...]:
    """Latest first."""
    ages = [1 << doubling for doubling in range(slices.bit_length()) if 1 << doubling < slices]
    return (*(slices - age for age in ages), 0)


def _moments(mine: Sequence[Slice], theirs: Sequence[Slice]) -> tuple[_Moment, ...]:
    widths = {one.start: one.seconds for one in (*mine, *theirs)}
    unlike = any(widths[one.start] != one.seconds for one in (*mine, *theirs))
    times = sorted(widths)
    if not times or unlike or any(start + widths[start] > after for start, after in pairwise(times)):
        return (_Moment(0, add(one.tally for one in mine), add(one.tally for one in theirs)),)
    narrowest = min(widths.values())
    of_canary, of_stable = ({one.start: one.tally for one in slices} for slices in (mine, theirs))
    return tuple(
        _Moment(-((times[0] - start) // narrowest), of_canary.get(start, NOTHING), of_stable.get(start, NOTHING))
        for start in times
    )
