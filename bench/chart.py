"""A bar chart as SVG, by hand: no dependency, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import log

from bench.report import Row
from bench.roster import ROSTER

_WIDTH, _BAR, _GAP, _LABELS = 860, 18, 8, 290
_OURS = frozenset({"nginxgen", "cli"})
_FLOOR = frozenset({"floor", "floorscript", "local"})
_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600 }
.ours { fill: #1a7f37 } .floor { fill: #8c959f } .peer { fill: #0969da }
</style>"""


def chart(rows: Sequence[Row], hosts: int) -> str:
    """Seconds of a change on `hosts` hosts, the fastest first; each line of the scale is twice the last."""
    shown = [row for row in rows if row.hosts == hosts]
    height = 70 + len(shown) * (_BAR + _GAP)
    body = "\n".join([*_grid(shown, height), *_bars(shown)])
    title = f"Change one weight on {hosts} hosts, seconds (logarithmic)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">\n'
        f'{_STYLE}\n<text class="title" x="0" y="16">{title}</text>\n{body}\n</svg>\n'
    )


def _bars(shown: Sequence[Row]) -> Iterator[str]:
    for place, row in enumerate(shown):
        y = 50 + place * (_BAR + _GAP)
        kind = "ours" if row.contestant in _OURS else "floor" if row.contestant in _FLOOR else "peer"
        length = _x(row.change, shown) - _LABELS
        yield f'<text x="0" y="{y + 14}">{escape(ROSTER[row.contestant].title)}</text>'
        yield f'<rect class="{kind}" x="{_LABELS}" y="{y}" width="{length:.0f}" height="{_BAR}" rx="2"/>'
        yield f'<text x="{_LABELS + length + 6:.0f}" y="{y + 14}">{row.change:.2f}</text>'


def _grid(shown: Sequence[Row], height: int) -> Iterator[str]:
    step = _smallest(shown)
    while step <= max(row.change for row in shown):
        x = _x(step, shown)
        yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="44" y2="{height - 16}" stroke="#8c959f" stroke-opacity="0.3"/>'
        yield f'<text x="{x:.0f}" y="38" text-anchor="middle">{step:g}</text>'
        step *= 2


def _smallest(shown: Sequence[Row]) -> float:
    """A power of two at least by half below the shortest bar."""
    smallest, least = 1.0, min(row.change for row in shown)
    while smallest > least / 2:
        smallest /= 2
    while smallest * 4 <= least:
        smallest *= 2
    return smallest


def _x(seconds: float, shown: Sequence[Row]) -> float:

    low = _smallest(shown)
    high = max(row.change for row in shown)
    return _LABELS + (_WIDTH - _LABELS - 60) * log(seconds / low) / log(high / low)
