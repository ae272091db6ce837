"""Requests of our own: at a bounded rate, to both versions, and a dead nginx is nobody's error."""

from __future__ import annotations

from itertools import pairwise
from time import monotonic
from typing import Any

import pytest
from odd_server import bytes_of, drip, hang_up, serving, silence

from nginxgen.metrics.port import Subject
from nginxgen.metrics.probe import ProbeMetrics, Request, Target
from nginxgen.model.samples import Window

SUBJECT = Subject("shop", "v1", "v2")
ALWAYS = Window(0, 1e12)


class Time:
    """Passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 1_700_000_000.0, 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def probe(port: int, number: int = 3, rate: float = 10, **fields: Any) -> tuple[ProbeMetrics, Time]:
    time = Time()
    asked = {"canary": {"X-Gray": "true"}, "stable": {"X-Gray": "false"}, "timeout": 0.3, **fields}
    request = Request("shop.example.com", "/health", **asked)
    source = ProbeMetrics(
        [Target("127.0.0.1", port)], request, number=number, rate=rate, clock=time.clock, sleep=time.sleep
    )
    return source, time


def test_both_versions_are_asked_by_the_override():
    asked: list[bytes] = []
    with serving(bytes_of("fine"), asked) as port:
        source, time = probe(port)
        begun = monotonic()
        reading = source.measure(SUBJECT, ALWAYS)
        spent = monotonic() - begun
    assert reading.canary.total.counts.successful == reading.stable.total.counts.successful == 3
    assert sum(b"X-Gray: true" in one for one in asked) == 3
    assert all(one.startswith(b"GET /health ") for one in asked), asked
    assert all(b"host: shop.example.com" in one.lower() for one in asked), asked
    assert time.slept + spent >= 6 / 10 - 0.01  # ten in a second, and no more


@pytest.mark.parametrize(
    ("status", "expect", "errors", "class_"),
    [("500 Oops", None, 2, "server_errors"), ("404 No", None, 0, "client_errors"), ("404 No", 200, 2, "client_errors")],
)
def test_what_counts_as_an_error(status, expect, errors, class_):
    with serving(bytes_of("", status)) as port:
        source, _ = probe(port, number=2, expect=expect)
        counts = source.measure(SUBJECT, ALWAYS).canary.total.counts
    assert counts.errors == errors
    assert getattr(counts, class_) == 2


@pytest.mark.parametrize("answer", [silence, drip(b"HTTP/1.1 200 OK\r\n\r\n"), drip(b"HTTP/1.1 200 OK\r\nA: ")])
def test_no_answer_in_time_is_the_versions_timeout(answer):
    with serving(answer) as port:
        source, _ = probe(port, number=1)
        reading = source.measure(SUBJECT, ALWAYS)
    counts = reading.canary.total.counts
    assert (counts.requests, counts.errors, counts.timeouts) == (1, 1, 1)
    assert reading.error is None


def test_an_nginx_that_is_down_is_an_error_of_the_source():
    with serving(hang_up) as port:
        pass
    source, _ = probe(port)
    reading = source.measure(SUBJECT, ALWAYS)
    assert reading.error == "6 of 6 requests did not get to nginx"
    assert reading.canary.total.counts.requests == 0


def test_slices_lie_side_by_side_and_begin_with_the_window():
    with serving(bytes_of("fine")) as port:
        source, time = probe(port, number=1, rate=1)
        for _ in range(3):
            source.measure(SUBJECT, ALWAYS)
        third = int(time.now)
        reading = source.measure(SUBJECT, ALWAYS)
        slices = reading.canary.slices
        assert len(slices) == 4
        assert all(one.start + one.seconds <= other.start for one, other in pairwise(slices))
        assert len(source.measure(SUBJECT, Window(third + 1, 1e12)).canary.slices) == 2
