"""A web server that takes what is posted to it: the other end of an alert."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """`json://` of Apprise posts here. `status` is what it answers; while `held` is clear it answers nothing."""

    port: int
    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)

    def url(self, secret: str = "s3cr3t-token") -> str:
        return f"json://bot:{secret}@127.0.0.1:{self.port}/{secret}-path?-x={secret}-query"


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.held.wait(60)
            one.taken.append(json.loads(body))
            self.send_response(one.status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    one = Receiver(server.server_address[1])
    one.held.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield one
    finally:
        one.held.set()
        server.shutdown()
        server.server_close()
