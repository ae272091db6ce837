"""What `--listen` answers, by real requests over records that look like traffic."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nginxgen.cli import run
from nginxgen.errors import InputError
from nginxgen.live.board import Board, Shown
from nginxgen.live.named import meant
from nginxgen.live.server import serving
from nginxgen.model import metric_names as names
from nginxgen.model.codec import from_json
from nginxgen.model.record import Ending, Record
from tests import records

NOW = [1000.0]


@pytest.fixture
def board() -> Board:
    NOW[0] = 1000.0
    return Board(120.0, lambda: NOW[0])


@pytest.fixture
def url(board: Board) -> Iterator[str]:
    with serving("127.0.0.1", 0, board) as found:
        yield found


def ask(url: str, path: str, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def samples(url: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    _, body = ask(url, "/metrics")
    families = text_string_to_metric_families(body.decode())
    return {one.name: [(found.labels, found.value) for found in one.samples] for one in families}


def value(found: dict[str, list[tuple[dict[str, str], float]]], series: names.Series, **labels: str) -> float:
    (one,) = [number for has, number in found[series.name] if labels.items() <= has.items()]
    return one


@pytest.mark.parametrize("make", records.ALL.values(), ids=records.ALL)
def test_metrics_have_the_names_and_labels_that_rules_and_dashboards_ask_for(make, board, url) -> None:
    board.show((Shown("", make()),))
    known = {one.name: set(one.labels) for one in names.ALL}
    found = samples(url)
    assert found.keys() == known.keys()
    assert all(labels.keys() == known[name] for name, many in found.items() for labels, _ in many)
    phases = found[names.PHASE.name]
    assert {labels["phase"] for labels, _ in phases} == set(Ending)
    assert [labels["phase"] for labels, number in phases if number == 1] == [make().ending]


def test_metrics_are_the_numbers_of_the_record(board: Board, url: str) -> None:
    record = replace(records.running(), time_scale=3600.0)
    board.show((Shown("reads", record),))
    stage, found = record.stage, samples(url)
    assert stage is not None
    assert value(found, names.STEP, service="shop", group="reads") == 2
    assert value(found, names.STEP_BAKE) == 24  # 24 h, rehearsed an hour a second
    assert value(found, names.WEIGHT) == 10
    assert value(found, names.ERRORS, role="canary", version="v2") == stage.canary.errors / stage.canary.requests
    assert value(found, names.LATENCY, role="stable", percentile="p95") == stage.stable.p95
    assert value(found, names.GATE_STATE, gate="error_rate < 1%", state="pass") == 1
    assert value(found, names.GATE_STATE, gate="error_rate < 1%", state="fail") == 0


def test_no_number_no_series(board: Board, url: str) -> None:
    board.show((Shown("", records.begun()),))
    found = samples(url)
    assert not found[names.WEIGHT.name]
    assert not found[names.LATENCY.name]
    assert value(found, names.STEP) == 0
    assert value(found, names.STEPS) == 4


def test_two_gates_of_one_label_are_one_series(board: Board, url: str) -> None:
    record = records.running()
    assert record.stages[1].gates
    twice = replace(record.stages[1], gates=record.stages[1].gates * 2)
    board.show((Shown("", replace(record, stages=(record.stages[0], twice))),))
    assert len(samples(url)[names.GATE_ATTENTION.name]) == len(record.stages[1].gates)


def test_an_aborted_canary_is_asked_for_nothing(board: Board, url: str) -> None:
    board.show((Shown("", records.aborted()),))
    assert value(samples(url), names.WEIGHT) == 0


def test_health_says_whether_somebody_looks(board: Board, url: str) -> None:
    def health() -> tuple[int, str]:
        response, body = ask(url, "/health")
        return response.status, json.loads(body)["sentence"]

    assert health() == (503, "nobody has looked yet")
    board.show((Shown("", records.running()),))
    assert health() == (200, "the last look succeeded")
    NOW[0] += 121
    assert health() == (503, "the last look was 121 s ago")
    board.show((), "shop: edge-1 is locked")
    assert health() == (503, "shop: edge-1 is locked")
    assert value(samples(url), names.STEP) == 2, "what was seen before is still shown"
    board.show((Shown("", replace(records.running(), hosts=(), incomplete=("edge-1 does not answer",))),))
    assert health() == (503, "no host answers: shop")


def test_json_is_the_record_and_its_alerts(board: Board, url: str) -> None:
    record = records.aborted()
    board.show((Shown("reads", record),))
    _, body = ask(url, "/record.json")
    assert from_json(Record, json.loads(body)["rollouts"][0]) == record
    _, body = ask(url, "/alerts")
    (one,) = json.loads(body)["rollouts"]
    assert (one["service"], one["group"]) == ("shop", "reads")
    assert [alert["title"] for alert in one["alerts"]] == [alert.title for alert in record.alerts]


@pytest.mark.parametrize("path", ["/", "/metrics", "/health", "/alerts", "/record.json", "/no", "/../etc/passwd"])
def test_every_answer_is_guarded_and_head_has_no_body(path: str, url: str) -> None:
    response, body = ask(url, path)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.status == {"/no": 404, "/../etc/passwd": 404, "/health": 503}.get(path, 200)
    head, nothing = ask(url, path, "HEAD")
    assert (head.status, head.headers["Content-Length"], nothing) == (response.status, str(len(body)), b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_it_can_only_be_read(method: str, url: str) -> None:
    response, _ = ask(url, "/record.json", method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_the_page_names_nothing_outside(url: str) -> None:
    _, body = ask(url, "/")
    page = body.decode().replace("http://www.w3.org/2000/svg", "")  # the name of a namespace; nobody asks for it
    assert re.findall(r"https?:|src=|@import|url\(|\binnerHTML\b", page) == []


def test_a_port_that_is_taken_is_one_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}: "),
            serving("127.0.0.1", port, Board(1.0)),
        ):
            pytest.fail("it listens on a port that is taken")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9180", 200),
        ("127.0.0.1", 200),
        ("[::1]:9180", 200),
        ("evil.example:9180", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("[::1", 421),
    ],
)
def test_on_the_loopback_a_name_of_elsewhere_is_not_answered(host: str, status: int, url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", "/record.json", headers={"Host": host})
    response = connection.getresponse()
    assert response.status == status
    assert (b"rollouts" in response.read()) == (status == 200)
    connection.close()


@pytest.mark.parametrize(
    ("address", "answered"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("10.0.0.5", True)]
)
def test_in_a_network_names_are_usual(address: str, *, answered: bool) -> None:
    assert meant(address, "edge.example.com:9180") is answered


@pytest.mark.parametrize("address", ["256.0.0.1", "a" * 70, "192.0.2.1", "::zz"])
def test_an_address_of_nobody_here_is_one_message(address: str) -> None:
    with pytest.raises(InputError, match="cannot listen on "), serving(address, 0, Board(1.0)):
        pytest.fail("it listens where this machine is not")


@pytest.mark.parametrize("text", ["", "x", "65536", "-1", ":80", "127.0.0.1:", "127.0.0.1:http", "1.5"])
def test_an_address_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rollout", "run", "--listen", text]) == 2
    assert "[ADDR:]PORT" in capsys.readouterr().err
