"""The keys of a private fleet: one for the client, one for each host, made anew each time."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nginxgen.demo.layout import HostLayout, Layout
from nginxgen.demo.processes import program


def host_key(host: HostLayout) -> Path:
    return host.ssh_dir / "host_key"


def make(path: Path) -> None:
    """An Ed25519 key without a passphrase at `path`, its public half beside it; replaces what is there."""
    path.unlink(missing_ok=True)
    subprocess.run(
        [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "nginxgen-lab", "-f", path], check=True
    )


def public(path: Path) -> str:
    """`ssh-ed25519 AAAA...`, without the comment."""
    return " ".join(path.with_name(path.name + ".pub").read_text().split()[:2])


def write_known_hosts(layout: Layout) -> None:
    """One line a host, in the form of sshd(8) for a port that is not 22."""
    lines = [f"[{host.address}]:{host.ssh_port} {public(host_key(host))}\n" for host in layout.host_layouts()]
    layout.known_hosts.write_text("".join(lines))
