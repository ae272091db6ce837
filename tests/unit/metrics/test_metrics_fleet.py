"""The logs of a fleet, asked again and again: the sum is what was written, whoever was down in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from log_driver import LogHost, line

from nginxgen.errors import HostLost, NginxgenError, Unreachable
from nginxgen.metrics.log.source import LogMetrics
from nginxgen.metrics.port import Subject
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.samples import Window

T0 = 1_700_000_000
SUBJECT = Subject("shop", "v1", "v2")


@dataclass
class Fleet:
    hosts: dict[str, LogHost]
    now: float = T0 + 0.0
    down: dict[str, NginxgenError] = field(default_factory=dict)
    asks: list[Mapping[str, LogAsk]] = field(default_factory=list)

    def ask(self, asks: Mapping[str, LogAsk]) -> Mapping[str, LogAnswer | NginxgenError]:
        self.asks.append(asks)
        return {host: self.down[host] if host in self.down else self._answer(host, ask) for host, ask in asks.items()}

    def _answer(self, host: str, ask: LogAsk) -> LogAnswer:
        answer = self.hosts[host].answer(ask)
        return LogAnswer(answer.place, answer.read, answer.bad, answer.lost, int(self.now), answer.rows)

    def source(self) -> LogMetrics:
        return LogMetrics(list(self.hosts), self.ask, lambda: self.now)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    found = Fleet({f"edge-{number}": LogHost(tmp_path / f"edge-{number}") for number in (1, 2)})
    for host in found.hosts.values():
        host.log.touch()
    return found


def _serve(fleet: Fleet, at: float, host: str, number: int = 1, **fields: object) -> None:
    fleet.hosts[host].write(*[line(at=at, **{"address": "10.0.1.11:5000", **fields})] * number)


def _seen(source: LogMetrics, fleet: Fleet, since: float = T0) -> int:
    reading = source.measure(SUBJECT, Window(since, fleet.now))
    return reading.canary.total.counts.requests


def test_each_look_reads_only_what_is_new(fleet):
    source = fleet.source()
    total = 0
    for minute in range(5):
        for host in fleet.hosts:
            _serve(fleet, fleet.now, host, minute + 1)
            total += minute + 1
        fleet.now += 60
        assert _seen(source, fleet) == total
    assert all(ask.place for ask in fleet.asks[-1].values())


def test_the_control_group_is_a_part_of_stable_and_told_by_itself(fleet):
    _serve(fleet, T0 + 1, "edge-1", 5, asked="v1", address="10.0.1.10:5000")
    _serve(fleet, T0 + 1, "edge-2", 3, asked="v1", address="10.0.1.10:5000", rule="control")
    fleet.now = T0 + 10
    window = Window(T0, fleet.now)
    told = fleet.source().measure(replace(SUBJECT, control=True), window)
    assert told.stable.total.counts.requests == told.stable.total.counts.weighted == 8
    assert told.control.total.counts.requests == 3
    assert fleet.source().measure(SUBJECT, window).control is None


def test_a_host_that_was_down_is_caught_up_with(fleet):
    source = fleet.source()
    _serve(fleet, fleet.now, "edge-1")
    fleet.now += 10
    assert _seen(source, fleet) == 1
    fleet.down["edge-1"] = HostLost("edge-1", "the connection ended")
    fleet.down["edge-2"] = Unreachable("edge-2", "no route to host")
    _serve(fleet, fleet.now, "edge-1", 3)
    _serve(fleet, fleet.now, "edge-2", 5)
    fleet.now += 10
    reading = source.measure(SUBJECT, Window(T0, fleet.now))
    assert reading.error == "edge-1: the connection ended; edge-2: no route to host"
    fleet.down.clear()
    assert _seen(source, fleet) == 9


@pytest.mark.parametrize("down_first", [False, True])
def test_long_steps_are_kept_small_and_exact(fleet, down_first):
    """A second runner, started in the middle, sees the same as one that was there all the time."""
    source, total = fleet.source(), 0
    for number in range(120):
        for host in fleet.hosts:
            _serve(fleet, fleet.now, host)
            total += 1
        fleet.now += 97.3
        if number % 10 == 9:
            assert _seen(source, fleet) == total
    second = fleet.source()
    if down_first:
        fleet.down["edge-2"] = Unreachable("edge-2", "no route to host")
        _seen(second, fleet)
        fleet.down.clear()
        fleet.now += 3000
    assert _seen(second, fleet) == _seen(source, fleet) == total
    reading = source.measure(SUBJECT, Window(T0, fleet.now))
    assert len(reading.canary.slices) < 45
    slices = reading.canary.slices
    assert all(one.start + one.seconds <= other.start for one, other in pairwise(slices))


def test_a_late_line_of_long_ago_is_counted_where_it_belongs(fleet):
    source = fleet.source()
    _serve(fleet, T0 + 5, "edge-1")
    fleet.now += 10
    _seen(source, fleet)
    fleet.now += 10_000
    _serve(fleet, T0 + 7, "edge-1")
    _serve(fleet, fleet.now, "edge-1")
    reading = source.measure(SUBJECT, Window(T0, fleet.now + 10))
    assert [one.tally.counts.requests for one in reading.canary.slices] == [2, 1]


def test_a_host_whose_clock_is_ahead_loses_nothing_and_is_named(fleet):
    source = fleet.source()
    _serve(fleet, T0 + 400, "edge-1")
    fleet.now = T0 + 10.0
    assert _seen(source, fleet) == 0
    fleet.now = T0 + 500.0
    assert _seen(source, fleet) == 1


def test_a_wrong_clock_a_bad_log_and_lost_lines_are_said(fleet):
    answer = LogAnswer("1:2:3", 100, 50, lost=True, now=T0 + 90, rows=())
    source = LogMetrics(["edge-1"], lambda asks: dict.fromkeys(asks, answer), lambda: T0 + 0.0)
    notes = "\n".join(source.measure(SUBJECT, Window(T0, T0 + 1)).notes)
    assert "90 s ahead" in notes
    assert "50 of 100 lines" in notes
    assert "rotated away" in notes


def test_requests_to_addresses_of_no_version_are_an_error(fleet):
    source = fleet.source()
    _serve(fleet, fleet.now, "edge-1", 50)
    _serve(fleet, fleet.now, "edge-1", 2, address="192.0.2.1:80")
    fleet.now += 10
    assert (
        "2 of 52 requests of shop went to addresses of no version"
        in source.measure(SUBJECT, Window(T0, fleet.now)).error
    )


@pytest.mark.parametrize("row", ["", "x", "1\t2", "\t" * 20, "9" * 30 + "\t" * 20, "1\ta\tshop\tr\tv2" + "\t-1" * 16])
def test_a_host_that_says_nonsense_is_an_error_and_counts_for_nothing(fleet, row):
    good = fleet.hosts["edge-1"]
    good.write(line())
    rows = good.answer(LogAsk(0, 9_999_999_999, 10)).rows
    answer = LogAnswer("1:2:3", 2, 0, lost=False, now=T0, rows=(*rows, row))
    source = LogMetrics(["edge-1"], lambda asks: dict.fromkeys(asks, answer), lambda: T0 + 0.0)
    reading = source.measure(SUBJECT, Window(T0, T0 + 100))
    assert reading.error.startswith("edge-1: it said what is no row")
    assert reading.stable.total.counts.requests == 0
