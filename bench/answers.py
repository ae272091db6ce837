"""Which version a host serves, asked over HTTP on a connection of its own each time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from bench.fleet import Site

# Old workers accept for about 100 ms beside the new ones: one good answer is no proof, five in a row are enough here.
_IN_A_ROW = 5
_DEADLINE = 30.0  # seconds
_PAUSE = 0.002


class NotServed(Exception):
    """A host does not serve what the contestant says it does."""


def version(site: Site, service: str) -> str:
    """The first word of the body, which is the version's name; what went wrong where nobody answers."""
    request = f"GET / HTTP/1.1\r\nHost: {service}.example.com\r\nConnection: close\r\n\r\n".encode()
    answer = b""
    try:
        with socket.create_connection(site.web, timeout=10) as client:
            client.sendall(request)
            while part := client.recv(4096):
                answer += part
    except OSError as error:
        return str(error)
    return answer.partition(b"\r\n\r\n")[2].split(b" ", 1)[0].decode(errors="replace")


def wait_for_first(site: Site, service: str, wanted: str) -> None:
    """Until one answer comes from `wanted`: what a careful script would wait for. Raises NotServed."""
    deadline = time.monotonic() + _DEADLINE
    while version(site, service) != wanted:
        if time.monotonic() > deadline:
            raise NotServed(f"{site.name} does not serve {wanted}")
        time.sleep(_PAUSE)


def verify(sites: Iterable[Site], service: str, wanted: str) -> None:
    """Until every host has answered from `wanted` five times in a row. Raises NotServed."""
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda site: _settled(site, service, wanted), sites):
            pass


def _settled(site: Site, service: str, wanted: str) -> None:
    deadline = time.monotonic() + _DEADLINE
    row = 0
    while row < _IN_A_ROW:
        seen = version(site, service)
        row = row + 1 if seen == wanted else 0
        if time.monotonic() > deadline:
            raise NotServed(f"{site.name} serves {seen}, not {wanted}")
        if row == 0:
            time.sleep(_PAUSE)
