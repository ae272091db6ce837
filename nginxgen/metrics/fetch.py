"""One HTTP request that ends in time, whatever the other side does, and never fills the memory."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: bytes  # at most as much as was asked for
    seconds: float


class Failed(Exception):
    """No answer: the message says why. `timeout`: it took too long."""

    def __init__(self, why: str, *, timeout: bool, seconds: float) -> None:
        super().__init__(why)
        self.timeout = timeout
        self.seconds = seconds


def fetch(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    most: int,
    timeout: float,
) -> Answer:
    """Closes the connection. `timeout` in seconds is for all of it: a socket's own would begin anew with each byte.

    Raises Failed.
    """
    begun = time.monotonic()
    late = threading.Event()
    open_: list[socket.socket] = []  # our own hold of it: http.client lets go of it before the body is read

    def cut() -> None:
        late.set()
        for one in open_:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # not TLS's own, which a reading thread would trip over

    timer = threading.Timer(timeout, cut)
    timer.daemon = True
    timer.start()
    try:
        connection.connect()
        open_.append(connection.sock)
        if late.is_set():
            cut()
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        read = bytearray()
        while len(read) < most and (chunk := response.read1(min(_CHUNK, most - len(read)))):
            read += chunk
    except (OSError, http.client.HTTPException, ValueError) as error:
        seconds = time.monotonic() - begun
        if late.is_set() or isinstance(error, TimeoutError):
            raise Failed(f"no answer within {timeout:g} s", timeout=True, seconds=seconds) from error
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Failed(str(why)[:200], timeout=False, seconds=seconds) from error
    finally:
        timer.cancel()
        connection.close()
    seconds = time.monotonic() - begun
    if late.is_set():
        raise Failed(f"no answer within {timeout:g} s", timeout=True, seconds=seconds)
    return Answer(response.status, bytes(read), seconds)
