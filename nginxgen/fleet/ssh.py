"""SSH, by paramiko: one connection a host, one channel, host.sh on it. Host keys are always checked."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import Any

import paramiko

from nginxgen.errors import Unreachable
from nginxgen.fleet import script
from nginxgen.fleet.pipe import PipeEnded
from nginxgen.fleet.ssh_config import Hop, SshConfig, split_jump
from nginxgen.model.host import Host

_CONNECT = 15.0  # seconds for TCP, the key exchange and the login, each
_TRIES = 5  # sshd's MaxStartups turns bursts away at random: knock again


class QuickSocket(socket.socket):
    """TCP that acknowledges at once: delayed ACKs cost 40 ms at several points of an SSH login."""

    def recv(self, *args: Any) -> bytes:
        data = super().recv(*args)
        with contextlib.suppress(OSError):  # not TCP any more, or closed: then there is nothing to hurry
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


class Connector:
    """Makes connections, and shares those to jump hosts: many channels through one login."""

    def __init__(self, config: SshConfig | None = None) -> None:
        self._config = config or SshConfig.of_user()
        self._jumps: dict[tuple[str, int, str], paramiko.SSHClient] = {}
        self._lock = threading.RLock()  # a jump host may be reached through another

    def open(self, host: Host) -> SshPipe:
        """Log in and start host.sh. Raises Unreachable with what to do about it."""
        hop = self._config.hop(
            host.address,
            port=host.port,
            user=host.user,
            identity=host.identity_file,
            known_hosts=host.known_hosts,
        )
        client = self._login(host.name, hop)
        try:
            transport = client.get_transport()
            if transport is None:
                raise Unreachable(host.name, "the connection was closed right after the login")
            channel = transport.open_session(timeout=_CONNECT)
            channel.exec_command(script.command(host))
        except (paramiko.SSHException, OSError, EOFError) as error:
            client.close()
            raise Unreachable(host.name, f"logged in, but cannot run a command: {_words(error)}") from error
        return SshPipe(client, channel)

    def close(self) -> None:
        with self._lock:
            jumps, self._jumps = self._jumps, {}
        for client in jumps.values():
            client.close()

    def _login(self, name: str, hop: Hop, through: paramiko.SSHClient | None = None) -> paramiko.SSHClient:
        for attempt in range(1, _TRIES + 1):
            client = paramiko.SSHClient()
            try:
                self._load_known_hosts(name, client, hop)
                self._connect(name, client, hop, through)
            except _TurnedAway as away:
                client.close()
                if attempt == _TRIES:
                    raise Unreachable(name, f"{hop.address}:{hop.port} turned us away {_TRIES} times: {away}") from away
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311  (jitter, not a secret)
            except BaseException:
                client.close()
                raise
            else:
                return client
        raise AssertionError("unreachable")

    def _load_known_hosts(self, name: str, client: paramiko.SSHClient, hop: Hop) -> None:
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        for file in hop.known_hosts:
            if file.is_file():
                try:
                    client.load_system_host_keys(str(file))
                except (OSError, paramiko.SSHException, ValueError) as error:
                    raise Unreachable(name, f"cannot read the known hosts in {file}: {error}") from error

    def _connect(self, name: str, client: paramiko.SSHClient, hop: Hop, through: paramiko.SSHClient | None) -> None:
        where = f"{hop.user}@{hop.address}:{hop.port}"
        try:
            client.connect(
                hop.address,
                port=hop.port,
                username=hop.user,
                sock=_tunnel(name, through, hop) if through else self._socket(name, hop),
                key_filename=[str(key) for key in hop.keys],  # type: ignore[arg-type]  # the stubs forget that a list may be given
                allow_agent=not hop.only_these_keys,
                look_for_keys=False,  # the keys are named above; each wrong one costs a round trip and an attempt
                timeout=_CONNECT,
                banner_timeout=_CONNECT,
                auth_timeout=_CONNECT,
            )
        except paramiko.BadHostKeyException as error:
            raise _changed_key(name, hop, error) from error
        except paramiko.PasswordRequiredException as error:
            keys = ", ".join(map(str, hop.keys))
            raise Unreachable(name, f"the key is encrypted ({keys})", hint="add it to ssh-agent: ssh-add") from error
        except paramiko.AuthenticationException as error:
            tried = ", ".join(map(str, hop.keys)) or "no key file"
            hint = f"keys tried: {tried}{'' if hop.only_these_keys else ' and the agent'}"
            raise Unreachable(name, f"{where} does not let us in: {_words(error)}", hint=hint) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise _explain(name, where, hop, error) from error

    def _socket(self, name: str, hop: Hop) -> Any:
        if hop.jumps:
            return self._through(name, hop)
        if hop.command:
            return paramiko.ProxyCommand(hop.command)
        try:
            return _dial(hop.address, hop.port)
        except socket.gaierror as error:
            raise Unreachable(name, f"the name {hop.address} does not resolve: {error.strerror}") from error
        except TimeoutError as error:
            raise Unreachable(name, f"{hop.address}:{hop.port} does not answer within {_CONNECT:.0f} s") from error
        except OSError as error:
            hint = "is sshd running there, and the port right?" if isinstance(error, ConnectionRefusedError) else None
            raise Unreachable(
                name, f"cannot connect to {hop.address}:{hop.port}: {error.strerror}", hint=hint
            ) from error

    def _through(self, name: str, hop: Hop) -> paramiko.Channel:
        client: paramiko.SSHClient | None = None
        for index, jump in enumerate(hop.jumps):
            user, address, port = split_jump(jump)
            near = self._config.hop(address, port=port, user=user)
            # ProxyJump a,b means: log in to a, through it to b; a jump's own ProxyJump counts for the first only
            client = self._jump(name, near, client if index else None)
        return _tunnel(name, client, hop)

    def _jump(self, name: str, hop: Hop, through: paramiko.SSHClient | None) -> paramiko.SSHClient:
        key = (hop.address, hop.port, hop.user)
        with self._lock:  # held through the login: the others wait for it and then share it
            client = self._jumps.get(key)
            transport = client.get_transport() if client else None
            if client is None or transport is None or not transport.is_active():
                client = self._login(name, hop, through)
                self._jumps[key] = client
            return client


class SshPipe:
    """A channel with host.sh at its end."""

    def __init__(self, client: paramiko.SSHClient, channel: paramiko.Channel) -> None:
        self._client = client
        self._channel = channel
        channel.settimeout(60)

    def send(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise PipeEnded("the connection was lost") from error

    def receive(self, deadline: float) -> bytes:
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self._channel.recv(1 << 16)
        except TimeoutError as error:
            raise PipeEnded("no answer in time") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise PipeEnded("the connection was lost") from error
        if not data:
            lost = not self._channel.get_transport().is_active()
            raise PipeEnded("the connection was lost" if lost else "the script on the host ended")
        return bytes(data)

    def complaint(self) -> str:
        said = b""
        self._channel.settimeout(0.5)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            while len(said) < 4000 and (more := self._channel.recv_stderr(4000)):  # noqa: PLR2004  (enough to read)
                said += more
        return said.decode(errors="replace").strip()

    def close(self, patience: float) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.shutdown_write()
            self._channel.status_event.wait(patience)
        # paramiko's thread takes up to 100 ms to notice; nobody needs to wait for it
        threading.Thread(target=self._client.close, daemon=True).start()


class _TurnedAway(Exception):
    """sshd closed the connection before it said who it is: too many at once."""


def _tunnel(name: str, client: paramiko.SSHClient | None, hop: Hop) -> paramiko.Channel:
    """A channel to `hop` through a jump host."""
    if client is None or (transport := client.get_transport()) is None:
        raise Unreachable(name, "the jump host closed the connection")
    try:
        return transport.open_channel("direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=_CONNECT)
    except (paramiko.SSHException, OSError, EOFError) as error:
        jump = ":".join(map(str, transport.getpeername()[:2]))
        raise Unreachable(
            name, f"the jump host {jump} cannot reach {hop.address}:{hop.port}: {_words(error)}"
        ) from error


def _dial(address: str, port: int) -> socket.socket:
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM):
        sock = QuickSocket(family, kind, protocol)
        try:
            sock.settimeout(_CONNECT)
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _changed_key(name: str, hop: Hop, error: paramiko.BadHostKeyException) -> Unreachable:
    files = ", ".join(str(file) for file in hop.known_hosts if file.is_file())
    return Unreachable(
        name,
        f"the host key of {hop.address}:{hop.port} is not the known one: got {_fingerprint(error.key)}, "
        f"expected {_fingerprint(error.expected_key)}",
        hint=f"somebody may be in between; if the host was set up anew, replace its line in {files}",
    )


def _explain(name: str, where: str, hop: Hop, error: Exception) -> Exception:
    words = _words(error)
    if "not found in known_hosts" in words:
        files = ", ".join(map(str, hop.known_hosts))
        scan = f"ssh-keyscan -p {hop.port} {hop.address} >> {hop.known_hosts[0]}"
        return Unreachable(
            name, f"the host key of {where} is not known (looked in {files})", hint=f"check it, then: {scan}"
        )
    if isinstance(error, EOFError | ConnectionResetError) or "banner" in words:
        return _TurnedAway(words)
    return Unreachable(name, f"cannot log in to {where}: {words}")


def _fingerprint(key: paramiko.PKey) -> str:
    return str(key.fingerprint)


def _words(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
