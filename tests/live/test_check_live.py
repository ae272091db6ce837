"""check --live: what stands around our config on real hosts, read through sshd, judged, and left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli_tools import Cli, tree, workers

from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab


def _conf(host: LabHost) -> Path:
    return host.conf_dir / "nginx.conf"


def _add(host: LabHost, text: str) -> None:
    before = _conf(host).read_text()
    _conf(host).write_text(before.replace("http {", f"http {{\n{text}", 1))
    assert _conf(host).read_text() != before


def test_what_is_on_each_host_is_judged_by_host_file_and_line(lab: Lab, inventory: Path) -> None:
    cli = Cli(inventory)
    cli("apply", "-w", "10", "--yes")
    shutil.copy(_conf(lab.hosts[1]), (kept := inventory.with_name("kept")))
    secret = "hunter2-of-the-host"
    _add(lab.hosts[1], f'underscores_in_headers on;\nproxy_set_header Authorization "{secret}";\n')
    before = tree(lab), workers(lab)

    done = cli("check", "--live", "--json")
    assert secret not in done.stdout + done.stderr
    found = cli.json("check", "--live")
    own = cli.json("check")
    assert (found["hosts_read"], own["hosts_read"]) == ([host.name for host in lab.hosts], [])
    said = [row for row in found["findings"] if row["rule"] == "NG035"]
    line = _conf(lab.hosts[1]).read_text().splitlines().index("underscores_in_headers on;") + 1
    assert [(row["file"], row["line"]) for row in said] == [(f"{lab.hosts[1].name}:{_conf(lab.hosts[1])}", line)]
    assert not any(row["rule"] == "NG035" for row in own["findings"])
    other = cli.json("check", "--live", "--host", lab.hosts[0].name)
    assert not any(row["rule"] == "NG035" for row in other["findings"])
    assert (tree(lab), workers(lab)) == before
    shutil.copy(kept, _conf(lab.hosts[1]))


def test_a_host_that_cannot_be_read_is_named_and_nothing_is_said_of_it(lab: Lab, inventory: Path) -> None:
    cli = Cli(inventory)
    broken, stopped, away = lab.hosts
    _add(broken, "no_such_directive on;\n")
    stopped.stop_nginx()
    away.stop_sshd()
    for host, why in ((broken, 'unknown directive "no_such_directive"'), (stopped, "not running"), (away, "connect")):
        done = cli("check", "--live", "--host", host.name, code=4)
        assert host.name in done.stderr
        assert why in done.stderr
        assert "no faults found" not in done.stderr
