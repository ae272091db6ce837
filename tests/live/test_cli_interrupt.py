"""Ctrl-C, kill -9 and a second operator: hosts end at the old or at the new, the next verb says which and goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Cli, served
from host_driver import poll
from lab_tools import MakeLab

from nginxgen.demo.inventory_text import shop
from nginxgen.demo.lab import Lab

ROUNDS = pytest.mark.parametrize("rounds", [8, pytest.param(40, marks=pytest.mark.full)])
LONGEST = 2.5  # seconds: an apply on a busy machine takes about as long


@pytest.fixture
def fleet(make_lab: MakeLab) -> Lab:
    return make_lab(hosts=2, pools={"v1": 1, "v2": 1})


@pytest.fixture
def cli(fleet: Lab, tmp_path: Path) -> Cli:
    cli = Cli(fleet.write_inventory(tmp_path / "fleet.yml"))
    cli("apply", "-w", "0", "--yes")
    return cli


def weights(status: Any) -> set[int]:
    return {host["services"]["shop"]["weights"]["default"] for host in status["hosts"]}


def settled(cli: Cli) -> Any:
    """The status as soon as no change is under way any more: the hosts undo by themselves."""

    def at_rest() -> Any:
        status = cli.json("status")
        return status if status["consistent"] else None

    return poll(at_rest, "the hosts finish or undo by themselves", 20)


def moments(rounds: int) -> Iterator[float]:
    """Spread over the whole apply, in an order and at times that differ from run to run."""
    for part in random.sample(range(rounds), rounds):
        yield (part + random.random()) * LONGEST / rounds


def struck(cli: Cli, weight: int, moment: float, blow: signal.Signals) -> tuple[int, str]:
    """The exit code and what was said of an apply that was hit after so many seconds."""
    apply = cli.popen("apply", "-w", str(weight), "--yes")
    with suppress(subprocess.TimeoutExpired):
        apply.wait(moment)
    apply.send_signal(blow)
    _, err = apply.communicate(timeout=60)
    return apply.returncode, err


@ROUNDS
def test_ctrl_c_at_any_moment(rounds: int, fleet: Lab, cli: Cli) -> None:
    serves, interrupted = 0, 0
    for moment in moments(rounds):
        wanted = 100 - serves
        code, err = struck(cli, wanted, moment, signal.SIGINT)
        if code in {1, -signal.SIGINT} and "nginxgen" not in err:
            continue  # Python itself was not up yet: it dies in words of its own
        # A shell says 130 of both: where Ctrl-C struck in an exec(), Python ends by the signal although we caught it.
        code = 130 if code == -signal.SIGINT else code
        assert code in {0, 130}, err
        assert "Traceback" not in err
        (weight,) = weights(settled(cli))
        told_back = "back on its old release" in err or "no host was changed" in err
        # it may strike when all is done and not yet said; what is said is so
        assert weight in ({wanted} if code == 0 else {serves} if told_back else {serves, wanted}), err
        if code == 130:
            interrupted += 1
            assert "interrupted" in err or not err
        serves = weight
    assert interrupted >= rounds // 4, "most of these moments missed the apply"
    assert cli.json("apply", "-w", "50", "--yes")["outcome"] == "applied"
    assert served(fleet.hosts, 200) == {"v1", "v2"}


@pytest.mark.full  # the short run kills the host's script, and the runner of a rollout
@ROUNDS
def test_kill_9_at_any_moment(rounds: int, fleet: Lab, cli: Cli) -> None:
    serves = 0
    for moment in moments(rounds // 2):
        wanted = 100 - serves
        code, err = struck(cli, wanted, moment, signal.SIGKILL)
        assert code in {0, -signal.SIGKILL}, err
        found = settled_or_split(cli)
        assert found <= {serves, wanted}
        # one more apply finishes the job, whatever was left
        assert cli.json("apply", "-w", str(wanted), "--yes")["outcome"] in {"applied", "unchanged"}
        assert served(fleet.hosts) == {"v2" if wanted else "v1"}
        serves = wanted


def settled_or_split(cli: Cli) -> set[int]:
    """The weights that hosts serve once nothing is under way. Killed between two commits, they may differ; then status
    is not consistent, but no host has drifted.
    """

    def at_rest() -> Any:
        status = cli.json("status")
        return None if any(host["drift"] for host in status["hosts"]) else status

    return weights(poll(at_rest, "the hosts finish or undo by themselves", 20))


def test_the_second_operator_is_told_who_is_there(fleet: Lab, cli: Cli) -> None:
    """The first one's laptop falls asleep in the middle: while its change waits for an answer that does not come."""
    workers = [host.workers() for host in fleet.hosts]
    smoke = "smoke: [{path: /nowhere}]\nserver_extra: |\n  location = /nowhere { return 503; }\n"
    slow = Cli(fleet.write_inventory(cli.inventory.with_name("slow.yml"), shop(fleet.layout, extra=smoke)))
    first = slow.popen("apply", "-w", "100", "--yes")
    poll(lambda: all(host.workers() != old for host, old in zip(fleet.hosts, workers, strict=True)), "the trial runs")
    first.send_signal(signal.SIGSTOP)
    second = cli("apply", "-w", "50", "--yes", code=4)
    assert "locked by " in second.stderr
    assert "(apply, since 20" in second.stderr
    assert "hint: wait for it, or ask them" in second.stderr
    first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 5, out + err
    assert served(fleet.hosts) == {"v1"}
    assert cli.json("apply", "-w", "50", "--yes")["outcome"] == "applied"


@pytest.mark.full  # the short run has them in test_fleet_faults
def test_two_operators_at_the_same_moment(fleet: Lab, cli: Cli) -> None:
    """At least one gets through; who does not is told why; the fleet never serves a mix."""
    for _ in range(2):
        started = time.monotonic()
        both = {weight: cli.popen("apply", "-w", str(weight), "--yes") for weight in (25, 75)}
        codes, said = {}, ""
        for weight, apply in both.items():
            _, err = apply.communicate(timeout=60)
            codes[weight], said = apply.returncode, said + err
        assert 0 in codes.values(), said
        assert set(codes.values()) <= {0, 4}, said
        assert 4 not in codes.values() or "locked by " in said or "it has moved" in said
        (weight,) = weights(settled(cli))
        assert codes[weight] == 0
        assert cli.json("apply", "-w", "0", "--yes")["outcome"] == "applied"
        assert time.monotonic() - started < 60
