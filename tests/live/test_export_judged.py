"""What is exported, before those who read it: promtool over the rules and what they say, systemd over the units."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from exported import plans
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from nginxgen.export import grafana, rules
from nginxgen.export.systemd import Caller, units
from nginxgen.model.gates import Severity
from nginxgen.model.metric_names import ALL, gate_label
from nginxgen.model.reading import GateReading
from nginxgen.model.record import Ending
from nginxgen.model.verdict import Outcome

pytestmark = pytest.mark.full  # needs Prometheus and systemd

GATE = gate_label(GateReading("p95", '< "3s"', Outcome.PASS, "", Severity.P2))
SHOP = 'service="shop",group="reads"'
CANARY, STABLE = (
    f'nginxgen_requests{{{SHOP},version="{v}",role="{r}"}}' for v, r in (("v2", "canary"), ("v1", "stable"))
)
LOOKED = f"nginxgen_rollout_looked_at_timestamp_seconds{{{SHOP}}}"
BAKE = f"nginxgen_rollout_step_bake_seconds{{{SHOP}}}"
UNREAD = f"nginxgen_rollout_unread{{{SHOP}}}"
ATTENTION = f'nginxgen_gate_attention{{{SHOP},metric="p95",gate={json.dumps(GATE)}}}'


def phase(now: Ending) -> dict[str, str]:
    return {f'nginxgen_rollout_phase{{{SHOP},phase="{one}"}}': f"{int(one is now)}x60" for one in Ending}


def gate(now: Outcome) -> dict[str, str]:
    words = f'{SHOP},metric="p95",gate={json.dumps(GATE)}'
    return {f'nginxgen_gate_state{{{words},state="{one}"}}': f"{int(one is now)}x60" for one in Outcome}


# A rollout at its first step, whose values are scraped each minute for an hour.
CALM = {
    **phase(Ending.RUNNING),
    **gate(Outcome.PASS),
    LOOKED: "0+60x60",
    BAKE: "86400x60",
    f"nginxgen_rollout_step_started_timestamp_seconds{{{SHOP}}}": "0x60",
    f"nginxgen_rollout_weight_percent{{{SHOP}}}": "10x60",
    UNREAD: "0x60",
    ATTENTION: "0x60",
    CANARY: "0+10x60",
    STABLE: "0+90x60",
}
DEAD = {name: values.replace("x60", "x10") for name, values in CALM.items()}
# What is seen after half an hour -> the alerts that are firing.
STORIES: dict[str, tuple[dict[str, str], set[str]]] = {
    "calm": (CALM, set()),
    "aborted": (CALM | phase(Ending.ABORTED), {"NginxgenRolloutAborted"}),
    "finished": (CALM | phase(Ending.FINISHED) | {LOOKED: "0x60"}, set()),
    "paused": (CALM | phase(Ending.PAUSED), {"NginxgenRolloutPaused"}),
    "waiting": (CALM | phase(Ending.WAITING), {"NginxgenRolloutWaiting"}),
    "a gate fails": (CALM | gate(Outcome.FAIL), {"NginxgenGateFails"}),
    "a source is down": (CALM | gate(Outcome.ERROR), {"NginxgenGateBlind"}),
    "too little is known": (CALM | gate(Outcome.INCONCLUSIVE), set()),
    "attention": (CALM | {ATTENTION: "1x60"}, {"NginxgenGateNeedsAttention"}),
    "a host is away": (CALM | {UNREAD: "1x60"}, {"NginxgenHostsUnread"}),
    "the canary is dead": (CALM | {CANARY: "0x60"}, {"NginxgenCanaryUnasked"}),
    "nobody asks anything": (CALM | {CANARY: "0x60", STABLE: "0x60"}, set()),
    "a look hangs": (CALM | {LOOKED: "0x60"}, {"NginxgenNobodyLooks"}),
    "it was killed in a bake": (DEAD, {"NginxgenRolloutVanished"}),
    "it ended with its bake": (DEAD | {BAKE: "600x10"}, set()),
}


def promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yml"
    path.write_text(rules.text(plans("shop", "reads", "writes")))
    return path


def test_promtool_takes_the_rules(written: Path) -> None:
    promtool("check", "rules", str(written))


@pytest.mark.parametrize("story", STORIES)
def test_the_alerts_of_a_story_fire_and_no_others(written: Path, story: str) -> None:
    series, firing = STORIES[story]
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing]
    asked = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": "30m",
        "exp_samples": expected,
    }
    told = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [asked],
    }
    file = written.with_name("story.yml")
    file.write_text(yaml.safe_dump({"rule_files": [written.name], "evaluation_interval": "1m", "tests": [told]}))
    promtool("test", "rules", str(file))


def test_prometheus_parses_what_every_panel_asks_for(tmp_path: Path) -> None:
    dashboard = json.loads(grafana.text("shop"))
    asked = [target["expr"].replace("$group", ".*") for panel in dashboard["panels"] for target in panel["targets"]]
    group = {"name": "panels", "rules": [{"record": f"panel:{at}", "expr": one} for at, one in enumerate(asked)]}
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [group]}))
    promtool("check", "rules", str(tmp_path / "panels.yml"))


def test_promtool_has_nothing_to_say_of_the_names() -> None:
    registry = CollectorRegistry()
    for one in ALL:
        Gauge(one.name, one.help, one.labels, registry=registry).labels(*one.labels).set(1)
    served = generate_latest(registry)
    done = subprocess.run(["promtool", "check", "metrics"], input=served, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("here", ["", "hooks"])
def test_systemd_takes_the_units(tmp_path: Path, here: str) -> None:
    program = tmp_path / "bin with 100%" / "nginxgen"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    paths = []
    for unit in units(plans(), Caller(str(program), str(tmp_path / "fleet.yml"), "root"), here):
        path = tmp_path / unit.name
        path.write_text(unit.text)
        paths.append(str(path))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "nginxgen" in line]) == (0, [])
