"""Hosts in memory for tests that spread them over processes: each process has its own, which outlive a session."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nginxgen.fleet.fake import FakeHost, FakeSession, Fault
from nginxgen.model.host import Host


@dataclass(frozen=True)
class Doubles:
    """fleet.connect.Roads to hosts in memory."""

    name: str  # doubles of another name are others
    round_trip: float = 0.0  # seconds
    faults: tuple[tuple[str, Fault], ...] = ()  # each strikes once, on the host named
    kill: tuple[str, str] | None = None  # the host and the step in which a process that holds it dies
    told: Path | None = None  # a file that is there once they are closed

    def connect(self, host: Host) -> FakeSession:
        time.sleep(self.round_trip)
        self.perhaps_die(host.name, "connect")
        return _Session(_double(host.name, self), self)

    def close(self) -> None:
        if self.told:
            self.told.touch()

    def perhaps_die(self, host: str, step: str) -> None:
        if self.kill == (host, step) and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)


class _Session(FakeSession):
    """As far away as the doubles are, and as mortal as they say."""

    def __init__(self, host: FakeHost, doubles: Doubles) -> None:
        host.connect()
        super().__init__(host)
        self._doubles = doubles

    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        time.sleep(self._doubles.round_trip)
        self._doubles.perhaps_die(self.name, step)
        with super()._step(step):
            yield


@cache
def _double(name: str, asked: Doubles) -> FakeHost:
    return FakeHost(name, [fault for host, fault in asked.faults if host == name])
