"""The floor: what a change costs at least, with SSH and without. No lock, no compare, no way back, no proof."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko

from bench.answers import wait_for_first
from bench.contestants.base import Failed
from bench.fleet import Site, Spec

_THREADS = 16


def script(spec: Spec, site: Site) -> str:
    """Write, test, reload: what people put into a script. The text comes on stdin."""
    target = spec.target(site)
    write = f"cat >{target}.new && mv {target}.new {target}"
    return f"{write} && {spec.test_command(site)} && kill -HUP $(cat {site.pid_file})"


class Floor:
    """One bare paramiko connection and one exec a host, on 16 threads; each waits until its host answers anew."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._key = paramiko.PKey.from_path(spec.identity)
        self._host_keys = read_known_hosts(spec.known_hosts)
        self._pool = ThreadPoolExecutor(_THREADS)

    def change(self, _weight: str) -> None:
        self.bring_all("v2")

    def revert(self) -> None:
        self.bring_all("v1")

    def bring_all(self, wanted: str) -> None:
        for _ in self._pool.map(lambda site: self._bring(site, wanted), self._spec.sites):
            pass

    def _bring(self, site: Site, wanted: str) -> None:
        transport = paramiko.Transport(dial(site))
        try:
            transport.connect(self._host_keys[site.ssh], self._spec.user, pkey=self._key)
            channel = transport.open_session()
            channel.exec_command(script(self._spec, site))
            channel.sendall(self._spec.config(site).read_bytes())
            channel.shutdown_write()
            if (status := channel.recv_exit_status()) != 0:
                raise Failed(f"floor: exit {status} on {site.name}: {channel.recv_stderr(1000)!r}")
        finally:
            threading.Thread(target=transport.close, daemon=True).start()  # it polls every 0.1 s: not our time
        wait_for_first(site, self._spec.service, wanted)


class Local:
    """The same work on this machine, without SSH: what no remote tool can undercut."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._pool = ThreadPoolExecutor(_THREADS)

    def change(self, _weight: str) -> None:
        self._bring_all("v2")

    def revert(self) -> None:
        self._bring_all("v1")

    def _bring_all(self, wanted: str) -> None:
        for _ in self._pool.map(lambda site: self._bring(site, wanted), self._spec.sites):
            pass

    def _bring(self, site: Site, wanted: str) -> None:
        subprocess.run(["sh", "-c", script(self._spec, site)], input=self._spec.config(site).read_bytes(), check=True)
        wait_for_first(site, self._spec.service, wanted)


class _QuickSocket(socket.socket):
    """Acknowledges at once: delayed ACKs cost a login 40 ms, and the floor should be one."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def dial(site: Site) -> socket.socket:
    sock = _QuickSocket(socket.AF_INET, socket.SOCK_STREAM)
    sock.connect(site.ssh)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_known_hosts(path: str) -> dict[tuple[str, int], paramiko.PKey]:
    """By endpoint. The lab writes `[address]:port type key` lines only."""
    found: dict[tuple[str, int], paramiko.PKey] = {}
    with open(path) as file:  # noqa: PTH123  (a plain read)
        for line in file:
            where, kind, key = line.split()
            address, _, port = where.removeprefix("[").partition("]:")
            found[address, int(port)] = paramiko.PKey.from_type_string(kind, base64.b64decode(key))
    return found


def main(spec: str, wanted: str) -> None:
    Floor(Spec.from_json(Path(spec).read_text())).bring_all(wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
