"""monitor, smoke and preflight as an operator has them, on three hosts with real traffic."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from cli_tools import Cli

from nginxgen.demo import traffic
from nginxgen.demo.lab import Lab

SMOKE = "    smoke: [{path: /health, body: GET /health, within: 5s}]\n"


@pytest.fixture
def cli(inventory: Path) -> Cli:
    return Cli(inventory)


def served(lab: Lab, number: int, **cookies: str) -> traffic.Tally:
    targets = [(host.layout.address, host.layout.web_port) for host in lab.hosts]
    return traffic.send(targets, traffic.Request("shop.example.com", cookies=cookies), number)


def test_what_the_hosts_count_is_what_was_asked_and_gates_judge_it(lab: Lab, cli: Cli, tmp_path: Path) -> None:
    cli("apply", "--yes")
    cli("apply", "--weight", "25", "--yes")
    versions = served(lab, 800).versions
    kept, report = tmp_path / "looks.csv", tmp_path / "report.json"
    done = cli("monitor", "1", "--back", "60", "--gate", "error_rate: < 5%", "--gate", "share: ± 40%",
               "--json", str(report), "--csv", str(kept), "--save", "today")  # fmt: skip
    assert "PASS" in done.stdout
    found = json.loads(report.read_text())
    [shop] = found["services"]
    assert found["verdict"] == "pass"
    assert (shop["stable"]["counts"]["requests"], shop["canary"]["counts"]["requests"]) == (
        versions["v1"],
        versions["v2"],
    )
    assert versions["v1"] + versions["v2"] == 800
    assert kept.read_text().count(",canary,v2,") >= 2
    assert (cli.inventory.parent / "baselines/today/shop.json").exists()
    for backend in lab.pool("v2"):
        backend.stop()
    served(lab, 60, gray_release="always")
    said = cli("monitor", "1", "--back", "60", "--gate", "error_rate: <= baseline(today) + 1pp", code=5)
    assert "a gate does not hold: shop: error_rate of v2" in said.stderr


CHECKS = """
preflight:
  - {name: quota, command: [sh, -c, "echo $NGINXGEN_SERVICES on $NGINXGEN_HOSTS; exit 0"]}
  - {name: on call, command: [sh, -c, "echo nobody >&2; exit 3"], severity: advisory}
"""
HANGS = "  - {name: hangs, command: [sleep, '600'], timeout: 1s}\n"


def own_commands_are_on_the_checklist(cli: Cli) -> None:
    before = cli.inventory.read_text()
    cli.inventory.write_text(before + CHECKS)
    found = cli.json("preflight")
    own = {item["name"]: item for item in found["items"] if item["where"] == "here"}
    assert (own["quota"]["ok"], own["quota"]["message"]) == (True, "shop on edge-1,edge-2,edge-3")
    assert (own["on call"]["ok"], own["on call"]["level"]) == (False, "advisory")
    assert "left with 3: nobody" in own["on call"]["message"]
    cli.inventory.write_text(before + CHECKS + HANGS)
    begun = time.monotonic()
    done = cli("preflight", code=4)
    assert time.monotonic() - begun < 30
    assert "here: hangs: sleep did not end within 1 s" in done.stderr
    assert any(line.split()[:3] == ["FAIL", "hangs", "here"] for line in done.stdout.splitlines())
    cli.inventory.write_text(before + CHECKS + HANGS.replace("1s", "1 week"))
    refused = cli("preflight", code=2).stderr
    assert f"at {cli.inventory}:{len((before + CHECKS).splitlines()) + 1}" in refused
    cli.inventory.write_text(before)


@pytest.mark.full
def test_too_little_is_no_answer(cli: Cli) -> None:
    cli("apply", "--yes")
    said = cli("monitor", "1", "--gate", "error_rate: < 1%", code=4)
    assert "no request of v2 measured, too few to judge" in said.stderr
    missing = cli("monitor", "1", "--gate", "p95: <= baseline(monday) + 20%", code=2)
    assert "there is no baseline monday of shop" in missing.stderr
    assert "can't be added" in cli("monitor", "1", "--gate", "error_rate: <= stable + 5ms", code=2).stderr


def test_preflight_and_smoke_say_what_is_wrong(lab: Lab, cli: Cli) -> None:
    cli.inventory.write_text(cli.inventory.read_text() + SMOKE)
    cli("apply", "--yes")
    served(lab, 20)
    assert cli.json("preflight")["ok"] is True
    own_commands_are_on_the_checklist(cli)
    assert {one["to"] for one in cli.json("smoke")["requests"]} == {"stable", "canary"}
    for backend in lab.pool("v2"):
        backend.stop()
    failed = cli.json("smoke", code=5)
    assert {one["to"] for one in failed["requests"] if not one["ok"]} == {"canary"}
    items = cli.json("preflight")["items"]  # some backends are down, and some answer
    assert {item["name"] for item in items if not item["ok"]} >= {"backends of shop"}
    lab.hosts[1].kill()
    try:
        down = cli.json("preflight", code=4)["items"]
    finally:
        lab.hosts[1].boot()
    assert [item["where"] for item in down if item["name"] == "reachable" and not item["ok"]] == [lab.hosts[1].name]
