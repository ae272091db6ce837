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

import numpy as np
import pytest
from log_driver import RELEASE, LogHost
from nginx_lab import ADDRESS, Nginx, free_ports, running, until

from nginxgen.analysis.estimate import estimate
from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.metrics.combine import combine
from nginxgen.metrics.log.source import LogMetrics
from nginxgen.metrics.port import Subject
from nginxgen.model.gates import Metric
from nginxgen.model.samples import Window
from nginxgen.model.verdict import Outcome

pytestmark = pytest.mark.full  # needs Prometheus and minutes

SUBJECT = Subject("shop", "v1", "v2")

# As the templates render it, but in the server block: this nginx has `access_log off` above.
HTTP = """
geo $nginxgen_release {{ default {release}; }}
map "" $nginxgen_service {{ default ""; }}
map "" $nginxgen_route {{ default "-"; }}
map "" $nginxgen_rule {{ default "-"; }}
map "" $nginxgen_asked {{ default "-"; }}
log_format nginxgen '$msec $nginxgen_release|$nginxgen_service|$nginxgen_route|$nginxgen_rule|$nginxgen_asked|$status|$upstream_addr|$upstream_status|$request_time\\t$bytes_sent\\t$upstream_response_time;';
upstream shop.split {{ zone s 64k; server {v1} weight=3 max_fails=0; server {v2} max_fails=0; }}
upstream shop.canary {{ zone c 64k; server {v2} max_fails=0; server {v1} backup; }}
server {{
    listen {port};
    access_log {log} nginxgen buffer=64k flush=1s if=$nginxgen_service;
    set $nginxgen_service shop;
    proxy_next_upstream error timeout http_500;
    location / {{
        set $nginxgen_route default; set $nginxgen_asked split; set $nginxgen_rule weight;
        proxy_next_upstream off;
        proxy_pass http://shop.split;
    }}
    location /saved {{
        set $nginxgen_route saved; set $nginxgen_asked canary; set $nginxgen_rule cookie;
        proxy_pass http://shop.canary;
    }}
}}
"""  # noqa: E501  (a log_format is one string)


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
    """Three nginx in front of the same two versions."""
    with ExitStack() as stack:
        v1, v2 = (stack.enter_context(backend(version)) for version in ("v1", "v2"))
        found = []
        for number, port in enumerate(free_ports(3)):
            log = LogHost(tmp_path / f"edge-{number}")
            versions = f"shop\tstable\tv1\nshop\tcanary\tv2\nshop\t{v1}\tv1\nshop\t{v2}\tv2\n"
            (log.root / "conf" / "nginxgen" / "releases" / RELEASE / "versions").write_text(versions)
            folder = tmp_path / f"nginx-{number}"
            folder.mkdir()
            http_block = HTTP.format(release=RELEASE, v1=v1, v2=v2, port=f"{ADDRESS}:{port}", log=log.log)
            found.append(Edge(stack.enter_context(running(folder, port, http_block)), log))
        yield found


@dataclass(frozen=True)
class Asked:
    """One request, and what came of it, as the client saw it."""

    version: str
    status: int
    seconds: float
    failing: bool


def ask(edge: Edge, path: str, words: Mapping[str, str]) -> Asked:
    begun = time.monotonic()
    connection = http.client.HTTPConnection(ADDRESS, edge.nginx.port, timeout=30)
    try:
        connection.request("GET", f"{path}?{urllib.parse.urlencode(words)}")
        response = connection.getresponse()
        version = response.read().decode()
    finally:
        connection.close()
    return Asked(version, response.status, time.monotonic() - begun, "fail" in words)


def load(edges: Sequence[Edge], number: int, path: str = "/", fail: float = 0.0, fast: bool = False) -> list[Asked]:
    rng = random.Random(3)
    wanted = []
    for at in range(number):
        words = {} if fast else {"sleep": f"{rng.uniform(0.3, 0.9):.3f}"}
        if rng.random() < fail:
            words["fail"] = "v2"
        wanted.append((edges[at % len(edges)], path, words))
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
    one_host = edges[0].log.root.parent / "all"
    together = LogHost(one_host)
    (one_host / "conf" / "nginxgen" / "releases" / RELEASE / "versions").write_bytes(
        (edges[0].log.root / "conf" / "nginxgen" / "releases" / RELEASE / "versions").read_bytes()
    )
    together.log.write_bytes(b"".join(edge.log.log.read_bytes() for edge in edges))
    whole = together.measure(since=int(since)).samples
    assert whole["v1"].total == reading.stable.total
    assert whole["v2"].total == reading.canary.total


def test_a_canary_that_fails_behind_a_perfect_fallback_fails_within_one_interval(edges):
    since = time.time()
    stable = load(edges, 60, fast=True)
    saved = load(edges, 15, path="/saved", fail=1.0, fast=True)
    assert {one.status for one in (*stable, *saved)} == {200}, "no client saw it"
    written(edges, 75)
    reading = source(edges).measure(Subject("shop", "v1", "v2", ("saved",)), Window(since, time.time() + 1))
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
