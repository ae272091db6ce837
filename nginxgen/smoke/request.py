"""One request over a stream that somebody else opened: only the status of the answer counts."""

from __future__ import annotations

import re
import ssl
import time

from nginxgen.ports import Stream
from nginxgen.smoke.door import Door

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_MOST = 8192  # bytes of a status line; what is longer is none


def ask(stream: Stream, door: Door, name: str, path: str, deadline: float) -> int:
    """The status. `deadline` in time.monotonic() seconds. Raises OSError, also for an answer that is not HTTP."""
    if door.proxy:
        _send(stream, b"PROXY UNKNOWN\r\n", deadline)
    talk = _Tls(stream, name, deadline) if door.tls else stream
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: nginxgen-smoke\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    _send(talk, head.encode(), deadline)
    said = b""
    while b"\n" not in said and len(said) < _MOST:
        more = _receive(talk, deadline)
        if not more:
            break
        said += more
    found = _STATUS.match(said)
    if not found:
        raise OSError(f"it answered {said[:60]!r}, which is not HTTP" if said else "it closed without an answer")
    return int(found[1])


def _send(stream: Stream, data: bytes, deadline: float) -> None:
    stream.settimeout(_left(deadline))
    stream.sendall(data)


def _receive(stream: Stream, deadline: float) -> bytes:
    stream.settimeout(_left(deadline))
    return stream.recv(4096)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


class _Tls:
    """TLS over any stream: an SSH channel is no socket, and the ssl module wraps only those.

    The certificate is not verified: the connection ends on the host itself, inside SSH, and a service that is tested by
    one of its names on one of its addresses need not have a certificate that fits both.
    """

    def __init__(self, stream: Stream, name: str, deadline: float) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._stream = stream
        self._deadline = deadline
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        while not self._shaken():
            self._feed()

    def settimeout(self, seconds: float | None) -> None:
        self._stream.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def recv(self, most: int) -> bytes:
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                self._feed()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def close(self) -> None:
        self._stream.close()

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    def _flush(self) -> None:
        if data := self._out.read():
            _send(self._stream, data, self._deadline)

    def _feed(self) -> None:
        if data := _receive(self._stream, self._deadline):
            self._in.write(data)
        else:
            self._in.write_eof()
