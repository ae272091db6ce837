"""`rollout run --listen` on a real fleet."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import rollout_driver
from cli_tools import Cli

from nginxgen.demo import inventory_text, traffic
from nginxgen.demo.lab import Lab

PLAN = 'rollout:\n  steps:\n    - {weight: 50, bake: 1h, gates: {error_rate: "< 10%"}, watch: critical}'


def test_what_a_runner_sees_is_served_while_it_runs(lab: Lab, tmp_path: Path) -> None:
    cli = Cli(lab.write_inventory(tmp_path / "fleet.yml", inventory_text.shop(lab.layout, extra=PLAN)))
    cli("apply", "--yes")
    with rollout_driver.clients(lab, traffic.Request("shop.example.com")):
        runner = cli.popen("rollout", "run", "--start", "--time-scale", "15", "--listen", "0")
        try:
            assert runner.stderr is not None
            url = runner.stderr.readline().removeprefix("live page: ").strip()
            record = seen(url)
            with urllib.request.urlopen(f"{url}metrics", timeout=10) as response:
                metrics = response.read().decode()
            taken = cli("rollout", "run", "--listen", url.removeprefix("http://").strip("/"), code=2)
        finally:
            runner.send_signal(signal.SIGINT)
            _, said = runner.communicate(timeout=30)
    assert (runner.returncode, "Traceback" in said) == (130, False), said
    assert (record["ending"], record["time_scale"]) == ("running", 15)
    assert 'nginxgen_rollout_weight_percent{group="",service="shop"} 50.0' in metrics
    assert 'nginxgen_rollout_step_bake_seconds{group="",service="shop"} 240.0' in metrics
    assert 'role="canary"' in metrics
    assert taken.stderr.count("cannot listen on") == 1


def seen(url: str) -> Any:
    """The record, as soon as requests to the canary are in it and its runner is well."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{url}record.json", timeout=10) as response:
            told = json.load(response)
        if told["health"]["ok"] and told["rollouts"][0]["stages"][0]["canary"]["requests"]:
            return told["rollouts"][0]
    raise AssertionError(told)
