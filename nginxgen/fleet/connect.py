"""From a host of the inventory to a session with it."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from nginxgen.errors import Unreachable
from nginxgen.fleet import script
from nginxgen.fleet.pipe import ContainerPipe, LocalPipe, Pipe
from nginxgen.fleet.session import ScriptSession
from nginxgen.model.host import Host, Transport
from nginxgen.ports import HostSession

if TYPE_CHECKING:
    from nginxgen.fleet.ssh import Connector


_AT_ONCE = 64  # key exchanges: each is milliseconds of CPU, and all together must not take as long as a login may


def gates(hosts: Sequence[Host]) -> dict[str, str | None]:
    """Host name -> the jump host that it stands behind by the ~/.ssh/config of this machine, if any."""
    from nginxgen.fleet.ssh_config import SshConfig  # noqa: PLC0415  (paramiko costs 190 ms: only large fleets ask)

    config = SshConfig.of_user()

    def gate(host: Host) -> str | None:
        try:
            return config.gate(host.name, host.address) if host.transport is Transport.SSH else None
        except Unreachable:  # it is said when the host is connected to
            return None

    return {host.name: gate(host) for host in hosts}


class Roads(Protocol):
    """What leads to hosts. Safe for many threads."""

    def connect(self, host: Host) -> HostSession:
        """Raises Unreachable, or HostRefused where the host lets us in but host.sh can't start."""

    def close(self) -> None:
        """End what several hosts share."""


class Connections:
    """Roads that begin in this process; hosts share their jump hosts until it is closed."""

    def __init__(self) -> None:
        self._ssh: Connector | None = None
        self._loading = threading.Lock()  # over _ssh
        self._room = threading.Semaphore(_AT_ONCE)

    def connect(self, host: Host) -> ScriptSession:
        """As Roads say."""
        return ScriptSession(host.name, self.run(host, script.argv(host)), installed=script.digest(host))

    def run(self, host: Host, argv: Sequence[str]) -> Pipe:
        """A pipe to this command on the host. Raises Unreachable."""
        match host.transport:
            case Transport.SSH:
                connector = self._connector()
                with self._room:
                    return connector.open(host, shlex.join(argv))
            case Transport.LOCAL:
                return LocalPipe(host.name, argv)
            case Transport.DOCKER:
                return ContainerPipe(host.name, argv, host.address)

    def _connector(self) -> Connector:
        with self._loading:
            if self._ssh is None:
                from nginxgen.fleet.ssh import Connector  # noqa: PLC0415  (paramiko costs 190 ms: only for SSH)

                self._ssh = Connector()
            return self._ssh

    def close(self) -> None:
        if self._ssh is not None:
            self._ssh.close()
