"""Lines over time, as pieces that a page puts together: SVG paths without text, and labels with their places.

Text inside an SVG shrinks with it, so a label that is readable on a wide screen is not on a phone. Here the SVG is
stretched to its box (preserveAspectRatio="none", strokes of fixed width), and the labels are HTML at a percentage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from nginxgen.report import axis

WIDTH, HEIGHT = 1000, 100  # of the viewBox


@dataclass(frozen=True, slots=True)
class Series:
    """A line: a value a point."""

    name: str
    style: str  # a CSS class: "canary", "stable", "asked"
    values: tuple[float | None, ...]  # by point; None: nothing was seen
    stepped: bool = False  # holds its value until the next


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place of an axis."""

    text: str
    place: float  # percent of the axis, from the left or from below


@dataclass(frozen=True, slots=True)
class Path:
    """A line as SVG draws it."""

    style: str
    name: str
    d: str
    last: str  # the newest value in words


@dataclass(frozen=True, slots=True)
class Limit:
    """A gate's limit while it held: from, to and height in the units of the viewBox."""

    since: float
    until: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a page needs to draw one."""

    title: str
    paths: tuple[Path, ...]
    across: tuple[Label, ...]
    up: tuple[Label, ...]
    bounds: tuple[float, ...]  # where a stage begins, percent from the left
    limits: tuple[Limit, ...] = ()
    summary: str = ""  # for those who can't see it


@dataclass(frozen=True, slots=True)
class Frame:
    """What all charts of a page share: the time, and where stages begin."""

    since: float
    times: tuple[float, ...]  # of the points
    starts: tuple[float, ...]  # of the stages
    zone: tzinfo

    @property
    def until(self) -> float:
        return max(self.times[-1], self.since + 1)

    def place(self, at: float) -> float:
        """0 to 1."""
        return min(1.0, max(0.0, (at - self.since) / (self.until - self.since)))


def draw(
    title: str,
    series: Sequence[Series],
    frame: Frame,
    say: Callable[[float], str],
    limits: Sequence[tuple[float, float, float]] = (),
) -> Chart:
    """`limits`: since, until, value. `say` puts a value of the vertical axis into words."""
    seen = [value for one in series for value in one.values if value is not None]
    ticks = axis.numbers(max([*seen, *(value for _, _, value in limits)], default=0.0))
    top = ticks[-1]
    return Chart(
        title=title,
        paths=tuple(Path(one.style, one.name, _path(one, frame, top), _last(one, say)) for one in series),
        across=tuple(
            Label(text, 100 * frame.place(at)) for at, text in axis.times(frame.since, frame.until, frame.zone)
        ),
        up=tuple(Label(say(value), 100 * value / top) for value in ticks),
        bounds=tuple(100 * frame.place(at) for at in frame.starts if frame.since < at < frame.until),
        limits=tuple(
            Limit(WIDTH * frame.place(since), WIDTH * frame.place(until), _height(value, top))
            for since, until, value in limits
        ),
        summary="; ".join(f"{one.name} {_last(one, say)}" for one in series),
    )


def _last(series: Series, say: Callable[[float], str]) -> str:
    return next((say(value) for value in reversed(series.values) if value is not None), "–")


def _height(value: float, top: float) -> float:
    return round(HEIGHT * (1 - value / top), 2)


def _path(series: Series, frame: Frame, top: float) -> str:
    """Broken where nothing was seen; a point alone gets a short line, or it would not show."""
    drawn, pen = [], False
    before = frame.since
    for at, value in zip(frame.times, series.values, strict=True):
        x, x_before = (round(WIDTH * frame.place(one), 1) for one in (at, before))
        if value is None:
            pen = False
        else:
            y = _height(value, top)
            if series.stepped:
                drawn.append(f"{'L' if pen else 'M'}{x_before} {y}L{x} {y}")
            else:
                drawn.append(f"L{x} {y}" if pen else f"M{max(0.0, x - 2)} {y}L{x} {y}")
            pen = True
        before = at
    return "".join(drawn)
