"""The ground that the live tests stand on: what it gives, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lab_tools import MakeLab, ssh, ssh_argv

from nginxgen.demo import keys, processes, traffic
from nginxgen.demo.lab import Lab
from nginxgen.demo.layout import Layout
from nginxgen.demo.sshd import user
from nginxgen.errors import Refused


def refuses(address: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((address, port)) != 0


def test_sshd_lets_the_labs_key_in_and_runs_as_the_user_of_the_lab(lab: Lab) -> None:
    for host in lab.hosts:
        done = ssh(lab, host, "id -un; cat")
        assert (done.returncode, done.stdout) == (0, user() + "\n"), done.stderr


def test_sshd_refuses_another_key(lab: Lab, tmp_path: Path) -> None:
    keys.make(tmp_path / "stranger")
    done = ssh(lab, lab.hosts[0], "true", identity=tmp_path / "stranger")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_each_host_has_a_key_of_its_own(lab: Lab, tmp_path: Path) -> None:
    lines = lab.layout.known_hosts.read_text().splitlines()
    assert len({line.split()[2] for line in lines}) == len(lab.hosts)
    names = [line.split()[0] for line in lines]
    swapped = tmp_path / "swapped"
    swapped.write_text(
        "".join(f"{name} ssh-ed25519 {line.split()[2]}\n" for name, line in zip(names, lines[::-1], strict=True))
    )
    assert "Host key verification failed" in ssh(lab, lab.hosts[0], "true", known_hosts=swapped).stderr


def test_a_session_does_not_see_the_home_of_this_machines_user(lab: Lab) -> None:
    assert ssh(lab, lab.hosts[0], 'echo "$HOME"').stdout.strip() == str(lab.root / "edge-1/home")


def test_options_of_sshd_are_obeyed(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"PubkeyAuthentication": "no"})
    assert ssh(lab, lab.hosts[0], "true").returncode == 255


def test_each_host_serves_a_site_of_its_own(lab: Lab) -> None:
    for host in lab.hosts:
        answer = traffic.one(host.site, traffic.Request("anything"))
        assert (answer.version, answer.failure) == ("the", None)
        assert len(host.workers()) == 2


def test_a_backend_names_its_version_and_what_it_was_asked(lab: Lab) -> None:
    assert [backend.version for backend in lab.backends] == ["v1"] * 5 + ["v2"] * 3 + ["v3"]
    for backend in lab.backends:
        address, _, port = backend.address.partition(":")
        answer = traffic.one((address, int(port)), traffic.Request("x", "/some/path?q=1", "POST"))
        assert (answer.version, answer.headers["x-backend"]) == (backend.version, backend.version)


def test_a_stopped_backend_refuses_connections_and_comes_back(lab: Lab) -> None:
    backend = lab.pool("v1")[0]
    backend.stop()
    assert refuses(backend.layout.address, backend.layout.port)
    backend.start()
    assert not refuses(backend.layout.address, backend.layout.port)


def test_traffic_counts_every_request_once_and_names_failures(lab: Lab) -> None:
    v1, v2 = lab.pool("v1")[0], lab.pool("v2")[0]
    targets = [(backend.layout.address, backend.layout.port) for backend in (v1, v2)]
    assert traffic.count(targets, traffic.Request("x"), 1000) == {"v1": 500, "v2": 500}
    v2.stop()
    assert traffic.count(targets, traffic.Request("x"), 100) == {"v1": 50, "ConnectionRefusedError": 50}


def test_traffic_keeps_the_order_of_different_requests_and_times_them(lab: Lab) -> None:
    backend = lab.pool("v1")[0]
    asked = [traffic.Request("x", f"/{number}") for number in range(37)]
    tally = traffic.send_each([(backend.layout.address, backend.layout.port)], asked)
    assert len(tally.answers) == 37
    assert tally.share("v1") == 100
    assert 0 < tally.seconds(0.5) <= tally.seconds(0.99) < 5


def test_a_reboot_wipes_run_and_brings_new_processes_for_all_that_ran(lab: Lab) -> None:
    host = lab.hosts[0]
    (host.layout.volatile / "left").touch()
    before = {host.master, *host.workers()}
    host.reboot()
    assert not (host.layout.volatile / "left").exists()
    assert before.isdisjoint({host.master, *host.workers()})
    assert ssh(lab, host, "true").returncode == 0


def test_a_reboot_cuts_a_session_short(lab: Lab) -> None:
    host = lab.hosts[0]
    argv = ssh_argv(lab, host, "echo up; (sleep 300 &); sleep 300")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"up\n"
        host.kill()
        assert session.wait(timeout=20) == 255
    assert processes.belonging(host.layout.folder) == set()
    host.boot()
    processes.wait_for(lambda: len(processes.belonging(host.layout.folder)) == 4, "nginx, two workers and sshd")


def test_nginx_that_cannot_start_says_why(lab: Lab) -> None:
    host = lab.hosts[0]
    (host.conf_dir / "conf.d/broken.conf").write_text("nonsense;\n")
    with pytest.raises(Refused) as refused:
        host.reboot()
    assert 'unknown directive "nonsense"' in str(refused.value.hint)


def test_reset_leaves_no_trace_of_a_test(lab: Lab) -> None:
    host = lab.hosts[0]
    (host.conf_dir / "conf.d/00-nginxgen.conf").write_text("# left\n")
    (host.conf_dir / "nginxgen/releases").mkdir(parents=True)
    host.layout.state_dir.mkdir(parents=True)
    host.layout.run_dir.mkdir(parents=True)
    host.conf_dir.joinpath("nginx.conf").write_text("events {}\n")
    host.stop_sshd()
    host.stop_nginx()
    lab.reset()
    assert list(host.layout.folder.rglob("*nginxgen*")) == []
    assert traffic.one(host.site, traffic.Request("x")).failure is None
    assert ssh(lab, host, "true").returncode == 0


def test_nothing_stays_of_a_stopped_lab(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=2)
    # Two hosts of one master, two workers and one sshd; two backends. (A session of sshd's may still be ending.)
    processes.wait_for(lambda: len(processes.belonging(lab.root)) == 2 * 4 + 2, "ten processes")
    lab.stop()
    assert processes.belonging(lab.root) == set()
    assert not lab.root.exists()
    assert all(refuses(host.address, port) for host in lab.hosts for port in (host.ssh_port, host.site[1]))


def test_a_taken_port_is_refused_and_its_owner_left_alone(lab: Lab, tmp_path: Path) -> None:
    same = Lab(Layout(tmp_path / "second", lab.layout.net, 1))
    with pytest.raises(Refused, match=r":22201 is in use"):
        same.up({})
    assert lab.hosts[0].master is not None
    assert not (tmp_path / "second").exists()


def test_a_directory_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Refused, match="is not empty"):
        Lab(Layout(tmp_path, "127.88.8", 1)).up({})
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Refused, match="no-such-program is not installed") as refused:
        processes.program("no-such-program")
    assert refused.value.hint == "on Debian: apt-get install no-such-program"


HOLD = """
import sys
from pathlib import Path
from nginxgen.demo.lab import Lab
with Lab.start(Path(sys.argv[1]), hosts=1) as lab:
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_no_process_outlives_the_one_that_started_the_lab(tmp_path: Path, number: signal.Signals) -> None:
    root = tmp_path / "lab"
    argv = [sys.executable, "-c", HOLD, str(root)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        assert processes.belonging(root)
        os.kill(holder.pid, number)
        holder.wait(timeout=20)
    processes.wait_for(lambda: not processes.belonging(root), "the end of the lab's processes")
    assert root.exists() == (number is signal.SIGKILL)  # what is killed can't remove its files
