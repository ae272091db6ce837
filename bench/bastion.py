"""python -m bench.bastion: a change on hosts behind one jump host, beside the same change on them directly."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from nginxgen import inventory
from nginxgen.demo.lab import Lab
from nginxgen.demo.sshd import user
from nginxgen.model.host import Host
from nginxgen.model.outcome import FleetOutcome
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.workflow.apply import apply
from nginxgen.workflow.plan import Order
from nginxgen.workflow.scope import Scope

_HOSTS = 20
_RUNS = 7


def main() -> None:
    """Prints medians of the wall time and of this process's CPU, in seconds, and the logins that the jump host saw."""
    spent: dict[str, list[tuple[float, float]]] = {"directly": [], "behind": []}
    with Lab.start(hosts=_HOSTS + 1) as lab:
        os.environ["HOME"] = str(lab.root)
        os.environ.pop("SSH_AUTH_SOCK", None)
        config, path = lab.root / ".ssh/config", lab.write_inventory(lab.root / "fleet.yml")
        config.parent.mkdir()
        known = inventory.load(path)
        hosts = known.hosts()[:_HOSTS]
        for run in range(_RUNS + 1):
            for place, (way, found) in enumerate(spent.items()):
                config.write_text(_config(lab, hosts) if way == "behind" else "")
                order = Order(known.services, Request(Weight.parse(f"{run + 1}.{place}")))
                found.append(_apply(hosts, order))
        log = (lab.hosts[-1].layout.ssh_dir / "sshd.log").read_text()
    wall = {way: statistics.median(one for one, _ in found[1:]) for way, found in spent.items()}
    cpu = {way: statistics.median(one for _, one in found[1:]) for way, found in spent.items()}
    for way in spent:
        sys.stdout.write(f"{way}: {wall[way]:.2f} s, {cpu[way]:.2f} s of CPU\n")
    ratios = f"{wall['behind'] / wall['directly']:.2f}, {cpu['behind'] / cpu['directly']:.2f} of CPU"
    sys.stdout.write(f"ratio: {ratios}; {log.count('Accepted publickey')} logins in {_RUNS + 1} changes\n")


def _apply(hosts: tuple[Host, ...], order: Order) -> tuple[float, float]:
    began, cpu = time.monotonic(), time.process_time()
    outcome = apply(Scope(hosts), order, Note("apply", "bench", "", f"{began}"), lambda _: True).outcome
    if outcome.fleet is not FleetOutcome.APPLIED:
        raise RuntimeError(str(outcome))
    return time.monotonic() - began, time.process_time() - cpu


def _config(lab: Lab, hosts: tuple[Host, ...]) -> str:
    gate = lab.hosts[-1].layout
    return f"""\
Host gate
    HostName {gate.address}
    Port {gate.ssh_port}
    User {user()}
    IdentityFile {lab.layout.identity}
    UserKnownHostsFile {Path(lab.layout.known_hosts)}
Host {" ".join(host.address for host in hosts)}
    ProxyJump gate
"""


if __name__ == "__main__":
    main()
