"""Programs of the user's own: exit status 0 says fine, 1 says not fine, as grep, diff and test do; any other says that
it could not tell. The last line of stdout may begin with a number, for a gate to judge.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from nginxgen.metrics.port import Reading, Subject
from nginxgen.model.samples import Number, Window

_LARGEST = 1 << 16  # bytes of each of stdout and stderr that are kept: the last ones
_NUMBER = re.compile(r"\s*([+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?|[Nn]a[Nn])(?![\w.])")
_NOT_FINE = 1


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the user's that prints samples."""

    argv: tuple[str, ...]
    timeout: float = 30.0  # seconds
    environ: Mapping[str, str] = field(default_factory=dict)  # beside our own


class CommandMetrics:
    """Several commands by name, one after the other."""

    name = "command"

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = dict(commands)

    def measure(self, subject: Subject, window: Window) -> Reading:
        told = {
            "NGINXGEN_SERVICE": subject.service, "NGINXGEN_ROUTE": subject.route, "NGINXGEN_STABLE": subject.stable,
            "NGINXGEN_CANARY": subject.canary or "", "NGINXGEN_SINCE": f"{window.since:.0f}",
            "NGINXGEN_UNTIL": f"{window.until:.0f}",
        }  # fmt: skip
        return Reading(numbers={name: run(command, told) for name, command in self._commands.items()})


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a command says of something: well, or why not."""

    well: bool
    told: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """A command that could tell."""

    fine: bool
    out: bytes
    err: bytes


def run(command: Command, told: Mapping[str, str]) -> Number:
    """Never raises. What is still running after the timeout is killed, with all that it started."""
    ended = _run(command, told)
    return Number(error=ended) if isinstance(ended, str) else Number(_number(ended.out), fine=ended.fine)


def opinion(command: Command, told: Mapping[str, str]) -> Opinion:
    """With the last line that it wrote. Never raises; ends as `run` does."""
    ended = _run(command, told)
    if isinstance(ended, str):
        return Opinion(well=False, told=ended)
    said = _last(ended.out or ended.err).removeprefix(": ")
    return Opinion(ended.fine, said or ("says yes" if ended.fine else "says no"))


def _run(command: Command, told: Mapping[str, str]) -> _Ended | str:
    """Or why it could not tell."""
    try:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **told, **command.environ},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"{command.argv[0]} can't be started: {getattr(error, 'strerror', None) or error}"
    with process:
        try:
            out, err = _listen(process, time.monotonic() + command.timeout)
            status = process.wait(0)
        except subprocess.TimeoutExpired:
            return f"{command.argv[0]} did not end within {command.timeout:g} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if status not in (0, _NOT_FINE):
        how = f"was ended by signal {-status}" if status < 0 else f"left with {status}"
        return f"{command.argv[0]} {how}{_last(err or out)}"
    return _Ended(status == 0, out, err)


def _listen(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """Both outputs to their end, keeping the last of them. Raises TimeoutExpired."""
    kept: dict[int, bytes] = {}
    with selectors.DefaultSelector() as selector:
        streams = [stream.fileno() for stream in (process.stdout, process.stderr) if stream is not None]
        for stream in streams:
            kept[stream] = b""
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                kept[key.fd] = (kept[key.fd] + data)[-_LARGEST:]
                if not data:
                    selector.unregister(key.fd)
    process.wait(max(0.001, deadline - time.monotonic()))
    return kept[streams[0]], kept[streams[1]]


def _number(out: bytes) -> float | None:
    lines = [line for line in out.decode(errors="replace").splitlines() if line.strip()]
    found = _NUMBER.match(lines[-1]) if lines else None
    value = float(found[1]) if found else None
    return None if value is None or math.isnan(value) else value


def _last(text: bytes) -> str:
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return f": {''.join(letter if letter.isprintable() else '?' for letter in lines[-1][:200])}" if lines else ""
