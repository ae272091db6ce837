"""What stands between a stream that somebody else opened and HTTP: a PROXY line, and TLS."""

from __future__ import annotations

import ssl
import time

from nginxgen.ports import Stream
from nginxgen.smoke.door import Door


def opened(stream: Stream, door: Door, name: str, deadline: float) -> Stream:
    """The stream as HTTP is spoken on it. `deadline` in time.monotonic() seconds. Raises OSError."""
    if door.proxy:
        _send(stream, b"PROXY UNKNOWN\r\n", deadline)
    return _Tls(stream, name, deadline) if door.tls else stream


def _send(stream: Stream, data: bytes, deadline: float) -> None:
    stream.settimeout(left(deadline))
    stream.sendall(data)


def _receive(stream: Stream, deadline: float) -> bytes:
    stream.settimeout(left(deadline))
    return stream.recv(4096)


def left(deadline: float) -> float:
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
