"""What must hold between hosts: each nginx is driven by one of them."""

from __future__ import annotations

from nginxgen.inventory.document import Map, find
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.model.host import Fleet, Host, Transport


def check_machines(fleet: Fleet, document: Map, findings: Findings) -> None:
    """No two hosts are the same nginx, or share the folders in which one of them keeps its state."""
    for what, of in (("the main file", _conf), ("state_dir", _state_dir), ("run_dir", _run_dir)):
        seen: dict[tuple[str, ...], str] = {}
        for host in fleet.hosts:
            key = (*_machine(host), of(host))
            if key in seen:
                _, line = find(document, ("fleet", "hosts", host.name))
                message = f"fleet.hosts.{host.name}: has the same address and {what} as {quoted(seen[key])}"
                hint = f"{what} is {of(host)}; one host for each nginx, each with folders of its own"
                findings.add(Rule.DUPLICATE, line, message, hint)
            seen.setdefault(key, host.name)


def _machine(host: Host) -> tuple[str, ...]:
    match host.transport:
        case Transport.SSH:
            return (host.address, str(host.port or 22))
        case Transport.LOCAL:
            return ("local",)
        case Transport.DOCKER:
            return ("docker", host.container or host.name)


def _conf(host: Host) -> str:
    return host.nginx.conf


def _state_dir(host: Host) -> str:
    return host.state_dir


def _run_dir(host: Host) -> str:
    return host.run_dir
