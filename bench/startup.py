"""How long it takes until a command has started, and what it imports."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.roster import TOOLS

_BIN = Path(sys.executable).parent
_NGINXGEN = str(_BIN / "nginxgen")
_COMMANDS: Mapping[str, Sequence[str]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import click": [sys.executable, "-c", "import click"],
    "nginxgen --version": [_NGINXGEN, "--version"],
    "nginxgen --help": [_NGINXGEN, "--help"],
    "nginxgen apply --help": [_NGINXGEN, "apply", "--help"],
    "import paramiko": [sys.executable, "-c", "import paramiko"],
    "ssh -V": ["ssh", "-V"],
    "pyinfra --version": [str(TOOLS / "pyinfra/bin/pyinfra"), "--version"],
    "ansible --version": [str(TOOLS / "ansible/bin/ansible"), "--version"],
}


@dataclass(frozen=True, slots=True)
class Startup:
    command: str
    seconds: float  # median
    cpu: float  # median of user + system time


def startup(runs: int = 15) -> list[Startup]:
    """In turn, so that a busy moment strikes all alike."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
    for _ in range(runs + 1):  # the first fills caches
        for name, argv in _COMMANDS.items():
            if Path(argv[0]).exists() or "/" not in argv[0]:
                found[name].append(_time(argv))
    return [
        Startup(name, *(statistics.median(column) for column in zip(*times[1:], strict=True)))
        for name, times in found.items()
        if times
    ]


def _time(argv: Sequence[str]) -> tuple[float, float]:
    started = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{argv}: exit {process.returncode}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime
