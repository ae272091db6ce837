"""Clients under load while releases come and go: what a change costs those who are connected.

wrk asks as fast as it is answered: each request on a connection of its own, or all on a few that are kept. A failed one
was refused, cut, or answered with anything but 200. docs/host-protocol.md has the figures.
"""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from host_driver import Machine, Parcel, Talk, applied, parcel, poll

CONNECTIONS = 16


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: int
    failed: int


@contextmanager
def load(host: Machine, *flags: str) -> Iterator[list[Load]]:
    """wrk beside the block; its one result when the block has ended."""
    wrk = shutil.which("wrk") or pytest.fail("these tests ask with wrk: apt-get install wrk", pytrace=False)
    url = f"http://{host.layout.address}:{host.layout.web_port}/"
    argv = [wrk, "-t", "1", "-c", str(CONNECTIONS), "-d", "390s", "--timeout", "5s", *flags, url]
    result: list[Load] = []
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield result
        process.send_signal(signal.SIGINT)  # it says what it has seen
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, said
    counted = re.search(r"(\d+) requests in", said)
    assert counted, said
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    other = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    failed = sum(map(int, errors.groups())) if errors else 0
    result.append(Load(int(counted[1]), failed + (int(other[1]) if other else 0)))


def change(host: Machine, release: Parcel) -> None:
    applied(host, release)


def revert(host: Machine, back: Parcel, now: Parcel) -> None:
    """Back to a release that the host has kept: no upload."""
    with Talk(host) as talk:
        assert talk.begin("revert")["ok"]
        assert talk.trial(back.id, now.id, now.id)["ok"]
        talk.do("commit")


def changes(host: Machine, rounds: int) -> None:
    """So many applies, and a revert after each."""
    one = parcel(host, "one")
    for number in range(rounds):
        two = parcel(host, f"two-{number}")
        change(host, two)
        revert(host, one, two)


ROUNDS = [2, pytest.param(20, marks=pytest.mark.full)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_new_connection_fails(machine: Machine, rounds: int) -> None:
    applied(machine, parcel(machine, "one"))
    with load(machine, "-H", "Connection: close") as found:
        changes(machine, rounds)
    assert found[0].requests > 500 * rounds
    assert found[0].failed == 0


@pytest.mark.full  # how many of them meet a closed door depends on what else the machine does
@pytest.mark.parametrize("rounds", [20])
def test_connections_that_are_kept_lose_at_most_one_request_each_a_reload(machine: Machine, rounds: int) -> None:
    """A request that is on its way when the old worker closes meets a closed door."""
    applied(machine, parcel(machine, "one"))
    with load(machine) as found:
        changes(machine, rounds)
    assert found[0].requests > 500 * rounds
    assert found[0].failed <= 2 * rounds * CONNECTIONS


def test_a_reload_closes_connections_that_are_idle(machine: Machine) -> None:
    """Before keepalive_min_timeout (nginx 1.27.4) nothing helps but a client that asks again, as browsers do."""
    applied(machine, parcel(machine, "one"))
    kept = [http.client.HTTPConnection(machine.layout.address, machine.layout.web_port, timeout=5) for _ in range(20)]
    for connection in kept:
        connection.request("GET", "/")
        connection.getresponse().read()
    old = set(machine.workers())
    change(machine, parcel(machine, "two"))
    poll(lambda: not old & set(machine.workers()), "the old workers go")
    broken = 0
    for connection in kept:
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):
            broken += 1
        connection.close()
    assert broken == len(kept)
