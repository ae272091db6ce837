"""How long large inventories take, as SVG by hand: seconds over services, where linear growth is a straight line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log10

from bench.sizes import Size

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 520, 56, 150, 44, 36
_APART = 16  # of two labels
_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600 }
line { stroke: #8c959f; stroke-opacity: 0.3 } .linear { stroke-dasharray: 3 4; stroke-opacity: 0.6 }
polyline { fill: none; stroke: currentColor; stroke-width: 2 } circle { fill: currentColor }
.render { color: #bf8700 } .check { color: #cf222e } .again { color: #1a7f37 }
.plan { color: #8250df } .moved { color: #bf3989 } .nginx { color: #0969da }
</style>"""


@dataclass(frozen=True, slots=True)
class _Line:
    """What is drawn of each size."""

    kind: str  # its class
    title: str
    seconds: Callable[[Size], float]


_LINES = (
    _Line("render", "render", lambda size: size.render),
    _Line("check", "check, all new", lambda size: size.check),
    _Line("again", "check, one moved", lambda size: size.check_again),
    _Line("plan", "plan, all moved", lambda size: size.plan),
    _Line("moved", "plan, one moved", lambda size: size.plan_again),
    _Line("nginx", "nginx -t", lambda size: size.nginx),
)


def growth(sizes: Sequence[Size]) -> str:
    """Both scales are logarithmic; what doubles with the number of services runs along the dotted lines."""
    scale = _Scale(sizes)
    title = "Seconds of CPU by number of services (both logarithmic; dotted: linear growth)"
    body = "\n".join([*_grid(sizes, scale), *_drawn(sizes, scale)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">\n'
        f'{_STYLE}\n<text class="title" x="0" y="16">{title}</text>\n{body}\n</svg>\n'
    )


class _Scale:
    """Places on the drawing."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        seconds = [line.seconds(size) for size in sizes for line in _LINES]
        self.least, self.most = min(seconds) / 1.3, max(seconds) * 1.3
        self.first, self.last = sizes[0].services, sizes[-1].services

    def x(self, services: float) -> float:
        part = log10(services / self.first) / log10(self.last / self.first) if self.last > self.first else 0
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    def y(self, seconds: float) -> float:
        part = log10(seconds / self.least) / log10(self.most / self.least)
        return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)


def _grid(sizes: Sequence[Size], scale: _Scale) -> Iterator[str]:
    for size in sizes:
        x = scale.x(size.services)
        yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        yield f'<text x="{x:.0f}" y="{_HEIGHT - 14}" text-anchor="middle">{size.services:,}</text>'
    for power in range(-4, 4):
        step = 10.0**power
        if scale.least <= step <= scale.most:
            y = scale.y(step)
            yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.0f}" y2="{y:.0f}"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{step:g}</text>'
        yield from _linear(step, scale)


def _linear(last: float, scale: _Scale) -> Iterator[str]:
    """What takes `last` seconds for the most services, and the same for each of them."""
    each = last / scale.last
    first = max(scale.first, scale.least / each)
    if first < scale.last and last <= scale.most:
        ends = f'x1="{scale.x(first):.0f}" y1="{scale.y(first * each):.0f}" x2="{scale.x(scale.last):.0f}"'
        yield f'<line class="linear" {ends} y2="{scale.y(last):.0f}"/>'


def _drawn(sizes: Sequence[Size], scale: _Scale) -> Iterator[str]:
    above = float(_HEIGHT)
    for line in sorted(_LINES, key=lambda line: line.seconds(sizes[-1])):  # the lowest first: labels move up
        points = [(scale.x(size.services), scale.y(line.seconds(size))) for size in sizes]
        way = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        yield f'<polyline class="{line.kind}" points="{way}"/>'
        yield from (f'<circle class="{line.kind}" cx="{x:.0f}" cy="{y:.0f}" r="3"/>' for x, y in points)
        above = min(points[-1][1] + 4, above - _APART)
        last = f"{line.title} {line.seconds(sizes[-1]):.1f}"
        yield f'<text x="{_WIDTH - _RIGHT + 10}" y="{above:.0f}">{last}</text>'
