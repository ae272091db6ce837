"""For tests of the fleet: hosts of a lab as the inventory would give them, and releases that can be told apart."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from nginxgen import render
from nginxgen.demo import processes, traffic
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.demo.layout import HostLayout
from nginxgen.demo.sshd import user
from nginxgen.model.host import Become, Host, Nginx, Transport
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.plan import Change, Expected
from nginxgen.model.release import Release
from nginxgen.model.service import Server, Service, Version
from nginxgen.model.state import HostState
from nginxgen.ports import Note

NOTE = Note("apply", "me@here", "a test", "t1")
PORT = "18080"  # as in the lab's layout


def host_of(layout: HostLayout, transport: Transport = Transport.LOCAL, wave: int = 1, lab: Lab | None = None) -> Host:
    return Host(
        name=layout.name, address=layout.address, port=layout.ssh_port, user=user(), transport=transport,
        become=Become.NONE, identity_file=lab.layout.identity if lab else None,
        known_hosts=lab.layout.known_hosts if lab else None, bind=layout.address, wave=wave,
        nginx=Nginx(processes.program("nginx"), str(layout.conf), "conf.d"),
        state_dir=str(layout.state_dir), run_dir=str(layout.run_dir), log_dir=str(layout.log_dir),
    )  # fmt: skip


def hosts_of(lab: Lab, transport: Transport = Transport.SSH) -> tuple[Host, ...]:
    return tuple(host_of(host.layout, transport, lab=lab) for host in lab.hosts)


def some_host(name: str = "edge-1", wave: int = 1) -> Host:
    """A host that is nowhere."""
    layout = HostLayout(name, Path("/nowhere") / name, "127.0.0.1", 22, 18080, 18081)
    return replace(host_of(layout), wave=wave)


@cache
def release(host: Host, label: str, extra: str = "") -> Release:
    """One service without a canary. GET /which answers with the label; `extra` is more nginx for its server."""
    service = Service(
        name="shop", listen=(PORT,), server_names=("shop.example.com",),
        versions=(Version("v1", (Server("127.0.0.1:1"),)),), stable="v1",
        server_extra=f'location = /which {{ return 200 "{label} "; }}\n{extra}',
    )  # fmt: skip
    return render.render((service,), Intent({"shop": ServiceIntent("v1")}), host)


@cache
def broken_release(host: Host, label: str = "broken") -> Release:
    """nginx -t fails on it."""
    return release(host, label, "nonsense here;")


@cache
def empty(host: Host) -> Release:
    return render.empty(host)


def change(host: Host, state: HostState, to: Release) -> Change:
    return Change(host.name, Expected(state.live, state.running), to.id, to)


def which(host: LabHost) -> str | None:
    """The label of the release that answers; None where nobody does."""
    return traffic.one(host.web, traffic.Request("shop.example.com", "/which")).version


def tree(folder: Path, without: Collection[str] = ()) -> str:
    """Every name, link and content below a folder, as one hash; `without` these folders."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(name.is_relative_to(left_out) for left_out in without):
            continue
        digest.update(f"{name}\0".encode())
        if path.is_symlink():
            digest.update(str(path.readlink()).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def wipe(hosts: Sequence[LabHost]) -> None:
    """Nothing of nginxgen is left on these hosts, and nginx has taken note; cheaper than a new lab."""
    before = {host.name: set(host.workers()) for host in hosts}
    for host in hosts:
        (host.conf_dir / "conf.d/00-nginxgen.conf").unlink(missing_ok=True)
        for folder in (host.conf_dir / "nginxgen", host.layout.state_dir, host.layout.run_dir):
            shutil.rmtree(folder, ignore_errors=True)
        for log in host.layout.log_dir.glob("gen-*.log"):
            log.unlink()
        host.reload()
    for host in hosts:
        processes.wait_for(partial(_is_new, host, before[host.name]), f"{host.name} serves nothing of ours")


def _is_new(host: LabHost, before: set[int]) -> bool:
    workers = host.workers()
    return len(workers) == 2 and before.isdisjoint(workers) and which(host) is None
