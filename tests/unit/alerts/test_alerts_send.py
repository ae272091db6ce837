"""Messages through Apprise to a real receiver: they arrive, or it is said why not, and no address is ever told."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from receiver import Receiver, receiver

from nginxgen.alerts.send import kind, masked, send
from nginxgen.model.gates import Severity
from nginxgen.model.record import Alert, AlertFate

ALERT = Alert(1.0, Severity.P1, "shop aborted", "[P1] shop: aborted", "error_rate is 6 %\nnext: nginxgen rollout retry")
SECRET = "hunter2-" + "x" * 24


@pytest.fixture
def web() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


def dead() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"json://bot:{SECRET}@127.0.0.1:{one.getsockname()[1]}/{SECRET}"


def test_it_arrives_with_its_title_and_body(web: Receiver) -> None:
    sent = send(ALERT, (web.url(),))
    assert (sent.fate, sent.channels, sent.error) == (AlertFate.SENT, ("json",), "")
    (taken,) = web.taken
    assert (taken["title"], taken["message"], taken["type"]) == (ALERT.title, ALERT.body, "failure")


def test_one_channel_that_is_dead_keeps_no_other_from_hearing(web: Receiver) -> None:
    sent = send(ALERT, (dead(), web.url(), "no such thing"))
    assert sent.fate is AlertFate.SENT
    assert len(web.taken) == 1
    assert sent.channels == ("json", "an address without a scheme")
    assert "json: not delivered" in sent.error
    assert "an address without a scheme: not an address that Apprise knows" in sent.error


@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_is_refused_is_not_sent(web: Receiver, status: int) -> None:
    web.status = status
    assert send(ALERT, (web.url(),)).fate is AlertFate.FAILED


def test_a_channel_that_hangs_is_left_behind(web: Receiver) -> None:
    web.held.clear()
    began = time.monotonic()
    sent = send(ALERT, (web.url(),), seconds=0.5)
    assert time.monotonic() - began < 10
    assert (sent.fate, sent.error) == (AlertFate.FAILED, "json: no answer within 0.5 s")


@pytest.mark.parametrize(
    "url",
    [
        f"mailto://ann:{SECRET}@example.com",
        f"slack://{SECRET}/{SECRET}/{SECRET}/#canary",
        f"tgram://{SECRET}/12345678",
        f"https://example.com/hook/{SECRET}?token={SECRET}",
        f"pover://{SECRET}@{SECRET}",
        f"nonsense {SECRET}",
        f"://{SECRET}",
        f"json://127.0.0.1:1/{SECRET}",
    ],
)
def test_no_part_of_an_address_is_told(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert SECRET not in kind(url)
    assert SECRET not in masked(f"POST to {url} failed, {SECRET.upper()} or {SECRET}", url)
    if url.startswith(("json", "nonsense", "://")):  # the others would leave this machine
        sent = send(ALERT, (url,), seconds=5)
        assert SECRET not in repr(sent)
    out, err = capfd.readouterr()
    assert SECRET not in out + err
