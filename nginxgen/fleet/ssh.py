"""SSH, by paramiko: one connection a host, one channel, host.sh on it. Host keys are always checked."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from concurrent.futures import Future
from typing import Any

from nginxgen.errors import Unreachable
from nginxgen.fleet.pipe import CHATTY, WRITE, PipeEnded
from nginxgen.fleet.ssh_config import Hop, SshConfig, split_jump
from nginxgen.fleet.ssh_keys import Keyring
from nginxgen.fleet.ssh_library import paramiko
from nginxgen.fleet.ssh_login import PATIENCE, TurnedAway, log_in, words
from nginxgen.fleet.ssh_socket import dial, through_command
from nginxgen.fleet.ssh_transport import EagerTransport
from nginxgen.model.host import Host
from nginxgen.ports import Stream

_TRIES = 6  # sshd's MaxStartups turns bursts away at random: knock again
_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, RFC 4254 5.1
_FAILURES = (paramiko.SSHException, OSError, EOFError)


class Connector:
    """Makes connections, and shares those to jump hosts: many channels through one login. Safe for many threads."""

    def __init__(self, config: SshConfig | None = None) -> None:
        self._config = config or SshConfig.of_user()
        self._ring = Keyring()
        self._jumps: dict[tuple[str, int, str, tuple[str, ...]], Future[EagerTransport]] = {}
        self._lock = threading.Lock()  # over _jumps

    def open(self, host: Host, command: str) -> SshPipe:
        """Log in and start this command. Raises Unreachable with what to do about it."""
        hop = self._config.hop(
            host.name,
            host.address,
            port=host.port,
            user=host.user,
            identity=host.identity_file,
            known_hosts=host.known_hosts,
        )
        transport = self._login(host.name, hop, ())
        try:
            channel = transport.execute(command, PATIENCE)
        except _FAILURES as error:
            transport.close()
            hint = "does this user get a shell there, and does sshd allow sessions?"
            raise Unreachable(host.name, f"logged in, but cannot run a command: {words(error)}", hint=hint) from error
        return SshPipe(transport, channel)

    def close(self) -> None:
        with self._lock:
            jumps, self._jumps = self._jumps, {}
        for future in jumps.values():
            if future.done() and future.exception() is None:
                future.result().close()

    def _login(
        self, name: str, hop: Hop, via: tuple[str, ...], through: EagerTransport | None = None
    ) -> EagerTransport:
        """`via`: where we have come from on the way to this hop. `through` wins over the hop's own jumps."""
        for attempt in range(1, _TRIES + 1):
            sock = _tunnel(name, through, hop) if through else self._socket(name, hop, via)
            try:
                return log_in(name, hop, sock, self._ring)
            except TurnedAway as away:
                if attempt == _TRIES:
                    hint = "too many logins at once? see MaxStartups of its sshd, and its log"
                    said = f"{hop.address}:{hop.port} turned us away {_TRIES} times: {away}"
                    raise Unreachable(name, said, hint=hint) from away
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311  (jitter, not a secret)
        raise AssertionError("unreachable")

    def _socket(self, name: str, hop: Hop, via: tuple[str, ...]) -> Any:
        if hop.jumps:
            return self._through_jumps(name, hop, via)
        if hop.command:
            return through_command(name, hop.command)
        return dial(name, hop.address, hop.port, PATIENCE)

    def _through_jumps(self, name: str, hop: Hop, via: tuple[str, ...]) -> Any:
        """ProxyJump a,b: log in to a, through it to b, and through that to the hop."""
        transport: EagerTransport | None = None
        route: tuple[str, ...] = via
        for jump in hop.jumps:
            user, address, port = split_jump(name, jump)
            near = self._config.hop(name, address, port=port, user=user)
            where = f"{near.address}:{near.port}"
            if where in via or where == f"{hop.address}:{hop.port}":
                # `Host *` with a ProxyJump holds for the jump host too, and there means nothing
                continue
            route = (*route, where)
            transport = self._jump(name, near, route, transport)
        return _tunnel(name, transport, hop) if transport else dial(name, hop.address, hop.port, PATIENCE)

    def _jump(self, name: str, hop: Hop, route: tuple[str, ...], through: EagerTransport | None) -> EagerTransport:
        """One login for all who come by at the same time; who comes after it failed or ended tries anew."""
        key = (hop.address, hop.port, hop.user, route)
        mine: Future[EagerTransport] = Future()
        with self._lock:
            there = self._jumps.get(key)
            if there is None or (there.done() and not _lives(there)):
                there = self._jumps[key] = mine
        if there is mine:
            try:
                mine.set_result(self._login(name, hop, route, through))
            except BaseException as error:  # noqa: BLE001  (it is raised below, for all who wait)
                mine.set_exception(error)
        try:
            return there.result()
        except Unreachable as error:
            raise Unreachable(name, f"the jump host: {error.reason}", hint=error.hint) from error


class SshPipe:
    """A channel with host.sh at its end."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        self._transport = transport
        self._channel = channel
        channel.settimeout(WRITE)

    def send(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except _FAILURES as error:
            raise PipeEnded("the connection was lost") from error

    def receive(self, deadline: float) -> bytes:
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self._channel.recv(1 << 16)
        except TimeoutError as error:
            raise PipeEnded("no answer in time") from error
        except _FAILURES as error:
            raise PipeEnded("the connection was lost") from error
        if not data:
            raise PipeEnded(
                "the script on the host ended" if self._transport.is_active() else "the connection was lost"
            )
        return bytes(data)

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        patience = max(0.001, deadline - time.monotonic())
        try:
            return self._transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=patience)
        except paramiko.ChannelException as error:
            if error.code == _PROHIBITED:
                raise PermissionError("sshd there does not forward connections (AllowTcpForwarding)") from error
            raise ConnectionRefusedError(f"cannot connect to {address}:{port} on the host") from error
        except (paramiko.SSHException, EOFError) as error:
            raise OSError(words(error)) from error

    def complaint(self) -> str:
        said = b""
        self._channel.settimeout(0.5)
        with contextlib.suppress(*_FAILURES):
            while len(said) < CHATTY and (more := self._channel.recv_stderr(CHATTY)):
                said += more
        return said.decode(errors="replace").strip()

    def close(self, patience: float) -> None:
        with contextlib.suppress(*_FAILURES):
            self._channel.shutdown_write()
            if patience:
                self._channel.status_event.wait(patience)  # set by its exit, and when the connection ends
        with contextlib.suppress(*_FAILURES):
            # paramiko's thread looks for the end ten times a second, unless its socket ends first
            if isinstance(self._transport.sock, socket.socket):
                self._transport.sock.shutdown(socket.SHUT_RDWR)
        self._transport.close()


def _lives(attempt: Future[EagerTransport]) -> bool:
    return attempt.exception() is None and attempt.result().is_active()


def _tunnel(name: str, transport: paramiko.Transport, hop: Hop) -> paramiko.Channel:
    """A channel to `hop` through a jump host."""
    try:
        return transport.open_channel("direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=PATIENCE)
    except _FAILURES as error:
        hint = "does its sshd allow TCP forwarding, and can it reach that address?"
        said = f"the jump host cannot reach {hop.address}:{hop.port}: {words(error)}"
        raise Unreachable(name, said, hint=hint) from error
