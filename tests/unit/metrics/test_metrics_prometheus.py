"""Prometheus when all is well, and when it is not: a source that is down is an ERROR, never a verdict."""

from __future__ import annotations

import json
import math
import time
import urllib.parse
from typing import Any

import pytest
from odd_server import bytes_of, drip, endless, hang_up, serving, silence

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.metrics.combine import combine
from nginxgen.metrics.port import Subject
from nginxgen.metrics.prometheus.client import Client, Series, SourceDown
from nginxgen.metrics.prometheus.source import PrometheusMetrics, filled
from nginxgen.model.samples import Window
from nginxgen.model.sources import Queries
from nginxgen.model.verdict import Outcome

SUBJECT = Subject("shop", "v1", "v2")
WINDOW = Window(1_700_000_000, 1_700_000_300)
QUERIES = Queries("requests $version", "errors $version", "buckets $version")
NUMBERS = {"queue": "queue"}
GATES = (gate("error_rate", "< 1%"),)


def vector(*rows: tuple[dict[str, str], float | str]) -> str:
    result = [{"metric": labels, "value": [0, str(value)]} for labels, value in rows]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


DOWN = [
    bytes_of("<html>oops</html>", "500 Internal Server Error"),
    bytes_of(json.dumps({"status": "error", "error": "parse error: unexpected end"}), "400 Bad Request"),
    bytes_of("", "302 Found"),
    bytes_of("not json"),
    bytes_of(b"\xff\xfe\x00"),
    bytes_of("[]"),
    bytes_of("null"),
    bytes_of("{}"),
    bytes_of("[" * 100_000),
    bytes_of(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}})),
    bytes_of(json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}}]}})),
    bytes_of(vector(({}, "many"))),
    bytes_of(vector(({}, 1.0), ({"le": "1"}, 2.0))),
    bytes_of(vector(({}, -5.0))),
    bytes_of(vector(({}, math.inf))),
    silence,
    hang_up,
    drip(b""),
    drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
    drip(b"HTTP/1.1 200 OK\r\n\r\n"),
    endless,
]


@pytest.mark.parametrize("answer", DOWN)
def test_a_prometheus_that_is_not_well_is_an_error_in_time(answer):
    with serving(answer) as port:
        begun = time.monotonic()
        source = PrometheusMetrics(Client(f"http://127.0.0.1:{port}", timeout=0.5), Queries("a", "b"))
        reading = source.measure(SUBJECT, WINDOW)
        assert time.monotonic() - begun < 5
    assert reading.error
    assert Judge().judge(GATES, combine(reading)).outcome is Outcome.ERROR


def test_nobody_listens():
    with serving(hang_up) as port:
        pass
    reading = PrometheusMetrics(Client(f"http://127.0.0.1:{port}"), QUERIES, NUMBERS).measure(SUBJECT, WINDOW)
    assert "can't be asked" in reading.error
    assert reading.numbers["queue"].error


@pytest.mark.parametrize("answer", [bytes_of(vector()), bytes_of(vector(({}, "NaN")))])
def test_no_series_and_nan_are_no_requests_and_so_no_verdict(answer):
    with serving(answer) as port:
        reading = PrometheusMetrics(Client(f"http://127.0.0.1:{port}"), QUERIES, NUMBERS).measure(SUBJECT, WINDOW)
    assert reading.error is None
    verdict = Judge().judge((*GATES, gate("queue", "< 5", ("queue",))), combine(reading))
    assert [result.outcome for result in verdict.results] == [Outcome.INCONCLUSIVE] * 2


class Fake:
    """Answers by what is asked."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, float]] = []

    def ask(self, query: str, at: float) -> tuple[Series, ...]:
        self.asked.append((query, at))
        found = self.answers[query]
        if isinstance(found, Exception):
            raise found
        return tuple(Series(labels, value) for labels, value in found)


def _well(**more: Any) -> Fake:
    buckets = [({"le": "0.1"}, 900.0), ({"le": "0.25"}, 995.0), ({"le": "+Inf"}, 1000.2)]
    both = {
        f"{what} {version}": value
        for version in ("v1", "v2")
        for what, value in (("requests", [({}, 1000.2)]), ("errors", [({}, 3.9)]), ("buckets", buckets))
    }
    return Fake({**both, "queue": [({}, 7.0)], **{key.replace("_", " "): value for key, value in more.items()}})


def test_counts_and_buckets_become_samples_and_the_judge_judges_them():
    fake = _well()
    reading = PrometheusMetrics(fake, QUERIES, NUMBERS).measure(SUBJECT, WINDOW)
    counts, times = reading.canary.total.counts, reading.canary.total.times
    assert (counts.requests, counts.errors) == (1000, 4)
    assert [(bucket.lower, bucket.upper, bucket.count) for bucket in times.buckets] == [
        (0.0, 0.1, 900), (0.1, 0.25, 95), (0.25, math.inf, 5),
    ]  # fmt: skip
    asked = (
        gate("error_rate", "< 2%"),
        gate("p95", "< 300ms"),
        gate("p95", "< 200ms"),
        gate("queue", "< 5", ("queue",)),
    )
    results = Judge().judge(asked, combine(reading)).results
    assert [result.outcome for result in results] == [Outcome.PASS, Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]


def test_errors_without_a_series_are_not_taken_for_none():
    """A wrong label gives no series, too, and would pass every canary."""
    reading = PrometheusMetrics(_well(errors_v2=[]), QUERIES, NUMBERS).measure(SUBJECT, WINDOW)
    assert "or vector(0)" in reading.error


def test_each_measurement_adds_a_slice_and_asks_only_for_what_is_new():
    fake = _well()
    source = PrometheusMetrics(fake, Queries("requests $version", "errors $version"))
    source.measure(SUBJECT, WINDOW)
    source.measure(SUBJECT, Window(WINDOW.since, WINDOW.until + 10))  # too short to keep
    reading = source.measure(SUBJECT, Window(WINDOW.since, WINDOW.until + 90))
    assert [(one.start - WINDOW.since, one.seconds) for one in reading.canary.slices] == [(0, 300), (300, 90)]
    assert reading.canary.total.counts.requests == 2000


def test_a_source_that_comes_back_goes_on_where_it_was():
    fake = _well(requests_v2=SourceDown("down"))
    source = PrometheusMetrics(fake, Queries("requests $version", "errors $version"))
    assert source.measure(SUBJECT, WINDOW).error
    fake.answers["requests v2"] = [({}, 500.0)]
    reading = source.measure(SUBJECT, Window(WINDOW.since, WINDOW.until + 100))
    assert [(one.start - WINDOW.since, one.seconds) for one in reading.canary.slices] == [(0, 400)]


def test_only_our_own_words_are_filled_in():
    words = {"version": "v2", "service": "shop", "route": "*", "window": "60s"}
    query = 'sum(increase(x_total{v="$version",path=~"^/a$",code=~"5..$"}[$window])) / $windows'
    assert filled(query, words) == 'sum(increase(x_total{v="v2",path=~"^/a$",code=~"5..$"}[60s])) / $windows'


def test_the_password_goes_to_prometheus_and_nowhere_else():
    asked: list[bytes] = []
    with serving(bytes_of("", "403 Forbidden"), asked) as port:
        client = Client(f"http://me:s%40cret@127.0.0.1:{port}/prom/")
        with pytest.raises(SourceDown) as caught:
            client.ask("up", 1.0)
    assert "cret" not in str(caught.value)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /prom/api/v1/query ")
    assert b"Authorization: Basic bWU6c0BjcmV0" in head
    assert urllib.parse.parse_qs(body.decode())["query"] == ["up"]
