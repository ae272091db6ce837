"""A private nginx for one test: its own folder, ports on loopback, and backends that answer with their name."""

from __future__ import annotations

import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nginxgen.model.release import File, Release

ADDRESS = "127.0.0.1"
_DEADLINE = 15.0
_MAIN = """\
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log error.log notice;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    access_log off;
    keepalive_requests 100000;
    map_hash_bucket_size 128;
    variables_hash_bucket_size 128;
    server_names_hash_bucket_size 256;
    {http}
}}
"""
_LOADER = "include nginxgen/live/sentinel; include nginxgen/live/*.conf;"


def binary() -> str:
    """No nginx is a failure with a sentence, not a skip."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, "these tests need nginx: apt-get install nginx"
    return found


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on now, and that no outgoing connection will be given."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    found: list[int] = []
    for port in random.sample(range(10_000, lowest), 2_000):
        if len(found) < number:
            with suppress(OSError), socket.create_server((ADDRESS, port)):
                found.append(port)
    assert len(found) == number, "no port is free on loopback"
    return found


@dataclass
class Nginx:
    folder: Path
    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str = "/", headers: Mapping[str, str] | None = None, host: str = "shop.example.com") -> str:
        """The body of one answer, or its status where it isn't 200."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=_DEADLINE)
        try:
            return _ask(connection, path, {"Host": host, **(headers or {})})
        finally:
            connection.close()

    def count(self, number: int, path: str = "/", headers: Mapping[str, str] | None = None) -> Counter[str]:
        """How often each body came, over `number` requests on a few connections."""
        clients = 4
        shares = [number // clients + (at < number % clients) for at in range(clients)]
        results: list[Counter[str]] = []
        threads = [
            threading.Thread(target=lambda share=share: results.append(self._many(share, path, headers or {})))
            for share in shares
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(results, Counter())

    def serve(self, release: Release) -> None:
        """Put another release live and wait until old workers are gone."""
        before = self.workers()
        write(release.files, self.folder)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: not self.workers() & before and bool(self.workers()), "nginx did not take the new release")

    def workers(self) -> frozenset[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return frozenset(int(pid) for pid in children.split())

    def _many(self, number: int, path: str, headers: Mapping[str, str]) -> Counter[str]:
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=_DEADLINE)
        asked = {"Host": "shop.example.com", **headers}
        try:
            return Counter(_ask(connection, path, asked) for _ in range(number))
        finally:
            connection.close()


def _ask(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> str:
    connection.request("GET", path, headers=dict(headers))
    response = connection.getresponse()
    body = response.read().decode()
    return body if response.status == 200 else str(response.status)


def until(fact, message: str) -> None:
    """Wait for a fact; fail with `message` and not hang."""
    end = time.monotonic() + _DEADLINE
    while not fact():
        assert time.monotonic() < end, message
        time.sleep(0.01)


def write(files: Sequence[File], folder: Path) -> None:
    live = folder / "nginxgen" / "live"
    shutil.rmtree(live, ignore_errors=True)
    live.mkdir(parents=True)
    for file in files:
        (live / file.name).write_text(file.text, "utf-8", newline="\n")


def complaint(folder: Path, http_block: str = _LOADER) -> str:
    """What `nginx -t` says; empty when it is content."""
    (folder / "nginx.conf").write_text(_MAIN.format(workers=1, http=http_block), "utf-8")
    done = subprocess.run(
        [binary(), "-t", "-q", "-e", "stderr", "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"],
        capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    return done.stderr if done.returncode or done.stderr else ""


@contextmanager
def running(folder: Path, port: int, http_block: str = _LOADER, workers: int = 2) -> Iterator[Nginx]:
    """nginx over what is in `folder`, ready on `port`."""
    (folder / "nginx.conf").write_text(_MAIN.format(workers=workers, http=http_block), "utf-8")
    command = [binary(), "-p", f"{folder}/", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    nginx = Nginx(folder, process, port)
    try:
        until(lambda: process.poll() is not None or _answers(port), "nginx did not start")
        assert process.poll() is None, (folder / "error.log").read_text(errors="replace")
        until(lambda: len(nginx.workers()) == workers, "not every worker started")
        yield nginx
    finally:
        process.terminate()
        process.wait(_DEADLINE)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((ADDRESS, port)) == 0


def answering(names: Mapping[int, str]) -> str:
    """http-level config of backends: each port answers every request with its name."""
    return "\n".join(
        f'server {{ listen {ADDRESS}:{port}; location / {{ return 200 "{name}"; }} }}' for port, name in names.items()
    )
