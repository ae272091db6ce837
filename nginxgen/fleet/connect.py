"""From a host of the inventory to a session with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nginxgen.fleet.pipe import LocalPipe
from nginxgen.fleet.session import ScriptSession
from nginxgen.model.host import Host, Transport

if TYPE_CHECKING:
    from nginxgen.fleet.ssh import Connector


class Connections:
    """Opens sessions; keeps what several hosts share (jump hosts) until it is closed."""

    def __init__(self) -> None:
        self._ssh: Connector | None = None

    def connect(self, host: Host) -> ScriptSession:
        """Raises Unreachable, or HostRefused where the host lets us in but host.sh can't start."""
        if host.transport is Transport.LOCAL:
            return ScriptSession(host.name, LocalPipe(host))
        return ScriptSession(host.name, self._connector().open(host))

    def prepare(self, hosts: tuple[Host, ...]) -> None:
        """Load what the hosts need before threads ask for it at once."""
        if any(host.transport is Transport.SSH for host in hosts):
            self._connector()

    def _connector(self) -> Connector:
        if self._ssh is None:
            from nginxgen.fleet.ssh import Connector  # noqa: PLC0415  (paramiko costs 190 ms: only where SSH is used)

            self._ssh = Connector()
        return self._ssh

    def close(self) -> None:
        if self._ssh is not None:
            self._ssh.close()
