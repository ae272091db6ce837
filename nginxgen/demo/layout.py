"""Where everything of a private fleet is: one directory, one loopback /24, a few ports. Pure but for `reserve`."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nginxgen.errors import Refused

# Below the range that the kernel takes clients' ports from (32768 by default), so that no client holds one of these.
SSH_PORT = 22201
WEB_PORT = 18080
BACKEND_PORT = 15000
_GUARD_PORT = 22200
_FIRST_BACKEND = 100  # last byte of the address of the first server of the first version
_BACKENDS_A_VERSION = 30


@dataclass(frozen=True, slots=True)
class HostLayout:
    """One host: its address for sshd and nginx alike, and its tree, in the shape of Debian's."""

    name: str
    folder: Path
    address: str
    ssh_port: int
    web_port: int  # for the services of nginxgen
    site_port: int  # serves sites-enabled/default, which is not nginxgen's and must never be disturbed

    @property
    def conf_dir(self) -> Path:
        return self.folder / "etc/nginx"

    @property
    def conf(self) -> Path:
        return self.conf_dir / "nginx.conf"

    @property
    def ssh_dir(self) -> Path:
        return self.folder / "etc/ssh"

    @property
    def volatile(self) -> Path:
        """What a boot finds empty, as /run."""
        return self.folder / "run"

    @property
    def pid_file(self) -> Path:
        return self.volatile / "nginx.pid"

    @property
    def run_dir(self) -> Path:
        return self.volatile / "nginxgen"

    @property
    def state_dir(self) -> Path:
        return self.folder / "var/lib/nginxgen"

    @property
    def log_dir(self) -> Path:
        return self.folder / "var/log/nginx"


@dataclass(frozen=True, slots=True)
class BackendLayout:
    """One backend server that answers with the name of its version."""

    version: str
    folder: Path
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a private fleet keeps its files, and where it listens."""

    root: Path
    net: str  # the first three bytes of a loopback /24: "127.0.1"
    hosts: int = 3
    pools: Mapping[str, int] = field(default_factory=lambda: {"v1": 1, "v2": 1})  # servers of each version
    ssh_port: int = SSH_PORT  # of the first host; the next host's is one more
    web_port: int = WEB_PORT

    @property
    def key_dir(self) -> Path:
        return self.root / "keys"

    @property
    def identity(self) -> Path:
        return self.key_dir / "id"

    @property
    def known_hosts(self) -> Path:
        return self.key_dir / "known_hosts"

    def host_layouts(self) -> tuple[HostLayout, ...]:
        return tuple(
            HostLayout(
                name := f"edge-{number}",
                self.root / name,
                f"{self.net}.{number}",
                self.ssh_port + number - 1,
                self.web_port,
                self.web_port + 1,
            )
            for number in range(1, self.hosts + 1)
        )

    def backend_layouts(self) -> tuple[BackendLayout, ...]:
        return tuple(
            BackendLayout(version, self.root / f"backend-{version}-{number + 1}", f"{self.net}.{byte}", BACKEND_PORT)
            for place, (version, servers) in enumerate(self.pools.items())
            for number in range(servers)
            for byte in (_FIRST_BACKEND + place * _BACKENDS_A_VERSION + number,)
        )

    def require_free(self) -> None:
        """Raises Refused when somebody listens where this fleet would."""
        wanted = [(host.address, port) for host in self.host_layouts() for port in _ports(host)]
        wanted += [(backend.address, backend.port) for backend in self.backend_layouts()]
        for address, port in wanted:
            if not _is_free(address, port):
                raise Refused(
                    f"{address}:{port} is in use",
                    hint="another demo may be up: `nginxgen demo --stop` ends it; `ss -ltnp` names who listens",
                )


def reserve() -> tuple[str, socket.socket]:
    """A loopback /24 that no other lab on this machine has, held for as long as the socket is open.

    The kernel is the arbiter: who holds the guard port of a net has the net, and a dead process holds nothing.
    """
    start = os.getpid() % 199  # spread, so that processes which start together rarely ask for the same one
    for step in range(199):
        net = f"127.77.{1 + (start + step) % 199}"
        guard = socket.socket()
        try:
            guard.bind((f"{net}.254", _GUARD_PORT))
        except OSError:
            guard.close()
        else:
            return net, guard
    raise Refused("199 private fleets are up already on this machine")


def _ports(host: HostLayout) -> tuple[int, int, int]:
    return host.ssh_port, host.web_port, host.site_port


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free, as for nginx
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
