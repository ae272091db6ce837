"""What a contestant is, and what a step of it costs its controller."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.fleet import Spec


@dataclass(frozen=True, slots=True)
class Cost:
    """One step, as its controller felt it."""

    seconds: float
    cpu: float  # seconds of user and system time, children included


class Failed(Exception):
    """A contestant could not do its work; the message holds its last words."""


class Contestant(Protocol):
    name: str
    spec: Spec

    def prepare(self) -> None:
        """Whatever a user has done once, before the day: inventories, warm connections. Not timed."""

    def change(self, weight: str) -> Cost:
        """Bring every host to <folder>/conf/<host>.conf, which has this weight. Raises Failed."""

    def revert(self) -> Cost:
        """Bring every host back to what it had; for file carriers it lies in <folder>/conf again. Raises Failed."""

    def pids(self) -> tuple[int, ...]:
        """The roots of the controller's process trees while it works."""

    def close(self) -> None: ...


class Command:
    """A contestant that is a command line, started anew for every step."""

    name: str

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._pid: int | None = None

    def prepare(self) -> None: ...

    def argv(self, weight: str | None) -> Sequence[str]:
        """The command; without a weight the one that goes back."""
        raise NotImplementedError

    def environ(self) -> Mapping[str, str]:
        return {}

    def change(self, weight: str) -> Cost:
        return self._run(self.argv(weight))

    def revert(self) -> Cost:
        return self._run(self.argv(None))

    def pids(self) -> tuple[int, ...]:
        return () if self._pid is None else (self._pid,)

    def close(self) -> None: ...

    def _run(self, argv: Sequence[str]) -> Cost:
        log = Path(self.spec.folder) / "out.log"
        with log.open("wb") as out:
            started = time.monotonic()
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "NO_COLOR": "1", **self.environ()},
                cwd=self.spec.folder,
            )
            self._pid = process.pid
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
            self._pid = None
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f"{self.name}: exit {process.returncode}: {log.read_text(errors='replace')[-1500:]}")
        return Cost(seconds, usage.ru_utime + usage.ru_stime)
