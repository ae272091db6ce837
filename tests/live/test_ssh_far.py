"""A host that is 100 ms away.

`tc netem` would make it so where the kernel has it; the kernel that this was written on has not ("Specified qdisc kind
is unknown"). So a relay stands between us and sshd, and holds every byte back for 50 ms, in both directions: what TCP
itself does on such a way (slow start, losses) is not tried.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_tools import NOTE, change, empty, host_of, release, which
from lab_tools import MakeLab

from nginxgen.demo import keys, processes
from nginxgen.demo.lab import Lab
from nginxgen.errors import Exit
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host, Transport

ONE_WAY = 0.05  # seconds


class Relay:
    """Listens on 127.0.0.1, and leads each connection to `target` with a delay. Ends with its listener."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=_lead, args=(near, socket.create_connection(self._target)), daemon=True).start()


def _lead(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until both have ended."""
    ways = []
    for source, sink in ((near, far), (far, near)):
        line: queue.Queue[tuple[float, bytes]] = queue.Queue()
        ways.append(threading.Thread(target=_take, args=(source, line), daemon=True))
        ways.append(threading.Thread(target=_hand_on, args=(line, sink), daemon=True))
    with near, far:
        for way in ways:
            way.start()
        for way in ways:
            way.join()


def _take(source: socket.socket, line: queue.Queue[tuple[float, bytes]]) -> None:
    data = b"."
    while data:
        try:
            data = source.recv(1 << 16)
        except OSError:
            data = b""
        line.put((time.monotonic() + ONE_WAY, data))


def _hand_on(line: queue.Queue[tuple[float, bytes]], sink: socket.socket) -> None:
    with suppress(OSError):
        while True:
            due, data = line.get()
            time.sleep(max(0.0, due - time.monotonic()))  # the way is long: this is what is simulated
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)


@pytest.fixture
def far(make_lab: MakeLab, tmp_path: Path) -> Iterator[tuple[Lab, Host]]:
    lab = make_lab(hosts=1, pools={"v1": 1})
    layout = lab.hosts[0].layout
    relay = Relay((layout.address, layout.ssh_port))
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{relay.port} {keys.public(keys.host_key(layout))}\n")
    host = host_of(layout, Transport.SSH, lab=lab)
    with closing(relay.listener):
        yield lab, replace(host, address="127.0.0.1", port=relay.port, known_hosts=known)


def test_a_whole_change_on_a_host_that_is_100_ms_away(far: tuple[Lab, Host]) -> None:
    lab, host = far
    began = time.monotonic()
    with Sessions.open([host]) as sessions:
        states = sessions.observe()
        assert not sessions.failed
        connected = time.monotonic() - began
        changes = [change(host, states[host.name], release(host, "far"))]
        outcome = carry_out(sessions, changes, {host.name: empty(host)}, NOTE)
    assert outcome.exit is Exit.DONE, outcome
    processes.wait_for(lambda: which(lab.hosts[0]) == "far", "the release is served")
    # a login takes some six round trips, and a change one for each of its words
    assert connected < 20 * 2 * ONE_WAY + 3
    assert time.monotonic() - began < 40 * 2 * ONE_WAY + 6
