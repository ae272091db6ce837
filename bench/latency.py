"""One host behind a slow line: how much time a round trip costs, how many there are, and how many bytes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.contestants.base import Contestant
from bench.fleet import Fleet, fleet
from bench.roster import ROSTER
from bench.slow_network import Line, slow_line
from nginxgen.model.weight import ZERO, Weight

ROUND_TRIPS = (0.0, 0.05, 0.1)  # seconds
_RUNS = 3


@dataclass(frozen=True, slots=True)
class Latency:
    contestant: str
    step: str
    seconds: dict[str, float]  # median, by round trip in ms
    slope: float  # seconds of wall time that a second of round trip costs; less sure than the next on a busy machine
    round_trips: int  # counted on the line, median
    sent: int  # bytes, controller to host
    received: int
    connections: int


def latency(names: Sequence[str]) -> list[Latency]:
    with _behind_a_line() as (view, line):
        return [result for name in names for result in _of(view, line, name)]


@contextmanager
def _behind_a_line() -> Iterator[tuple[Fleet, Line]]:
    with fleet(1) as direct, slow_line(direct.sites[0].ssh) as line:
        yield Fleet(direct.lab, direct.folder / "slow", {direct.sites[0].name: line.endpoint}), line


def _of(view: Fleet, line: Line, name: str) -> Iterator[Latency]:
    contestant = ROSTER[name].make(view.spec(name, "nginxgen" if name == "cli" else name))
    try:
        contestant.prepare()
        _bring(view, contestant, name, ZERO)
        seconds: dict[tuple[str, float], list[float]] = {}
        wire: dict[str, list[tuple[int, ...]]] = {}
        for run in range(_RUNS):
            for place, line.round_trip in enumerate(ROUND_TRIPS):
                weight = Weight(9_900 + 10 * run + place + (50 if name == "cli" else 0))
                for step, target in (("change", weight), ("revert", ZERO)):
                    line.reset()
                    spent = _bring(view, contestant, name, target, revert=step == "revert")
                    seconds.setdefault((step, line.round_trip), []).append(spent)
                    if line.round_trip:  # without a delay flights run into each other
                        counts = (line.turns, line.sent, line.received, line.connections)
                        wire.setdefault(step, []).append(counts)
                    print(
                        f"{name:12} {step:7} rtt {line.round_trip * 1000:4.0f} ms {spent:7.3f} s, {line.turns} turns",
                        file=sys.stderr,
                    )
    finally:
        line.round_trip = 0.0
        contestant.close()
    for step in ("change", "revert"):
        medians = {trip: statistics.median(seconds[step, trip]) for trip in ROUND_TRIPS}
        turns, sent, received, connections = (
            round(statistics.median(column)) for column in zip(*wire[step], strict=True)
        )
        by_trip = {f"{trip * 1000:.0f}": spent for trip, spent in medians.items()}
        yield Latency(name, step, by_trip, _slope(medians), turns, sent, received, connections)


def _bring(view: Fleet, contestant: Contestant, name: str, weight: Weight, *, revert: bool = False) -> float:
    view.write_configs(contestant.spec, weight)
    if revert or (weight == ZERO and name not in {"nginxgen", "cli"}):
        return contestant.revert().seconds
    return contestant.change(str(weight)).seconds


def _slope(points: dict[float, float]) -> float:
    """Least squares."""
    middle = statistics.mean(points)
    covariance = sum((x - middle) * y for x, y in points.items())
    return covariance / sum((x - middle) ** 2 for x in points)
