"""Real hosts in the hands of worker processes and of a Dask cluster: the command line, and a worker that dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Cli
from fleet_tools import NOTE, change, empty, hosts_of, release, which

from nginxgen.demo import processes
from nginxgen.demo.lab import Lab
from nginxgen.errors import Exit
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.spread import Spread, reach
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome
from nginxgen.model.progress import Event, Mark, Phase

SLOW = pytest.mark.full


@pytest.fixture(params=["processes", pytest.param("dask", marks=[SLOW, pytest.mark.xdist_group("dask")])])
def spread(request: pytest.FixtureRequest) -> Spread:
    if request.param == "dask":
        return Spread(scheduler=request.getfixturevalue("cluster").whole())
    return Spread(workers=2)


def words(spread: Spread) -> list[str]:
    return ["--workers", str(spread.workers)] if spread.scheduler is None else ["--scheduler", spread.scheduler]


def test_the_command_line_ends_alike(inventory: Path, spread: Spread) -> None:
    cli, where = Cli(inventory), words(spread)
    assert cli.json("apply", "--weight", "10", "--yes", *where)["outcome"] == "applied"
    seen = cli.json("status", *where)["hosts"]
    assert seen == cli.json("status")["hosts"]
    assert {host["services"]["shop"]["weights"]["default"] for host in seen} == {10}
    assert cli.json("revert", "--yes", *where)["outcome"] == "applied"


def worker_of(opened: Sessions) -> Callable[[str], int]:
    """The pid of the process that holds a host's connection: it is the other end of what its sshd talks to."""

    def pid(name: str) -> int:
        session: Any = opened._open[name]
        remote = session._line._remote
        if hasattr(remote, "_process"):
            return int(remote._process.pid)
        address = remote.name.rpartition(" ")[2]
        client = remote._shared.client
        return int(client.run(os.getpid, workers=[address])[address])

    return pid


@pytest.mark.parametrize(
    "phase", [Phase.TRIAL, *(pytest.param(one, marks=SLOW) for one in (Phase.STAGE, Phase.COMMIT))]
)
def test_a_worker_that_is_killed_costs_no_host_its_release(lab: Lab, spread: Spread, phase: Phase) -> None:
    """It is killed as soon as it has begun with a step on one of its hosts; the other worker holds the others."""
    hosts = hosts_of(lab)
    apply(hosts, "one", Spread())
    done = threading.Event()

    def kill(pid_of: Callable[[str], int], event: Event) -> None:
        if event.host == hosts[0].name and (event.phase, event.mark) == (phase, Mark.STARTED) and not done.is_set():
            done.set()
            os.kill(pid_of(event.host), signal.SIGKILL)

    outcome = apply(hosts, "two", spread, kill)
    assert done.is_set()
    ended = {result.host: result.outcome for result in outcome.hosts}
    if phase is Phase.STAGE:
        assert outcome.exit is Exit.REFUSED
        assert ended[hosts[0].name] is HostOutcome.REFUSED
    else:
        assert outcome.exit is Exit.UNDONE, outcome
        assert ended[hosts[0].name] is HostOutcome.REVERTED
    assert any("is gone" in result.message for result in outcome.hosts)
    for host in lab.hosts:
        processes.wait_for(partial(_serves, host, "one"), f"{host.name} serves what it did", seconds=10)
    with Sessions.open(hosts) as opened:
        states = opened.observe()
    assert all(state.live == state.running and not state.drift for state in states.values()), states


def _serves(host: Any, label: str) -> bool:
    return all(which(host) == label for _ in range(3))


def apply(hosts: tuple[Host, ...], label: str, spread: Spread, kill: Any = None) -> Any:
    pid_of: list[Callable[[str], int]] = []

    def listen(event: Event) -> None:
        if kill is not None and pid_of:
            kill(pid_of[0], event)

    with Sessions.open(hosts, None, listen, partial(reach, spread=spread)) as opened:
        pid_of.append(worker_of(opened))
        states = opened.observe()
        changes = [change(host, states[host.name], release(host, label)) for host in hosts]
        return carry_out(opened, changes, {host.name: empty(host) for host in hosts}, NOTE)


@SLOW
def test_two_commands_at_once_on_the_same_workers(inventory: Path, spread: Spread) -> None:
    """The second change waits for nobody: it comes after the first, or is refused. Who only looks is never refused."""
    cli, where = Cli(inventory), words(spread)
    assert cli.json("apply", "--weight", "10", "--yes", *where)["outcome"] == "applied"
    changes = [cli.popen("apply", "--weight", weight, "--yes", *where) for weight in ("20", "30")]
    assert len(cli.json("status", *where)["hosts"]) == len(Cli(inventory).json("status")["hosts"])
    said = [change.communicate(timeout=60) for change in changes]
    codes = [change.returncode for change in changes]
    assert set(codes) <= {Exit.DONE, Exit.REFUSED}, said
    won = [weight for weight, code in zip((20, 30), codes, strict=True) if code == Exit.DONE]
    assert won, said
    hosts = cli.json("status")["hosts"]
    weights = {host["services"]["shop"]["weights"]["default"] for host in hosts}
    assert len(weights) == 1, "nothing is half done"
    assert weights <= set(won)
