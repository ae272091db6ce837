"""monitor in a pipeline: exit code, JSON and CSV of each verdict, on real nginx and by a rollout's own gates."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import rollout_driver
from cli_tools import Cli

from nginxgen.demo import inventory_text, traffic
from nginxgen.demo.lab import Lab

PLAN = """
rollout:
  steps:
    - weight: 25
      bake: 1h
      max_bake: 20h
      gates: {error_rate: "< 5%", p95: "<= baseline(today) + 500ms"}
      watch: critical
"""
SAID = "gates of rollout shop, step 1 of 1, weight 25, running:"


@pytest.mark.full
def test_each_verdict_has_its_exit_code_and_is_the_rollouts_own(lab: Lab, tmp_path: Path) -> None:
    cli = Cli(lab.write_inventory(tmp_path / "fleet.yml", inventory_text.shop(lab.layout, extra=PLAN.strip())))
    cli("apply", "--yes")
    served(lab, 300)
    assert "kept" in cli("monitor", "1", "--back", "60", "--save", "today").stderr
    cli("rollout", "start", "--time-scale", "2")  # slices of a second: what is served from now on counts
    cli("rollout", "tick")

    nothing = Looked.at(cli, tmp_path, code=4)
    assert (nothing.verdict, nothing.shop["gates_of"]) == ("inconclusive", SAID.removeprefix("gates of ").rstrip(":"))
    assert "error: inconclusive: shop: " in nothing.stderr

    served(lab, 1_600)
    fine = Looked.at(cli, tmp_path, code=0)
    assert fine.verdict == "pass"
    assert {gate["metric"]: gate["outcome"] for gate in fine.shop["gates"]} == {"error_rate": "pass", "p95": "pass"}
    assert fine.canary["error_rate"] == "0"
    cli("rollout", "tick")
    assert rollout_driver.standing(cli)["verdict"] == "pass", "the same judge, the same baseline"

    baseline = tmp_path / "baselines/today/shop.json"
    baseline.rename(tmp_path / "away.json")
    missing = Looked.at(cli, tmp_path, code=4)
    assert missing.verdict == "error"
    assert "there is no baseline today of shop" in missing.shop["notes"]
    (tmp_path / "away.json").rename(baseline)

    for backend in lab.pool("v2"):
        backend.stop()
    served(lab, 60, gray_release="always")
    bad = Looked.at(cli, tmp_path, code=5)
    assert bad.verdict == "fail"
    assert float(bad.canary["error_rate"]) > 0.05
    assert "a gate does not hold: shop: error_rate of v2" in bad.stderr


class Looked:
    """One run of monitor with everything that it can write."""

    def __init__(self, stdout: str, stderr: str, document: Any, rows: list[dict[str, str]]) -> None:
        self.stderr = stderr
        self.verdict = document["verdict"]
        [self.shop] = document["services"]
        [self.canary] = [row for row in rows if row["role"] == "canary"][-1:]
        assert SAID in stdout
        assert {self.verdict, self.shop["verdict"], self.canary["verdict"]} == {self.verdict}
        marks = [line.split()[0] for line in stdout.partition(SAID)[2].splitlines() if line.strip()]
        assert marks == [gate["outcome"].upper() for gate in self.shop["gates"]]

    @classmethod
    def at(cls, cli: Cli, folder: Path, *, code: int) -> Looked:
        report, table = folder / "report.json", folder / "looks.csv"
        done = cli("monitor", "1", "--back", "60", "--json", str(report), "--csv", str(table), code=code)
        rows = list(csv.DictReader(table.read_text().splitlines()))
        return cls(done.stdout, done.stderr, json.loads(report.read_text()), rows)


def served(lab: Lab, number: int, **cookies: str) -> None:
    targets = [(host.layout.address, host.layout.web_port) for host in lab.hosts]
    traffic.send(targets, traffic.Request("shop.example.com", cookies=cookies), number)
