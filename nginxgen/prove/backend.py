"""The two backends that nginx itself can't play: one that never answers, and one that speaks WebSocket (echo)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nginxgen.prove.webserver import ECHO, HANG

_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"


@contextmanager
def backends(folder: Path) -> Iterator[None]:
    """Both listen while the block runs."""
    with _listening(folder / HANG), _listening(folder / ECHO) as echo:
        thread = threading.Thread(target=_echo, args=(echo,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                echo.shutdown(socket.SHUT_RDWR)  # wakes the thread up
            thread.join()


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(128)  # who connects waits for an answer, without being accepted
        yield listener


def _echo(listener: socket.socket) -> None:
    """One connection after the other: upgrade it, and send back what comes, until it ends."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(10)
            got = b""
            while b"\r\n\r\n" not in got and (more := connection.recv(65_536)):
                got += more
            connection.sendall(_SWITCH)
            while more := connection.recv(65_536):
                connection.sendall(more)
