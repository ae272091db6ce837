"""The metrics log of a real nginx against what the load generator knows to be true."""

from __future__ import annotations

import http.client
import http.server
import random
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import makers
import numpy as np
import pytest
from log_driver import RELEASE, LogHost
from nginx_lab import ADDRESS, Nginx, free_ports, running, until, write

from nginxgen.analysis.estimate import estimate
from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.metrics.combine import combine
from nginxgen.metrics.log.source import LogMetrics
from nginxgen.metrics.port import Subject
from nginxgen.model.gates import Metric
from nginxgen.model.intent import Intent
from nginxgen.model.samples import Window
from nginxgen.model.service import Fallback, Override
from nginxgen.model.verdict import Outcome
from nginxgen.render import render

SUBJECT = Subject("shop", "v1", "v2")

# This nginx has `access_log off` in its http block, so the line stands in the server, as docs/metrics.md says.
LINE = "access_log {log} nginxgen buffer=64k flush=1s if=$nginxgen_log;"


class _Backend(http.server.BaseHTTPRequestHandler):
    """Does what it is told: ?sleep=0.4&fail=v2"""

    version = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        time.sleep(float(told.get("sleep", "0")))
        body = self.version.encode()
        self.send_response(500 if told.get("fail") == self.version else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256


@contextmanager
def backend(version: str) -> Iterator[str]:
    handler = type("Backend", (_Backend,), {"version": version})
    with _Server((ADDRESS, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"{ADDRESS}:{server.server_port}"
        finally:
            server.shutdown()


@dataclass
class Edge:
    nginx: Nginx
    log: LogHost


@pytest.fixture
def edges(tmp_path: Path) -> Iterator[list[Edge]]:
    """Three nginx in front of the same two versions: a quarter of shop's requests to v2, saved's by a cookie."""
    with ExitStack() as stack:
        versions = tuple(makers.version(name, stack.enter_context(backend(name))) for name in ("v1", "v2"))
        found = []
        for number, port in enumerate(free_ports(3)):
            log = LogHost(tmp_path / f"edge-{number}")
            common = {"listen": (str(port),), "versions": versions, "server_extra": LINE.format(log=log.log)}
            shop = makers.service("shop", **common)
            override, fallback = Override(cookie=makers.COOKIE), Fallback(("error", "timeout", "http_500"))
            saved = makers.service("saved", override=override, fallback=fallback, **common)
            intent = Intent({"shop": makers.service_intent(shop, "25"), "saved": makers.service_intent(saved, "0")})
            host = makers.host(bind=ADDRESS, log_dir=str(log.log.parent))
            release = render((shop, saved), intent, host)
            log.release(release.id, release.file("versions").text)
            folder = tmp_path / f"nginx-{number}"
            write(release.files, folder)
            found.append(Edge(stack.enter_context(running(folder, port)), log))
        yield found


@dataclass(frozen=True)
class Asked:
    """One request, and what came of it, as the client saw it."""

    version: str
    status: int
    seconds: float
    failing: bool


def ask(edge: Edge, service: str, words: Mapping[str, str]) -> Asked:
    begun = time.monotonic()
    connection = http.client.HTTPConnection(ADDRESS, edge.nginx.port, timeout=30)
    try:
        headers = {"Host": f"{service}.example.com", "Cookie": "gray_release=true"}  # shop has no override
        connection.request("GET", f"/?{urllib.parse.urlencode(words)}", headers=headers)
        response = connection.getresponse()
        version = response.read().decode()
    finally:
        connection.close()
    return Asked(version, response.status, time.monotonic() - begun, "fail" in words)


def load(
    edges: Sequence[Edge], number: int, service: str = "shop", fail: float = 0.0, fast: bool = False
) -> list[Asked]:
    rng = random.Random(3)
    wanted = []
    for at in range(number):
        words = {} if fast else {"sleep": f"{rng.uniform(0.3, 0.9):.3f}"}
        if rng.random() < fail:
            words["fail"] = "v2"
        wanted.append((edges[at % len(edges)], service, words))
    with ThreadPoolExecutor(40) as crew:
        return list(crew.map(lambda one: ask(*one), wanted))


def written(edges: Sequence[Edge], lines: int) -> None:
    """nginx keeps lines for a second."""

    def all_there() -> bool:
        return sum(edge.log.log.read_bytes().count(b"\n") for edge in edges if edge.log.log.exists()) >= lines

    until(all_there, f"{lines} lines were not written")


def source(edges: Sequence[Edge]) -> LogMetrics:
    hosts = {f"edge-{number}": edge.log for number, edge in enumerate(edges)}
    return LogMetrics(
        list(hosts), lambda asks: {name: hosts[name].answer(one) for name, one in asks.items()}, time.time
    )


@pytest.mark.full  # the generator's clock and nginx's agree to 2 % where both have a processor
def test_every_metric_is_what_the_load_generator_knows(edges):
    since = time.time()
    truth = load(edges, 480, fail=0.3)
    written(edges, 480)
    reading = source(edges).measure(SUBJECT, Window(since, time.time() + 1))
    assert reading.error is None
    for version, sample in (("v1", reading.stable), ("v2", reading.canary)):
        mine = [one for one in truth if one.version == version]
        total = sample.total
        assert total.counts.requests == total.counts.weighted == len(mine)
        assert total.counts.errors == total.counts.server_errors == sum(one.status == 500 for one in mine)
        assert total.counts.successful == sum(one.status == 200 for one in mine)
        times = np.array([one.seconds for one in mine])
        for metric in (Metric.P50, Metric.P95, Metric.P99):
            exact = float(np.quantile(times, metric.quantile, method="inverted_cdf"))
            assert estimate(metric, total).value == pytest.approx(exact, rel=0.02)
        assert estimate(Metric.MEAN, total).value == pytest.approx(times.mean(), rel=0.01)
        assert estimate(Metric.MAX, total).value == pytest.approx(times.max(), rel=0.02)
    assert reading.canary.total.counts.errors > 0
    together = LogHost(edges[0].log.root.parent / "all")
    for edge in edges:
        for rows in (edge.log.root / "conf" / "nginxgen" / "releases").glob("*/versions"):
            if rows.parent.name != RELEASE:
                together.release(rows.parent.name, rows.read_text())
    together.log.write_bytes(b"".join(edge.log.log.read_bytes() for edge in edges))
    whole = together.measure(since=int(since)).samples
    assert whole["v1"].total == reading.stable.total
    assert whole["v2"].total == reading.canary.total


def test_a_canary_that_fails_behind_a_perfect_fallback_fails_within_one_interval(edges):
    since = time.time()
    stable = load(edges, 60, fast=True)
    saved = load(edges, 15, service="saved", fail=1.0, fast=True)
    assert {one.status for one in (*stable, *saved)} == {200}, "no client saw it"
    written(edges, 75)
    reading = source(edges).measure(Subject("saved", "v1", "v2"), Window(since, time.time() + 1))
    counts = reading.canary.total.counts
    assert (counts.requests, counts.errors, counts.fallbacks, counts.server_errors) == (15, 15, 15, 0)
    verdict = Judge().judge((gate("error_rate", "< 5%"),), combine(reading))
    assert verdict.outcome is Outcome.FAIL
    assert Judge().judge((gate("availability", "> 1%"),), combine(reading)).outcome is not Outcome.FAIL


def test_nothing_is_lost_over_rotations_under_load(edges):
    """As logrotate does it: rename, then USR1."""
    edge, since, total = edges[0], time.time(), 0
    metrics = source([edge])
    for number in range(3):
        total += len(load([edge], 60, fast=True))
        metrics.measure(SUBJECT, Window(since, time.time() + 1))
        edge.log.log.rename(f"{edge.log.log}.{3 - number}")
        metrics.measure(SUBJECT, Window(since, time.time() + 1)) if edge.log.log.exists() else None
        edge.nginx.process.send_signal(10)
        until(edge.log.log.exists, "nginx did not open its log again")
    total += len(load([edge], 60, fast=True))

    def all_counted() -> bool:
        reading = metrics.measure(SUBJECT, Window(since, time.time() + 1))
        return reading.canary.total.counts.requests + reading.stable.total.counts.requests == total

    until(all_counted, "some requests were not counted, or some twice")
