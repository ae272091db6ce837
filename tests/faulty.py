"""A backend that fails as it is told, and counts what reached it."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from nginx_lab import ADDRESS


class Fault(StrEnum):
    NONE = "answers"
    REFUSES = "refuses"  # nobody listens
    HANGS = "hangs"  # takes the request and says nothing
    RESETS = "resets"  # takes the request and resets the connection
    E500 = "500"
    E502 = "502"
    E503 = "503"
    E504 = "504"
    SLOW_BODY = "slow body"  # sends the head and one byte, and then nothing


class Backend:
    """Listens from `start` to `stop`. `ran` counts requests by method."""

    def __init__(self, name: str, port: int, fault: Fault = Fault.NONE) -> None:
        self.name, self.port, self.fault = name, port, fault
        self.ran: Counter[str] = Counter()
        self.seen: list[bytes] = []
        self._over = threading.Event()
        self._listener: socket.socket | None = None

    @contextmanager
    def running(self) -> Iterator[Backend]:
        if self.fault is Fault.REFUSES:
            yield self
            return
        with socket.create_server((ADDRESS, self.port), backlog=256) as listener:
            self._listener = listener
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                listener.shutdown(socket.SHUT_RDWR)
                thread.join(10)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was shut
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # nginx gave up on us
            while request := _read(connection):
                self.ran[request.split(b" ", 1)[0].decode()] += 1
                self.seen.append(request)
                if not self._answer(connection):
                    return

    def _answer(self, connection: socket.socket) -> bool:
        """Whether the connection can go on."""
        match self.fault:
            case Fault.HANGS:
                self._over.wait(20)
                return False
            case Fault.RESETS:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case Fault.SLOW_BODY:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nv")
                self._over.wait(20)
                return False
            case Fault.NONE:
                status = b"200"
            case _:
                status = self.fault.value.encode()
        body = self.name.encode()
        head = b"HTTP/1.1 %s X\r\nContent-Length: %d\r\nX-Backend: %s\r\nX-Gray-Version: liar\r\n\r\n"
        connection.sendall(head % (status, len(body), body) + body)
        return True


def _read(connection: socket.socket) -> bytes:
    """One request with its body; empty at the end."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65_536)
        if not more:
            return b""
        got += more
    head, _, start = got.partition(b"\r\n\r\n")
    body = bytearray(start)
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    wanted = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < wanted:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + bytes(body)
