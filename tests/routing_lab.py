"""Many services on one nginx, each by its server name, over backends that say who they are and what they got."""

from __future__ import annotations

import http.client
import itertools
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import makers
import nginx_lab
from nginx_lab import ADDRESS, Nginx

from nginxgen.model.intent import Intent
from nginxgen.model.release import Release
from nginxgen.model.service import Service
from nginxgen.render import render

_ANSWER = re.compile(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n(v\d)")
_BACKEND = """\
server {{
    listen {address}:{port};
    add_header X-Backend {name} always;
    add_header X-Got-Version $http_x_gray_version always;
    add_header X-Got-Connection $http_connection always;
    location / {{ return 200 "{name}"; }}
}}
"""


@dataclass(frozen=True)
class Ask:
    path: str = "/"
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()  # in this order, duplicates kept
    cookie: str | None = None
    source: str = ADDRESS  # the client's address
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    version: str  # who answered
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Lab:
    """`port` is nginx's; `v1` and `v2` are the ports of the backends."""

    folder: Path
    port: int
    v1: int
    v2: int

    @classmethod
    def at(cls, folder: Path) -> Lab:
        return cls(folder, *nginx_lab.free_ports(3))

    def service(self, name: str, **fields) -> Service:
        versions = (makers.version("v1", f"{ADDRESS}:{self.v1}"), makers.version("v2", f"{ADDRESS}:{self.v2}"))
        return makers.service(name, **{"listen": (str(self.port),), "versions": versions} | fields)

    def release(self, services: Sequence[Service], intent: Intent) -> Release:
        return render(services, intent, makers.host(bind=ADDRESS, log_dir=str(self.folder)))

    @contextmanager
    def serving(
        self, services: Sequence[Service], intent: Intent, *, backends: str | None = None, workers: int = 2
    ) -> Iterator[Nginx]:
        nginx_lab.write(self.release(services, intent).files, self.folder)
        own = "".join(
            _BACKEND.format(address=ADDRESS, port=port, name=name) for name, port in (("v1", self.v1), ("v2", self.v2))
        )
        config = f"{own if backends is None else backends}\n{nginx_lab._LOADER}"
        with nginx_lab.running(self.folder, self.port, config, workers) as nginx:
            yield nginx

    def ask(self, host: str, asked: Ask, timeout: float = 15) -> Answer:
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout, source_address=(asked.source, 0))
        try:
            return send(connection, host, asked)
        finally:
            connection.close()


def send(connection: http.client.HTTPConnection, host: str, asked: Ask) -> Answer:
    connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", f"{host}.example.com")
    for name, value in asked.headers:
        connection.putheader(name, value.encode())
    if asked.cookie is not None:
        connection.putheader("Cookie", asked.cookie.encode())
    if asked.body is not None:
        connection.putheader("Content-Length", str(len(asked.body)))
    connection.endheaders(asked.body)
    response = connection.getresponse()
    body = response.read()
    headers = {name.title(): value for name, value in response.getheaders()}
    return Answer(response.status, headers.get("X-Backend", ""), headers, body)


def stream(port: int, requests: Iterable[bytes], at_once: int = 50) -> list[bytes]:
    """The answers to many requests on one connection, `at_once` of them sent before the first answer is read.

    Each answer must have a body of two bytes, as those of our backends have; other answers end the test.
    """
    answers: list[bytes] = []
    with socket.create_connection((ADDRESS, port), 15) as connection:
        for batch in _batched(requests, at_once):
            connection.sendall(b"".join(batch))
            got = b""
            while len(parts := _ANSWER.findall(got)) < len(batch):
                more = connection.recv(65_536)
                assert more, f"the connection ended after {got[-300:]!r}"
                got += more
            answers += parts
    return answers


def _batched(requests: Iterable[bytes], number: int) -> Iterator[list[bytes]]:
    left = iter(requests)
    while batch := list(itertools.islice(left, number)):
        yield batch


def line(host: str, cookie: str = "", path: str = "/") -> bytes:
    """A GET as bytes."""
    extra = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: {host}.example.com\r\n{extra}\r\n".encode()
