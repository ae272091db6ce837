"""What live tests share that is not a fixture."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.demo.sshd import user
from nginxgen.model.host import Host


class MakeLab(Protocol):
    """Takes the options of Lab.start."""

    def __call__(self, **options: Any) -> Lab: ...


def ssh_argv(
    lab: Lab, host: LabHost, command: str, *, identity: Path | None = None, known_hosts: Path | None = None
) -> list[str]:
    """OpenSSH's own client, with nothing of this machine's configuration."""
    options = {
        "IdentityFile": identity or lab.layout.identity,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": known_hosts or lab.layout.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": "10",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", *words, "-p", str(host.ssh_port), f"{user()}@{host.address}", command]


def ssh(lab: Lab, host: LabHost, command: str, **options: Path) -> subprocess.CompletedProcess[str]:
    """Run to its end; `options` as for ssh_argv."""
    argv = ssh_argv(lab, host, command, **options)
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def bare(host: Host, address: str) -> Host:
    """A host of which the inventory says nothing but its address."""
    return replace(host, address=address, port=None, user=None, identity_file=None, known_hosts=None)


def config_of(host: Host, name: str, lab: Lab, more: str = "") -> str:
    return f"""
Host {name}
    HostName {host.address}
    Port {host.port}
    User {user()}
    IdentityFile {lab.layout.identity}
    UserKnownHostsFile {lab.layout.known_hosts}
    {more}
"""


def logins(host: LabHost) -> int:
    return (host.layout.ssh_dir / "sshd.log").read_text().count("Accepted publickey")
