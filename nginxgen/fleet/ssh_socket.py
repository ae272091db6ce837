"""TCP, as SSH needs it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from typing import Any

from nginxgen.errors import Unreachable

_DEAD = 25  # seconds without an acknowledgement after which the other machine counts as gone


class QuickSocket(socket.socket):
    """TCP that acknowledges at once: delayed ACKs cost 40 ms at several points of an SSH login."""

    def recv(self, *args: Any) -> bytes:
        data = super().recv(*args)
        with contextlib.suppress(OSError):  # not TCP any more, or closed: then there is nothing to hurry
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def through_command(name: str, command: str) -> socket.socket:
    """What OpenSSH does with ProxyCommand: a program whose stdin and stdout are the connection."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us; it ends when we close our end
            )
        except (OSError, ValueError) as error:
            ours.close()
            raise Unreachable(name, f"ProxyCommand {command!r} does not start: {error}") from error
    threading.Thread(target=process.wait, name="proxy command", daemon=True).start()
    return ours


def dial(name: str, address: str, port: int, patience: float) -> socket.socket:
    """Connect. Raises Unreachable, for the host `name`."""
    try:
        return _connected(address, port, patience)
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) else "it is no name"
        hint = "set address of this host in the inventory, or a HostName in ~/.ssh/config"
        raise Unreachable(name, f"the name {address} does not resolve: {why}", hint=hint) from error
    except TimeoutError as error:
        hint = "is the host up, and the way to it free of firewalls?"
        raise Unreachable(name, f"{address}:{port} does not answer within {patience:.0f} s", hint=hint) from error
    except OSError as error:
        hint = "is sshd running there, and the port right?"
        raise Unreachable(name, f"cannot connect to {address}:{port}: {error.strerror}", hint=hint) from error


def _connected(address: str, port: int, patience: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM):
        sock = QuickSocket(family, kind, protocol)
        try:
            sock.settimeout(patience)
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _notice_death(sock)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _notice_death(sock: socket.socket) -> None:
    """A machine that lost its power says nothing; without this we would wait for it as long as for a slow nginx."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD * 1000)
