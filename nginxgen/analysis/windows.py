"""From when to look: from the beginning, and from lately, so that a canary that turns bad late is seen at once.

A day of good requests would hide a bad minute. So the evidence is gathered from several starts, each with a part of the
chance to err: most of it for the beginning, and 1/(n(n+1)) of the rest for the n-th slice, which sums to one however
long it goes on. Of the recent starts those 1, 2, 4, 8, ... slices back are looked at; leaving some out errs less.
(A mixture of starts: Shin, Ramdas, Rinaldo: "E-detectors", New England Journal of Statistics in Data Science 2, 2023.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nginxgen.analysis.evidence import Pair
from nginxgen.model.samples import NOTHING, Counts, Sample, Slice, Tally, add

_FROM_THE_BEGINNING = 0.8


def starts(slices: int) -> tuple[tuple[int, float], ...]:
    """(from which slice on, its part of the chance to err), latest first. All parts that will ever be sum to 1."""
    found = []
    age = 1
    while age < slices:
        index = slices - age
        found.append((index, (1 - _FROM_THE_BEGINNING) / (index * (index + 1))))
        age *= 2
    return (*found, (0, _FROM_THE_BEGINNING))


@dataclass(frozen=True, slots=True)
class View:
    """Both versions from one start on."""

    part: float  # of the chance to err
    canary: Tally
    stable: Tally
    slices: tuple[tuple[Counts, Counts], ...]  # canary's and stable's, for what compares slice by slice

    def pairs(self, bad: Callable[[Counts], int]) -> tuple[Pair, ...]:
        return tuple(Pair(bad(one), one.requests, bad(other), other.requests) for one, other in self.slices)


def views(canary: Sample | None, stable: Sample | None) -> tuple[View, ...]:
    """Latest start first; the last one is the whole. Slices of unlike width are one slice."""
    mine, theirs = _aligned(canary.slices if canary else (), stable.slices if stable else ())
    found: list[View] = []
    end, canary_sum, stable_sum = len(mine), NOTHING, NOTHING
    for index, part in starts(len(mine)):
        canary_sum += add(mine[index:end])
        stable_sum += add(theirs[index:end])
        end = index
        counts = tuple((one.counts, other.counts) for one, other in zip(mine[index:], theirs[index:], strict=True))
        found.append(View(part, canary_sum, stable_sum, counts))
    return tuple(found)


def _aligned(mine: Sequence[Slice], theirs: Sequence[Slice]) -> tuple[tuple[Tally, ...], tuple[Tally, ...]]:
    if len({one.seconds for one in (*mine, *theirs)}) > 1:
        return (add(one.tally for one in mine),), (add(one.tally for one in theirs),)
    times = sorted({one.start for one in (*mine, *theirs)})
    return _at(times, mine), _at(times, theirs)


def _at(times: Sequence[int], slices: Sequence[Slice]) -> tuple[Tally, ...]:
    known = {one.start: one.tally for one in slices}
    return tuple(known.get(time, NOTHING) for time in times)
