"""What keeps a service from counting as well, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import makers
import pytest
from states import SHOP

from nginxgen.errors import HostFailed
from nginxgen.fleet.fake import FakeHost
from nginxgen.model.service import Smoke
from nginxgen.smoke.health import Patience, health

SOON = Patience(whole=0.03, once=0.02, between=0.005)


def ask(answer: bytes | None, *smoke: Smoke, listen: tuple[str, ...] = ("80",)) -> None:
    well = health((replace(SHOP, smoke=smoke, listen=listen),), SOON)
    assert well is not None
    host = FakeHost("edge-1")
    host.answer = answer
    well(host.connect(), replace(makers.host(bind="10.0.0.1"), name="edge-1"))


def test_nothing_to_ask() -> None:
    assert health((SHOP,)) is None


@pytest.mark.parametrize("status", [200, 204, 301, 503])
def test_the_status_that_was_asked_for(status: int) -> None:
    ask(f"HTTP/1.1 {status} Whatever\r\n\r\n".encode(), Smoke("/health", status))


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "got status 502 from http://10.0.0.1:80"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "which is not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "got it answered 'SSH-2.0-OpenSSH"),
        (b"x" * 20_000, "which is not HTTP"),
        (b"", "got it closed without an answer"),
        (None, "cannot connect to 10.0.0.1:80 on the host"),
    ],
)
def test_another_answer_fails_the_host(answer: bytes | None, got: str) -> None:
    with pytest.raises(HostFailed) as failed:
        ask(answer, Smoke("/health"))
    assert failed.value.message.startswith("edge-1: smoke shop/health: expected status 200, got")
    assert got in failed.value.message
    assert failed.value.hint


JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"state": "ready", "checks": [{"up": true, "n": 3}]}'


@pytest.mark.parametrize(
    "smoke",
    [
        Smoke("/", body="ready"),
        Smoke("/", json={"state": "ready", "checks.0.up": "true", "checks.0.n": "3"}),
        Smoke("/", within=3.0),
    ],
)
def test_what_must_be_in_an_answer_is_in_it(smoke: Smoke) -> None:
    ask(JSON, smoke)


@pytest.mark.parametrize(
    ("answer", "smoke", "why"),
    [
        (JSON, Smoke("/", body="broken"), "the text 'broken' is not in the answer"),
        (JSON, Smoke("/", json={"state": "up"}), "state is 'ready', not 'up'"),
        (JSON, Smoke("/", json={"checks.1.up": "true"}), "there is no checks.1.up"),
        (b"HTTP/1.1 200 OK\r\n\r\n{", Smoke("/", json={"a": "b"}), "the answer is not JSON"),
        (JSON, Smoke("/", within=0.0), "s, not 0"),
    ],
)
def test_what_must_be_in_an_answer_and_is_not(answer: bytes, smoke: Smoke, why: str) -> None:
    with pytest.raises(HostFailed) as failed:
        ask(answer, smoke)
    assert why in failed.value.message


def test_every_path_counts() -> None:
    with pytest.raises(HostFailed, match="smoke shop/b"):
        ask(b"HTTP/1.1 200 OK\r\n\r\n", Smoke("/a"), Smoke("/b", 404))


def test_a_service_without_a_port_can_not_be_asked() -> None:
    with pytest.raises(HostFailed, match="no TCP port"):
        ask(b"", Smoke("/"), listen=("unix:/run/x.sock",))
