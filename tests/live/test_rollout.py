"""Rollouts on real nginx and sshd: a good canary gets everybody, a bad one is gone at once, kills change nothing."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
import rollout_driver
from cli_tools import Cli

from nginxgen.demo import inventory_text, processes, traffic
from nginxgen.demo.lab import Lab
from nginxgen.model.record import Happening
from nginxgen.model.rollout import WATCHES
from nginxgen.model.state import JournalEntry
from nginxgen.rollout.fold import entries

PLAN = """
rollout:
  steps:
    - {weight: 10, bake: 1h, max_bake: 20h, gates: {error_rate: "< 10%"}, watch: critical}
    - {weight: 50, bake: 1h, max_bake: 20h, gates: {error_rate: "< 10%"}, watch: critical}
    - {weight: 100, bake: 1h, max_bake: 20h, gates: {error_rate: "< 10%"}, watch: critical}
  rollback: {error_rate: "> 30%"}
"""
SHOP = traffic.Request("shop.example.com")
SCALE = "1800"  # an hour in two seconds


@pytest.fixture
def cli(lab: Lab, tmp_path: Path) -> Cli:
    text = inventory_text.shop(lab.layout, extra=PLAN.strip())
    return Cli(lab.write_inventory(tmp_path / "fleet.yml", text))


def told(lab: Lab) -> list[str]:
    """What happened to the fleet: `stepped 10`. Not that a bake went on, or a host was given what it had missed."""
    journals = {
        host.name: [
            JournalEntry.from_json(json.loads(line))
            for line in (host.layout.state_dir / "journal.jsonl").read_text().splitlines()
        ]
        for host in lab.hosts
    }
    return [
        f"stepped {entry.weight:g}" if entry.what is Happening.STEPPED else str(entry.what)
        for entry in entries(journals)["shop", ""]
        if not entry.again and entry.what is not Happening.EXTENDED
    ]


@pytest.mark.full
def test_a_good_canary_gets_everybody_and_becomes_stable(lab: Lab, cli: Cli) -> None:
    gate = "<= baseline(monday) + 10pp"
    cli.inventory.write_text(cli.inventory.read_text().replace("< 10%", gate, 1))
    cli("apply", "--yes")
    with rollout_driver.clients(lab, SHOP):
        cli("monitor", "3", "--save", "monday")
        cli("rollout", "run", "--start", "--time-scale", SCALE, "--to-pause")
    assert told(lab) == ["started", "stepped 10", "stepped 50", "stepped 100", "finished"]
    assert gate in cli.inventory.read_text()
    assert traffic.count([host.web for host in lab.hosts], SHOP, 60) == {"v2": 60}
    cli("rollout", "promote", "--yes")
    assert "stable: v2" in cli.inventory.read_text()
    assert cli("plan", "--exit-code").returncode == 0


@pytest.mark.full
def test_a_canary_that_turns_bad_is_gone_in_a_moment(lab: Lab, cli: Cli) -> None:
    cli("apply", "--yes")
    cli("rollout", "start", "--time-scale", "15")  # looks are a second apart, and the bake lasts for minutes
    with rollout_driver.clients(lab, SHOP):
        cli("rollout", "tick")
        run = cli.popen("rollout", "run")
        processes.wait_for(lambda: rollout_driver.standing(cli)["verdict"] == "pass", "the canary is well", seconds=30)
        with rollout_driver.answering(lab, "v2", "return 500;"):
            began = time.monotonic()
            _, err = run.communicate(timeout=60)
            seconds = time.monotonic() - began
    assert run.returncode == 7, err
    assert "aborted" in err
    assert told(lab) == ["started", "stepped 10", "aborted"]
    assert traffic.count([host.web for host in lab.hosts], SHOP, 60) == {"v1": 60}
    assert seconds < 10, "a look a second, and 2 s for the way back; the machine of a test may be busy"


@pytest.mark.full
def test_a_canary_that_turns_bad_just_after_a_look_is_out_before_the_next_one_and_2_seconds(lab: Lab, cli: Cli) -> None:
    cli("apply", "--yes")
    cli("rollout", "start")  # by the clock: slices of 10 s, looks as far apart as the watch says
    with rollout_driver.clients(lab, SHOP):
        cli("rollout", "tick")
        processes.wait_for(lambda: rollout_driver.standing(cli)["verdict"] == "pass", "the canary is well", seconds=60)
        run = cli.popen("rollout", "run")
        assert run.stderr is not None
        assert run.stderr.readline()  # it has looked just now: what comes next has to wait for the next look
        began = time.monotonic()
        with rollout_driver.answering(lab, "v2", "return 500;"):
            _, err = run.communicate(timeout=60)
            seconds = time.monotonic() - began
    every = WATCHES["critical"].every
    print(f"from turning bad to stable serving: {seconds:.1f} s, of {every:g} + 2 s")  # noqa: T201  (the figure of docs/rollouts.md)
    assert run.returncode == 7, err
    assert traffic.count([host.web for host in lab.hosts], SHOP, 60) == {"v1": 60}
    assert seconds < every + 2


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.full)])
def test_a_runner_that_is_killed_again_and_again_ends_as_one_that_is_not(lab: Lab, cli: Cli, kills: int) -> None:
    cli("apply", "--yes")
    cli("rollout", "start", "--time-scale", SCALE if kills < 10 else "80")
    draw = random.Random(kills)
    with rollout_driver.clients(lab, SHOP):
        for _ in range(kills):
            run = cli.popen("rollout", "run", "--to-pause")
            try:
                run.wait(timeout=0.4 + 3.0 * draw.random())  # start-up, a look, an apply: it may be in any of them
            except subprocess.TimeoutExpired:
                run.kill()
            run.communicate()
            assert run.returncode == -signal.SIGKILL, "the rollout was over before it was killed so often"
        cli("rollout", "run", "--to-pause")
    assert told(lab) == ["started", "stepped 10", "stepped 50", "stepped 100", "finished"]
    assert rollout_driver.standing(cli)["phase"] == "finished"
    assert cli.json("status")["consistent"]


@pytest.mark.full
def test_two_runners_do_not_both_act(lab: Lab, cli: Cli) -> None:
    cli("apply", "--yes")
    cli("rollout", "start", "--time-scale", SCALE)
    with rollout_driver.clients(lab, SHOP):
        both = [cli.popen("rollout", "run", "--to-pause") for _ in range(2)]
        for run in both:
            _, err = run.communicate(timeout=120)
            assert run.returncode == 0, err
    assert told(lab) == ["started", "stepped 10", "stepped 50", "stepped 100", "finished"]
