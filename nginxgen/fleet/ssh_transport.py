"""paramiko's Transport, three round trips faster: what can be said in one breath is.

RFC 4253 has a client ask for the service "ssh-userauth", and a server that refuses it disconnect; nothing says that a
client has to wait for the yes before it sends its first request to that service. Servers handle one packet after the
other. paramiko waits.

The command goes with the wish for its channel where the server is OpenSSH, whose channels are numbered from 0. That its
answer is awaited by nobody is the third: where it is no, the channel is closed, which shows when its first bytes are to
be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from nginxgen.fleet.ssh_library import paramiko

_SERVICE_REQUEST = bytes([5])  # RFC 4253 section 12
_USERAUTH_REQUEST = bytes([50])  # RFC 4252 section 6
_CHANNEL_REQUEST = bytes([98])  # RFC 4254 section 6.5

Finish = Callable[[paramiko.Message], object]


class EagerTransport(paramiko.ServiceRequestingTransport):  # type: ignore[name-defined,misc]  # the stubs lack it
    """A Transport whose first login request does not wait for the service to be accepted."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self._asked = False
        self._accepted = threading.Event()
        self._first_channel = True
        self._follows: paramiko.Message | None = None  # what goes in the flight of the next message
        self._ended: paramiko.Channel | None = None  # the first channel, once the server has closed it

    def ensure_session(self) -> None:
        if not self.active or not self.initial_kex_done:
            raise paramiko.SSHException("No existing session")
        if not self._asked:
            self._asked = True
            request = paramiko.Message()
            request.add_byte(_SERVICE_REQUEST)
            request.add_string("ssh-userauth")
            self._send_message(request)
        self.auth_handler = self.get_auth_handler()

    def auth_publickey(self, username: str, key: paramiko.PKey) -> list[str]:
        self.ensure_session()
        if "rsa" in key.get_name():
            # how an RSA key may sign is in a message of the server's that comes before this one
            self._accepted.wait(self.auth_timeout)
        return list(self.auth_handler.auth_publickey(username, key))

    def execute(self, command: str, patience: float) -> paramiko.Channel:
        """A session channel in which the command was asked for. Raises as open_session does."""
        at_once = self._first_channel and self.remote_version.startswith("SSH-2.0-OpenSSH")
        self._first_channel = False
        if at_once:
            self._follows = _execute(0, command)
        channel = self._opened(patience)
        if not at_once:
            self._send_user_message(_execute(channel.remote_chanid, command))
        elif channel.remote_chanid != 0:
            raise paramiko.SSHException(f"the first channel has the number {channel.remote_chanid}")
        return channel

    def _opened(self, patience: float) -> paramiko.Channel:
        try:
            channel: paramiko.Channel = self.open_session(timeout=patience)
        except paramiko.SSHException:
            if self._ended is None:
                raise
            channel = self._ended  # the command was over before this thread awoke; what it said is in there
        return channel

    def _unlink_channel(self, number: int) -> None:
        self._ended = self._ended or self._channels.get(number)
        super()._unlink_channel(number)

    def _send_user_message(self, message: paramiko.Message) -> None:
        super()._send_user_message(message)
        follows, self._follows = self._follows, None
        if follows is not None:
            super()._send_user_message(follows)

    def get_auth_handler(self) -> _Handler:
        return _Handler(self)

    def _parse_service_accept(self, message: paramiko.Message) -> None:
        super()._parse_service_accept(message)
        self._accepted.set()


class _Handler(paramiko.auth_handler.AuthOnlyHandler):
    """Knows what it waits for before it asks: the answer may be quicker than paramiko's own next line."""

    def send_auth_request(self, username: str, method: str, finish_message: Finish | None = None) -> list[str]:
        self.auth_method, self.username = method, username
        request = paramiko.Message()
        request.add_byte(_USERAUTH_REQUEST)
        for text in (username, "ssh-connection", method):
            request.add_string(text)
        if finish_message is not None:
            finish_message(request)
        event = self.auth_event = threading.Event()
        with self.transport.lock:
            self.transport._send_message(request)  # type: ignore[attr-defined]  # noqa: SLF001  (as its base does)
        return list(self.wait_for_response(event))


def _execute(channel: int, command: str) -> paramiko.Message:
    request = paramiko.Message()
    request.add_byte(_CHANNEL_REQUEST)
    request.add_int(channel)
    request.add_string("exec")
    request.add_boolean(True)
    request.add_string(command)
    return request
