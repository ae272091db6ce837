"""Requests over a unix socket, byte for byte as they are given: no library that knows better is in between."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from nginxgen.errors import Refused
from nginxgen.explain import Request

_TIMEOUT = 10.0  # seconds
_NO_BODY = (204, 304)
_SWITCHING = 101


@dataclass(frozen=True, slots=True)
class Answer:
    """What nginx answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case; the last of a name
    body: bytes = b""


class Client:
    """One keepalive connection, opened anew when the other side has closed it."""

    def __init__(self, path: Path, tls: Path | None = None) -> None:
        """`tls`: the certificate that the other side must show, whatever name it is asked by."""
        self._path = path
        self._tls = tls
        self._socket: socket.socket | None = None
        self._got = b""

    def ask(self, host: str, request: Request, extra: Mapping[str, str]) -> Answer:
        """Raises Refused where no answer comes."""
        try:
            self._send(_bytes(host, request, extra))
            answer = self._answer(request.method)
        except (OSError, ValueError) as error:
            raise Refused(f"the private nginx did not answer: {error}") from error
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def echo(self, message: bytes) -> bytes:
        """What comes back on an upgraded connection, which is closed then."""
        connection = self._connection()
        connection.sendall(message)
        while len(self._got) < len(message):
            self._more()
        got = self._got
        self.close()
        return got

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._got = None, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connection(self) -> socket.socket:
        if self._socket is None:
            self._socket = self._connected()
        return self._socket

    def _connected(self) -> socket.socket:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(_TIMEOUT)
        plain.connect(str(self._path))
        if self._tls is None:
            return plain
        trusting = ssl.create_default_context(cafile=str(self._tls))
        trusting.check_hostname = False
        return trusting.wrap_socket(plain)

    def _send(self, request: bytes) -> None:
        """Once more where an idle connection was closed meanwhile."""
        try:
            self._connection().sendall(request)
        except BrokenPipeError:
            self.close()
            self._connection().sendall(request)

    def _more(self) -> None:
        more = self._connection().recv(65_536)
        if not more:
            raise ValueError("the connection ended")
        self._got += more

    def _answer(self, method: str) -> Answer:
        while b"\r\n\r\n" not in self._got:
            self._more()
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        bare = method == "HEAD" or status in _NO_BODY or status == _SWITCHING
        length = 0 if bare else int(headers.get("content-length", "0"))
        while len(self._got) < length:
            self._more()
        body, self._got = self._got[:length], self._got[length:]
        return Answer(status, headers, body)


def _bytes(host: str, request: Request, extra: Mapping[str, str]) -> bytes:
    body = b"x=1" if request.method in ("POST", "PUT", "PATCH") else b""
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (*request.lines, *extra.items())]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
