"""The verbs as a person types them, on real sshd and nginx: what is said, what is served, what is left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Cli, share, tree, workers

import nginxgen
from nginxgen.demo import keys, traffic
from nginxgen.demo.lab import Lab


@pytest.fixture
def cli(inventory: Path) -> Cli:
    return Cli(inventory)


def test_the_whole_way(lab: Lab, cli: Cli) -> None:
    assert cli.json("status")["hosts"][0]["live"] is None
    assert cli.json("plan", "-w", "10")["changed"] is True
    assert tree(lab).keys() == {path for path in tree(lab) if "/nginxgen/" not in path}, "planning wrote on a host"

    done = cli.json("apply", "-w", "10", "--yes", "--why", "first")
    assert done["outcome"] == "applied"
    assert share(lab, "v2") == pytest.approx(0.1, abs=0.02)

    cli("apply", "-w", "50", "--yes")
    assert share(lab, "v2") == pytest.approx(0.5, abs=0.04)
    cli("revert", "--yes")
    assert share(lab, "v2") == pytest.approx(0.1, abs=0.02)
    cli("emergency")
    assert share(lab, "v2") == 0
    status = cli.json("status")
    assert status["consistent"] is True
    assert status["hosts"][2]["services"]["shop"]["canary_on"] is False
    verbs = [change["verb"] for change in cli.json("history")["changes"]]
    assert verbs == ["apply", "apply", "revert", "emergency"]


def test_nothing_to_do_reloads_nothing(lab: Lab, cli: Cli) -> None:
    cli("apply", "-w", "10", "--yes")
    before = workers(lab), tree(lab)
    assert cli.json("apply", "-w", "10", "--yes")["outcome"] == "unchanged"
    assert cli.json("apply", "--yes")["outcome"] == "unchanged"
    assert cli("plan", "--exit-code").returncode == 0
    assert (workers(lab), tree(lab)) == before


def test_a_zone_that_nginx_would_refuse_to_take_over_stops_the_apply_at_once(
    lab: Lab, cli: Cli, tmp_path: Path
) -> None:
    """`nginx -t` takes it, and a reload would not: no host is touched, and the message says what to do."""
    overlay = tmp_path / "templates"
    overlay.mkdir()

    def apply(key: str, weight: str, code: int = 0) -> str:
        ours = (Path(nginxgen.__file__).parents[1] / "templates" / "service.conf.j2").read_text()
        (overlay / "service.conf.j2").write_text(f"limit_req_zone {key} zone=shop_z:64k rate=9r/s;\n{ours}")
        return cli("apply", "-w", weight, "--yes", "--templates", str(overlay), code=code).stderr

    apply("$binary_remote_addr", "10")
    before = workers(lab), tree(lab)
    said = apply("$server_name", "20", code=4)
    assert 'shop.conf:1: zone "shop_z" of 65536 bytes (limit_req_zone) is for $server_name' in said
    assert "hint: give it another name or another size" in said
    assert (workers(lab), tree(lab)) == before


def test_a_saved_plan_and_a_host_that_moved(lab: Lab, cli: Cli, tmp_path: Path) -> None:
    saved = str(tmp_path / "p.json")
    cli("plan", "-w", "10", "-o", saved)
    cli("apply", saved, "--yes")
    cli("plan", "-w", "20", "-o", saved)
    cli("apply", "-w", "30", "--yes", "--host", "edge-2")
    before = workers(lab), tree(lab)
    refused = cli.json("apply", saved, "--yes", code=4)
    assert refused["outcome"] == "refused"
    assert (workers(lab), tree(lab)) == before


def test_an_edit_by_hand_is_seen_shown_and_undone(lab: Lab, cli: Cli) -> None:
    cli("apply", "-w", "10", "--yes")
    conf = lab.hosts[1].conf_dir / "nginxgen" / "live" / "shop.conf"
    written = conf.read_text()
    conf.write_text(written.replace("keepalive 64;", "keepalive 1;"))
    assert cli.json("status")["hosts"][1]["drift"] == ["edited"]
    plan = cli.json("plan")
    assert [host["action"] for host in plan["hosts"]] == ["none", "change", "none"]
    assert "-    keepalive 1;\n+    keepalive 64;\n" in plan["hosts"][1]["diff"]
    assert "edited by hand" in plan["hosts"][1]["summary"][0]
    cli("apply", "--yes")
    assert conf.read_text() == written
    assert cli.json("status")["hosts"][1]["drift"] == []


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [("n\n", 4, "nothing was changed"), ("\x04", 4, "nothing"), ("\x03", 130, "interrupted")],
)
def test_a_person_who_does_not_say_yes(lab: Lab, cli: Cli, answer: str, code: int, says: str) -> None:
    before = workers(lab), tree(lab)
    ended, screen = cli.at_terminal(answer, "apply", "-w", "10")
    assert ended == code
    assert "shop/default: weight 0 -> 10" in screen
    assert says in screen
    assert (workers(lab), tree(lab)) == before


def test_a_person_who_says_yes(lab: Lab, cli: Cli) -> None:
    ended, screen = cli.at_terminal("y\n", "apply", "-w", "100")
    assert ended == 0
    assert "\x1b[32m" in screen, "the diff has its colours"
    assert share(lab, "v2", 60) == 1


# ---- what keeps a fleet from being changed


def sshd_down(lab: Lab, _: Cli) -> None:
    lab.hosts[1].stop_sshd()


def nginx_stopped(lab: Lab, _: Cli) -> None:
    lab.hosts[1].stop_nginx()


def wrong_key(lab: Lab, cli: Cli) -> None:
    other = cli.inventory.parent / "other"
    keys.make(other)
    cli.rewrite(str(lab.layout.identity), str(other))


def changed_host_key(lab: Lab, cli: Cli) -> None:
    known = cli.inventory.parent / "known_hosts"
    first, second, *rest = lab.layout.known_hosts.read_text().splitlines()
    key = first.split()[1:]
    known.write_text("\n".join([first, " ".join([second.split()[0], *key]), *rest]) + "\n")
    cli.rewrite(str(lab.layout.known_hosts), str(known))


def unknown_host_key(lab: Lab, cli: Cli) -> None:
    known = cli.inventory.parent / "known_hosts"
    known.write_text(lab.layout.known_hosts.read_text().splitlines()[0] + "\n")
    cli.rewrite(str(lab.layout.known_hosts), str(known))


def no_key_file(lab: Lab, cli: Cli) -> None:
    cli.rewrite(str(lab.layout.identity), str(cli.inventory.parent / "nowhere"))


def no_binary(_: Lab, cli: Cli) -> None:
    cli.rewrite(str(shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")), "/nonexistent/nginx")


def no_conf(lab: Lab, cli: Cli) -> None:
    cli.rewrite(f"{lab.hosts[1].conf_dir}/nginx.conf", f"{lab.hosts[1].conf_dir}/other.conf")


@pytest.mark.parametrize(
    "fault",
    [sshd_down, nginx_stopped, wrong_key, changed_host_key, unknown_host_key, no_key_file, no_binary, no_conf],
)
def test_a_fleet_that_is_not_ready_is_left_alone(lab: Lab, cli: Cli, fault: Callable[[Lab, Cli], None]) -> None:
    fault(lab, cli)
    before = workers(lab), tree(lab)
    refused = cli("apply", "-w", "10", "--yes", "--json", code=4)
    assert json.loads(refused.stdout)["outcome"] == "refused"
    errors = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
    assert any(line.startswith("error: edge-") for line in errors)
    assert any(line.startswith("  hint: ") for line in refused.stderr.splitlines())
    assert (workers(lab), tree(lab)) == before


def test_emergency_goes_on_without_the_host_that_is_down(lab: Lab, cli: Cli) -> None:
    cli("apply", "-w", "50", "--yes")
    lab.hosts[2].stop_sshd()
    ended = cli.json("emergency", code=6)
    assert [host["outcome"] for host in ended["hosts"]] == ["applied", "applied", "needs-human"]
    away = [host.web for host in lab.hosts[:2]]
    assert set(traffic.count(away, traffic.Request("shop.example.com"), 200)) == {"v1"}
    assert cli.json("status", code=4)["hosts"][2]["reachable"] is False
