"""Smoke requests and waves: a service that does not answer as it must is taken back everywhere, real nginx and sshd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cli_tools import Cli, served, traces, workers
from lab_tools import MakeLab

from nginxgen.demo.inventory_text import shop
from nginxgen.demo.lab import Lab


def service(lab: Lab, smoke: str, health: str = "") -> str:
    """The shop with these smoke requests; `health` is nginx for GET /health, on all hosts alike."""
    extra = f"smoke: [{smoke}]\n"
    if health:
        extra += f"server_extra: |\n  location = /health {{ {health} }}\n"
    return shop(lab.layout, extra=extra)


def write(lab: Lab, cli: Cli, smoke: str, health: str = "") -> None:
    lab.write_inventory(cli.inventory, service(lab, smoke, health))


@pytest.fixture
def cli(inventory: Path) -> Cli:
    """On a fleet that serves the shop, all of it stable, without smoke."""
    cli = Cli(inventory)
    cli("apply", "--yes")
    return cli


def failing_on(lab: Lab, number: int) -> str:
    """200, but on one host."""
    return f'if ($server_addr = "{lab.hosts[number].address}") {{ return 503; }} return 200;'


def test_a_service_that_answers_is_committed(lab: Lab, cli: Cli) -> None:
    write(lab, cli, "{path: /health, status: 204}, {path: /}", "return 204;")
    assert cli.json("apply", "-w", "100", "--yes")["outcome"] == "applied"
    assert served(lab.hosts) == {"v2"}


def test_one_host_that_does_not_answer_so_takes_all_back(lab: Lab, cli: Cli) -> None:
    write(lab, cli, "{path: /health}", failing_on(lab, 1))
    before = cli.json("status")["hosts"]
    done = cli("apply", "-w", "100", "--yes", code=5)
    where = f"http://{lab.hosts[1].address}:{lab.layout.web_port}"
    said = f"error: edge-2: smoke shop/health: expected status 200, got status 503 from {where}\n"
    assert said in done.stderr
    assert done.stderr.count("error: ") == 1
    after = cli.json("status")
    assert [host["running"] for host in after["hosts"]] == [host["live"] for host in before]
    assert after["consistent"] is True
    assert served(lab.hosts) == {"v1"}
    assert cli.json("history")["changes"][-1]["result"] == "reverted"


@pytest.mark.full
def test_a_saved_plan_is_smoked_too(lab: Lab, cli: Cli, tmp_path: Path) -> None:
    write(lab, cli, "{path: /health, status: 200}", "return 503;")
    cli("plan", "-w", "100", "-o", str(tmp_path / "p.json"))
    done = cli("apply", str(tmp_path / "p.json"), "--yes", code=5)
    assert "expected status 200, got status 503" in done.stderr
    assert served(lab.hosts) == {"v1"}


def test_a_listen_with_tls(lab: Lab, cli: Cli, tmp_path: Path) -> None:
    key, cert = tmp_path / "shop.key", tmp_path / "shop.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
         "/CN=another.example.com", "-days", "2", "-keyout", key, "-out", cert], check=True, capture_output=True,
    )  # fmt: skip
    text = service(lab, "{path: /health, status: 204}", "return 204;")
    port = lab.layout.web_port
    text = text.replace(f"listen: [{port}]", f'listen: ["{port} ssl"]')
    text = text.replace("  location =", f"  ssl_certificate {cert};\n    ssl_certificate_key {key};\n    location =")
    lab.write_inventory(cli.inventory, text)
    assert cli.json("apply", "--yes")["outcome"] == "applied"
    lab.write_inventory(cli.inventory, text.replace("return 204", "return 200"))
    assert "got status 200 from https://" in cli("apply", "--yes", code=5).stderr


def test_without_ssh(lab: Lab, cli: Cli) -> None:
    write(lab, cli, "{path: /health}", failing_on(lab, 2))
    cli.rewrite("  defaults:\n", "  defaults:\n    transport: local\n")
    assert "error: edge-3: smoke shop/health" in cli("apply", "--yes", code=5).stderr
    cli.rewrite("return 503", "return 200")
    assert cli.json("apply", "--yes")["outcome"] == "applied"


@pytest.mark.full
def test_an_sshd_that_does_not_forward_is_named(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(hosts=1, sshd_options={"AllowTcpForwarding": "no"})
    cli = Cli(lab.write_inventory(tmp_path / "fleet.yml", service(lab, "{path: /}")))
    done = cli("apply", "--yes", code=5)
    assert "does not forward connections (AllowTcpForwarding)" in done.stderr
    assert cli.json("status")["hosts"][0]["services"] == {}


def in_two_waves(cli: Cli) -> None:
    for name in ("edge-2", "edge-3"):
        cli.rewrite(f"    {name}:\n", f"    {name}:\n      wave: 2\n")


def test_a_first_wave_that_fails_leaves_the_second_alone(lab: Lab, cli: Cli) -> None:
    write(lab, cli, "{path: /health}", failing_on(lab, 0))
    in_two_waves(cli)
    before = traces(lab)
    ended = cli.json("apply", "-w", "100", "--yes", code=5)
    assert [host["outcome"] for host in ended["hosts"]] == ["reverted", "untouched", "untouched"]
    assert workers(lab)[1:] == before[2][1:]
    assert served(lab.hosts) == {"v1"}


@pytest.mark.full
def test_a_second_wave_that_fails_takes_the_first_back(lab: Lab, cli: Cli) -> None:
    write(lab, cli, "{path: /health}", failing_on(lab, 2))
    in_two_waves(cli)
    before = cli.json("status")["hosts"]
    ended = cli.json("apply", "-w", "100", "--yes", code=5)
    assert [host["outcome"] for host in ended["hosts"]] == ["reverted", "reverted", "reverted"]
    assert [host["live"] for host in cli.json("status")["hosts"]] == [host["live"] for host in before]
    assert served(lab.hosts) == {"v1"}
    cli.rewrite("return 503", "return 200")
    assert cli.json("apply", "-w", "100", "--yes")["outcome"] == "applied"
    assert served(lab.hosts) == {"v2"}
