"""A small HTTP server beside the runner. It reads the board, takes no input but a path, and ends with the runner."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from nginxgen.errors import InputError
from nginxgen.live.answers import answer, elsewhere, policy
from nginxgen.live.board import Board
from nginxgen.live.named import meant

_NOTICE = 0.1  # seconds until the server sees that it shall end
_PATIENCE = 10  # seconds that a client may be silent


@contextmanager
def serving(address: str, port: int, board: Board) -> Iterator[str]:
    """The URL that is served until the end of the block. Port 0: one that is free. Raises InputError."""
    try:
        server = _server(address, port, board)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that DNS could not ask for
        hint = "another port, or the address of this machine: --listen [ADDR:]PORT"
        why = getattr(error, "strerror", None) or error
        raise InputError(f"cannot listen on {_joined(address, port)}: {why}", hint=hint) from error
    threading.Thread(target=server.serve_forever, args=(_NOTICE,), name="live", daemon=True).start()
    try:
        yield f"http://{_joined(address, server.server_address[1])}/"
    finally:
        server.shutdown()
        server.server_close()


def _joined(address: str, port: object) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _server(address: str, port: int, board: Board) -> socketserver.ThreadingTCPServer:
    class Handler(_Handler):
        shown = board
        shown_to = staticmethod(partial(meant, address))

    class Server(socketserver.ThreadingTCPServer):  # http.server's asks DNS for its own name, and can hang there
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        allow_reuse_address = True  # a runner that begins anew finds its port free
        daemon_threads = True
        block_on_close = False  # a client that is slow holds up no end

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is no news; the terminal belongs to the rollout."""

    return Server((address, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    shown: Board
    shown_to: Callable[[str], bool]  # by the Host that was asked for
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def do_GET(self) -> None:
        meant = self.shown_to(self.headers.get("Host", ""))
        what = answer(self.path.partition("?")[0], self.shown) if meant else elsewhere()
        self.send_response(what.status)
        self.send_header("Content-Type", what.kind)
        self.send_header("Content-Length", str(len(what.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(what.body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The base class does not know other methods; here they are known, and not allowed."""
        known = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else code
        super().send_error(known, message, explain)

    def end_headers(self) -> None:
        """Also of what the base class refuses by itself."""
        self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Security-Policy", policy())
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def version_string(self) -> str:
        return "nginxgen"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Says nothing: the terminal belongs to the rollout."""
