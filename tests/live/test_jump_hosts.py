"""Hosts behind jump hosts, in the hands of several processes: each jump host sees one login, and many channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dask_cluster import running
from fleet_tools import NOTE, change, empty, host_of, release, which, wipe
from lab_tools import bare, config_of, logins

from nginxgen.demo.lab import Lab
from nginxgen.errors import Exit
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.spread import Spread, reach
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host, Transport

BEHIND = 6
STRICT = {"MaxSessions": "1", "MaxStartups": "10:30:100"}  # the second as OpenSSH has it by default


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Six hosts, and two jump hosts after them."""
    with Lab.start(hosts=BEHIND + 2, pools={"v1": 1}, sshd_options=STRICT) as lab:
        yield lab


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def behind(lab: Lab, home: Path, jumps: list[int]) -> list[Host]:
    """The hosts, by the names that the SSH config has for them: each behind the jump host of this number."""
    hosts = [host_of(host.layout, Transport.SSH, lab=lab) for host in lab.hosts]
    text = "".join(config_of(hosts[BEHIND + at], f"gate-{at}", lab) for at in (0, 1))
    for host, jump in zip(hosts, jumps, strict=False):
        text += config_of(host, host.name, lab, f"ProxyJump gate-{jump}")
    (home / ".ssh/config").write_text(text)
    return [bare(host, host.name) for host in hosts[:BEHIND]]


def apply(lab: Lab, hosts: list[Host], spread: Spread) -> tuple[int, int]:
    """A whole change; how many logins the two jump hosts have seen of it."""
    wipe(lab.hosts[:BEHIND])
    gates = lab.hosts[BEHIND:]
    before = [logins(gate) for gate in gates]
    with Sessions.open(hosts, reach=partial(reach, spread=spread)) as opened:
        states = opened.observe()
        assert not opened.failed
        changes = [change(host, states[host.name], release(host, "one")) for host in hosts]
        assert carry_out(opened, changes, {host.name: empty(host) for host in hosts}, NOTE).exit is Exit.DONE
    assert {which(host) for host in lab.hosts[:BEHIND]} == {"one"}
    first, second = (logins(gate) - known for gate, known in zip(gates, before, strict=True))
    return first, second


# One session is all that sshd allows a login here: the channels to six hosts are none, and it does not count them.


def test_one_jump_host_sees_one_login_of_two_worker_processes(lab: Lab, home: Path) -> None:
    assert apply(lab, behind(lab, home, [0] * BEHIND), Spread(workers=2)) == (1, 0)


def test_two_jump_hosts_whose_hosts_are_mixed_see_one_each(lab: Lab, home: Path) -> None:
    assert apply(lab, behind(lab, home, [0, 1] * (BEHIND // 2)), Spread(workers=2)) == (1, 1)


@pytest.mark.full
@pytest.mark.xdist_group("dask")
def test_the_same_by_the_workers_of_a_dask_cluster(lab: Lab, home: Path) -> None:
    with running([]) as cluster:  # whose workers have this home
        assert apply(lab, behind(lab, home, [0, 1] * (BEHIND // 2)), Spread(scheduler=cluster.whole())) == (1, 1)
