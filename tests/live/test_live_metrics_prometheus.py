"""A real Prometheus that scrapes a small exporter: counts, buckets, an outage."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nginx_lab import ADDRESS, free_ports, until

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.metrics.combine import combine
from nginxgen.metrics.port import Subject
from nginxgen.metrics.prometheus.client import Client
from nginxgen.metrics.prometheus.source import PrometheusMetrics
from nginxgen.model.samples import Window
from nginxgen.model.sources import Queries
from nginxgen.model.verdict import Outcome

pytestmark = pytest.mark.full  # needs Prometheus and minutes

SUBJECT = Subject("shop", "v1", "v2")
QUERIES = Queries(
    requests='sum(last_over_time(requests_total{version="$version"}[$window]))',
    errors='sum(last_over_time(errors_total{version="$version"}[$window]))',
    buckets='sum by (le) (last_over_time(seconds_bucket{version="$version"}[$window]))',
)
NUMBERS = {
    "queue": "queue_depth",
    "nothing": "no_such_metric",
    "nan": "queue_depth * NaN",
    "several": "errors_total",
}
EXPORTED = """\
requests_total{version="v1"} 9000
requests_total{version="v2"} 1000
errors_total{version="v1"} 9
errors_total{version="v2"} 80
seconds_bucket{version="v2",le="0.1"} 500
seconds_bucket{version="v2",le="0.2"} 990
seconds_bucket{version="v2",le="+Inf"} 1000
seconds_bucket{version="v1",le="0.1"} 8500
seconds_bucket{version="v1",le="0.2"} 9000
seconds_bucket{version="v1",le="+Inf"} 9000
queue_depth 7
"""


class _Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(EXPORTED.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _exporter() -> Iterator[int]:
    with http.server.ThreadingHTTPServer((ADDRESS, 0), _Exporter) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its URL and process, once it has scraped."""
    program = shutil.which("prometheus")
    assert program, "this test needs Prometheus: apt-get install --no-install-recommends prometheus"
    [port] = free_ports(1)
    with _exporter() as exporter:
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{ADDRESS}:{exporter}']}}]}}]\n"
        )
        argv = [
            program, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address={ADDRESS}:{port}", "--log.level=error",
        ]  # fmt: skip
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://{ADDRESS}:{port}"

        def scraped() -> bool:
            source = PrometheusMetrics(Client(url, 2), QUERIES, NUMBERS)
            canary = source.measure(SUBJECT, _now()).canary
            return canary is not None and canary.total.counts.requests == 1000

        try:
            until(scraped, "Prometheus did not scrape")
            yield url, process
        finally:
            process.kill()
            process.wait(10)


def _now() -> Window:
    return Window(time.time() - 30, time.time() + 1)


def test_what_prometheus_knows_is_judged_and_an_outage_is_no_verdict(prometheus):
    url, process = prometheus
    reading = PrometheusMetrics(Client(url, 5), QUERIES, NUMBERS).measure(SUBJECT, _now())
    assert reading.error is None
    counts = reading.canary.total.counts
    assert (counts.requests, counts.errors) == (1000, 80)
    numbers = reading.numbers
    assert numbers["queue"].value == 7
    assert numbers["nothing"].value is None
    assert "2 series" in numbers["several"].error
    names = tuple(numbers)
    asked = (
        gate("error_rate", "<= stable + 0.5pp"), gate("p95", "< 250ms"), gate("p95", "< 150ms"),
        gate("queue", "< 10", names), gate("nothing", "< 10", names), gate("nan", "< 10", names),
        gate("several", "< 10", names),
    )  # fmt: skip
    wanted = [
        Outcome.FAIL, Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE,
        Outcome.ERROR,
    ]  # fmt: skip
    assert [result.outcome for result in Judge().judge(asked, combine(reading)).results] == wanted
    broken = Queries("sum(", "sum(")
    assert "parse error" in PrometheusMetrics(Client(url, 5), broken).measure(SUBJECT, _now()).error
    process.kill()
    process.wait(10)
    down = PrometheusMetrics(Client(url, 2), QUERIES, NUMBERS).measure(SUBJECT, _now())
    assert Judge().judge(asked[:4], combine(down)).outcome is Outcome.ERROR
