"""Slices of time: narrow where they are recent, wide where they are not, so that days stay small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nginxgen.model.samples import Sample, Slice, Window, add

WIDER = 100  # times, for what is not recent


def compacted(sample: Sample, recent: int, seconds: int) -> Sample:
    """Slices that end before `recent` become `seconds` wide. The same for both versions, since it goes by the clock."""
    old: dict[int, list[Slice]] = {}
    kept: list[Slice] = []
    for slice_ in sample.slices:
        start = slice_.start - slice_.start % seconds
        if start + seconds <= recent:
            old.setdefault(start, []).append(slice_)
        else:
            kept.append(slice_)
    wide = [Slice(start, seconds, add(one.tally for one in parts)) for start, parts in old.items()]
    return replace(sample, slices=tuple(sorted((*wide, *kept), key=lambda slice_: slice_.start)))


def within(sample: Sample, window: Window) -> Sample:
    """Slices that the window touches."""
    kept = (one for one in sample.slices if one.start + one.seconds > window.since and one.start < window.until)
    return replace(sample, slices=tuple(kept))


def as_one_route(samples: Iterable[Sample], service: str, route: str, version: str) -> Sample:
    """All routes together."""
    whole = Sample(service, route, version)
    for sample in samples:
        whole += sample
    return whole
