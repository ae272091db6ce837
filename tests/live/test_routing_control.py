"""The control group: as many clients of stable as the canary has, told apart in the log, and left alone as it grows."""

from __future__ import annotations

import time
from pathlib import Path

import makers
import pytest
from routing_lab import Lab, line, stream

from nginxgen.check import find_nginx
from nginxgen.explain import Request, explain
from nginxgen.model.service import Fallback, Route, Source, Sticky
from nginxgen.prove import Outcome, Setting, prove
from nginxgen.render import render

BY_SID = Sticky(Source.COOKIE, "sid", control=True)
USERS = tuple(f"user-{at}" for at in range(3_000))
WEIGHTS = ("1", "10", "50", "80")


@pytest.mark.parametrize("fallback", [None, Fallback(("error", "http_500"))], ids=["plain", "fallback"])
def test_it_is_as_large_as_the_canary_and_growing_leaves_it_alone(tmp_path: Path, fallback: Fallback | None) -> None:
    lab, log = Lab.at(tmp_path), tmp_path / "decided.log"
    service = lab.service("shop", sticky=BY_SID, fallback=fallback, server_extra=f"access_log {log} nginxgen;")
    canary_before, control_before = set[str](), set[str]()
    with lab.serving([service], makers.intent([service], "0")) as nginx:
        for weight in WEIGHTS:
            intent = makers.intent([service], weight)
            log.write_text("")
            nginx.serve(lab.release([service], intent))
            served = stream(lab.port, (line("shop", f"sid={user}") for user in USERS))
            told = {user: explain(service, intent.services["shop"], _request(user)) for user in USERS}
            canary = {user for user, version in zip(USERS, served, strict=True) if version == b"v2"}
            control = {user for user in USERS if told[user].rule == "control"}
            assert canary == {user for user in USERS if told[user].version == "v2"}
            assert rules_of(log, len(USERS)) == sorted((str(one.rule), str(one.version)) for one in told.values())
            stream(lab.port, [line("shop", "other=1")] * 20)
            assert rules_of(log, len(USERS) + 20).count(("control", "v1")) == len(control), "no session, no control"
            size = min(float(weight), 100 - float(weight)) * len(USERS) / 100
            assert abs(len(control) - size) <= 4 * size**0.5
            assert canary_before <= canary
            if float(weight) <= 50:
                assert control_before <= control
                assert not control_before & canary, "who was control got the canary"
            canary_before, control_before = canary, control


def test_prove_finds_nothing_and_every_route_has_its_own(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    routes = (Route("reads", "/r"), Route("default"))
    service = lab.service("shop", sticky=BY_SID, fallback=Fallback(("error",)), routes=routes, version_header=True)
    found = prove(Setting((service,), makers.intent([service], "30"), makers.host(), render, find_nginx()))
    assert found
    assert [proof for proof in found if proof.outcome is not Outcome.PROVED] == []


def _request(user: str) -> Request:
    return Request(cookies=(("sid", user),))


def rules_of(log: Path, lines: int) -> list[tuple[str, str]]:
    """Rule and version of each line, when there are so many."""
    deadline = time.monotonic() + 10
    while log.read_text().count("\n") < lines and time.monotonic() < deadline:
        time.sleep(0.02)
    cells = [line.split("|") for line in log.read_text().splitlines()]
    return sorted((cell[3], cell[4]) for cell in cells)
