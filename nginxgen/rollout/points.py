"""What was seen over time, as points of a chart."""

from __future__ import annotations

from dataclasses import replace

from nginxgen.model.reading import NOTHING_SEEN, Point, Reading
from nginxgen.model.samples import Measured, Sample

MOST_POINTS = 120  # of one stage


def points(measured: Measured, weight: float, seconds: float, most: int = MOST_POINTS) -> tuple[Point, ...]:
    """What the slices show over time, at least so many seconds a point, and about `most` points at the most."""
    samples = (measured.canary, measured.stable, measured.control)
    slices = [one for sample in samples if sample is not None for one in sample.slices]
    if not slices:
        return ()
    begin, end = min(one.start for one in slices), max(one.start + one.seconds for one in slices)
    width = max(seconds, *(one.seconds for one in slices), (end - begin) / most)
    known: dict[int, list[Reading]] = {}
    for place, sample in enumerate(samples):
        for number, reading in _by_time(sample, begin, width).items():
            known.setdefault(number, [NOTHING_SEEN] * len(samples))[place] = reading
    compared = measured.control is not None
    return tuple(
        Point(begin + (number + 1) * width, width, weight, canary, stable, control=control if compared else None)
        for number, (canary, stable, control) in sorted(known.items())
    )


def _by_time(sample: Sample | None, begin: float, width: float) -> dict[int, Reading]:
    parts: dict[int, list[int]] = {}
    for index, one in enumerate(sample.slices if sample else ()):
        parts.setdefault(int((one.start - begin) // width), []).append(index)
    if sample is None:
        return {}
    return {
        number: Reading.of(replace(sample, slices=tuple(sample.slices[index] for index in places)).total)
        for number, places in parts.items()
    }
