"""A canary that fails, on real nginx: what the client gets, what ran twice, what the log says."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import makers
import nginx_lab
import pytest
from faulty import Backend, Fault
from nginx_lab import ADDRESS
from routing_lab import Answer, Ask, Lab

from nginxgen.model.service import Anonymous, Fallback, Source, Sticky

ON = ("error", "timeout", "http_500", "http_502", "http_503", "http_504")
FALLBACK = Fallback(ON, "300ms")
CLIENT, REQUEST = "by client", "by request"
FORMS = (CLIENT, REQUEST)
_LOG = "log_format tried '$request_method|$status|$upstream_addr|$upstream_status';"


@dataclass
class Scene:
    lab: Lab
    stable: Backend
    canary: Sequence[Backend]
    answers: list[str] = field(default_factory=list)

    def ask(self, method: str, **more) -> Answer | str:
        """The answer, or "broken" where it never became one."""
        body = b"x" if method in ("POST", "PUT", "PATCH") else None
        try:
            return self.lab.ask("shop", Ask(method=method, body=body, **more))
        except (http.client.HTTPException, OSError):
            return "broken"

    def logged(self, lines: int) -> list[list[str]]:
        """Method, status, the version of each try, and the status of each."""
        file = self.lab.folder / "tried.log"
        nginx_lab.until(lambda: len(file.read_text().splitlines()) >= lines, "the log has too few lines")
        names = {f"{ADDRESS}:{self.stable.port}": "v1"} | {f"{ADDRESS}:{one.port}": "v2" for one in self.canary}
        found = [line.split("|") for line in file.read_text().splitlines()]
        return [
            [method, status, ",".join(names.get(one, one) for one in tried.split(", ")), statuses.replace(" ", "")]
            for method, status, tried, statuses in found
        ]

    def ran(self, method: str) -> tuple[int, int]:
        """How often at stable, and at the canary."""
        return self.stable.ran[method], sum(one.ran[method] for one in self.canary)


@contextmanager
def scene(
    folder: Path, fault: Fault, form: str, fallback: Fallback | None = FALLBACK, canaries: int = 1, **fields
) -> Iterator[Scene]:
    """Nearly every request is the canary's, and the first ones are."""
    lab = Lab.at(folder)
    stable = Backend("v1", lab.v1)
    canary = [Backend("v2", port, fault) for port in (lab.v2, *nginx_lab.free_ports(canaries - 1))]
    service = lab.service(
        "shop",
        versions=(
            makers.version("v1", f"{ADDRESS}:{stable.port}"),
            makers.version("v2", *(f"{ADDRESS}:{one.port}" for one in canary)),
        ),
        sticky=Sticky(Source.COOKIE, "sid", Anonymous.ADDRESS) if form == CLIENT else None,
        fallback=fallback,
        server_extra=f"access_log {folder}/tried.log tried;",
        **fields,
    )
    weight = "100" if form == CLIENT else "99"
    with ExitStack() as stack:
        for one in (stable, *canary):
            stack.enter_context(one.running())
        stack.enter_context(lab.serving([service], makers.intent([service], weight), backends=_LOG))
        yield Scene(lab, stable, canary)


SAVED = ("200", "v1")
# fault, method: what the client gets (status and who answered), where it ran (stable, canary), the tries in the log
TABLE = {
    (Fault.REFUSES, "GET"): (SAVED, (1, 0), "v2,v1", "502,200"),
    (Fault.REFUSES, "POST"): (SAVED, (1, 0), "v2,v1", "502,200"),
    (Fault.HANGS, "GET"): (SAVED, (1, 1), "v2,v1", "504,200"),
    (Fault.HANGS, "POST"): (("504", ""), (0, 1), "v2", "504"),
    (Fault.RESETS, "GET"): (SAVED, (1, 1), "v2,v1", "502,200"),
    (Fault.RESETS, "POST"): (("502", ""), (0, 1), "v2", "502"),
    (Fault.E500, "GET"): (SAVED, (1, 1), "v2,v1", "500,200"),
    (Fault.E500, "POST"): (("500", "v2"), (0, 1), "v2", "500"),
    (Fault.E502, "GET"): (SAVED, (1, 1), "v2,v1", "502,200"),
    (Fault.E502, "POST"): (("502", "v2"), (0, 1), "v2", "502"),
    (Fault.E503, "GET"): (SAVED, (1, 1), "v2,v1", "503,200"),
    (Fault.E503, "POST"): (("503", "v2"), (0, 1), "v2", "503"),
    (Fault.E504, "GET"): (SAVED, (1, 1), "v2,v1", "504,200"),
    (Fault.E504, "POST"): (("504", "v2"), (0, 1), "v2", "504"),
    # Once the head is on its way to the client, nobody can take it back.
    (Fault.SLOW_BODY, "GET"): ("broken", (0, 1), "v2", "200"),
    (Fault.SLOW_BODY, "POST"): ("broken", (0, 1), "v2", "200"),
    # Idempotent by RFC 9110, 9.2.2, and so sent again; PATCH is not.
    (Fault.E500, "PUT"): (SAVED, (1, 1), "v2,v1", "500,200"),
    (Fault.E500, "DELETE"): (SAVED, (1, 1), "v2,v1", "500,200"),
    (Fault.E500, "PATCH"): (("500", "v2"), (0, 1), "v2", "500"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("fault", "method"), TABLE, ids=[f"{fault}-{method}" for fault, method in TABLE])
def test_what_a_fault_does(tmp_path: Path, fault: Fault, method: str, form: str) -> None:
    expected, ran, tried, statuses = TABLE[fault, method]
    with scene(tmp_path, fault, form) as made:
        answer = made.ask(method)
        got = answer if isinstance(answer, str) else (str(answer.status), answer.version)
        assert got == expected
        assert made.logged(1) == [[method, "200" if got == "broken" else got[0], tried, statuses]]
        assert made.ran(method) == ran


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fault", [Fault.REFUSES, Fault.RESETS, Fault.E503])
def test_with_the_whole_canary_dead_no_get_fails(tmp_path: Path, form: str, fault: Fault) -> None:
    with scene(tmp_path, fault, form, canaries=3) as made:
        answers = [made.ask("GET") for _ in range(300)]
        assert {(one.status, one.version) for one in answers} == {(200, "v1")}
        assert made.stable.ran["GET"] == 300
        failed = [line for line in made.logged(300) if "v2" in line[2]]
        assert len(failed) >= 20  # until nginx leaves the canary alone, each failure shows
        assert all(line[2].endswith("v1") and line[3].endswith("200") for line in failed)


@pytest.mark.parametrize("form", FORMS)
def test_a_hanging_canary_of_two_servers_costs_time_and_no_request(tmp_path: Path, form: str) -> None:
    with scene(tmp_path, Fault.HANGS, form, canaries=2) as made:
        began = time.monotonic()
        answer = made.ask("GET")
        assert (answer.status, answer.version) == (200, "v1")
        assert 0.55 <= time.monotonic() - began <= 5


@pytest.mark.parametrize("form", FORMS)
def test_post_runs_twice_only_where_that_was_asked_for(tmp_path: Path, form: str) -> None:
    with scene(tmp_path, Fault.E500, form, Fallback(ON, "300ms", retry_unsafe=True)) as made:
        assert made.ask("POST").version == "v1"
        assert made.ran("POST") == (1, 1)


@pytest.mark.parametrize("form", FORMS)
def test_only_what_is_listed_is_a_failure(tmp_path: Path, form: str) -> None:
    with scene(tmp_path, Fault.E500, form, Fallback(("error", "timeout"), "300ms")) as made:
        answer = made.ask("GET")
        assert (answer.status, answer.version) == (500, "v2")


@pytest.mark.parametrize("canaries", [1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_buggy_url_does_not_take_stable_down(tmp_path: Path, form: str, canaries: int) -> None:
    """Both versions answer 500: each client gets one, and the next good request still finds stable."""
    with scene(tmp_path, Fault.E500, form, canaries=canaries) as made:
        made.stable.fault = Fault.E500
        assert {made.ask("GET").status for _ in range(100)} == {500}
        made.stable.fault = Fault.NONE
        assert {made.ask("GET").status for _ in range(40)} == {200}


@pytest.mark.parametrize("form", FORMS)
def test_the_version_that_really_answered_is_told(tmp_path: Path, form: str) -> None:
    with scene(tmp_path, Fault.E503, form, version_header=True) as made:
        answer = made.ask("GET", headers=(("X-Gray-Version", "forged"),))
        assert answer.headers["X-Gray-Version"] == answer.version == "v1"
        told = [b"X-Gray-Version: v2" in one for one in (*made.canary[0].seen, *made.stable.seen)]
        assert told == [form == CLIENT] * 2  # by request, nobody knows before nginx has picked a server
        assert not any(b"forged" in one for one in made.stable.seen)


def test_a_websocket_may_be_silent_for_longer_than_the_timeout(tmp_path: Path) -> None:
    """The backend here answers nothing within the timeout; a plain request is cut, a WebSocket is not."""
    with scene(tmp_path, Fault.HANGS, CLIENT, Fallback(("error",), "300ms")) as made:
        assert made.ask("GET").status == 504
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            made.lab.ask("shop", Ask(headers=(("Upgrade", "websocket"), ("Connection", "upgrade"))), timeout=1)
        assert time.monotonic() - began >= 1
