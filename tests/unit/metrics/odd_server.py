"""A server on loopback that answers as badly as one wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket], None]


def bytes_of(text: str | bytes, status: str = "200 OK") -> Answer:
    body = text.encode() if isinstance(text, str) else text

    def answer(client: socket.socket) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    return answer


def silence(client: socket.socket) -> None:
    """Until the other side has had enough."""
    client.recv(1)


def hang_up(client: socket.socket) -> None:
    """At once."""


def drip(front: bytes) -> Answer:
    """A byte now and then, for ever: each is in time, all of them are not."""

    def answer(client: socket.socket) -> None:
        client.sendall(front)
        client.settimeout(0.02)
        while True:
            client.sendall(b"x")
            try:
                if not client.recv(1):
                    return
            except TimeoutError:
                pass

    return answer


def endless(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        client.sendall(b"[" * 65536)


@contextmanager
def serving(answer: Answer, asked: list[bytes] | None = None) -> Iterator[int]:
    """The port. `asked` gets the bytes of each request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                if ended.is_set():  # the knock that ends it, and no request
                    client.close()
                    return
                threading.Thread(target=talk, args=(client,), daemon=True).start()

        def talk(client: socket.socket) -> None:
            with client:
                try:
                    request = _request(client)
                    if asked is not None:
                        asked.append(request)
                    answer(client)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            with socket.socket() as knock:
                knock.connect_ex(server.getsockname())
            thread.join(5)


def _request(client: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        got = client.recv(65536)
        if not got:
            return read
        read += got
    head, _, body = read.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body
