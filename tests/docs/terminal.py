"""What a person sees who types a command at a terminal, and whether it is what a page shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

_PATIENCE = 90.0  # seconds for one command
_COLUMNS = 200  # of the terminal: nothing that a page shows in full is cut
# What differs from run to run, and from fleet to fleet.
_VARYING = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\.\.\."), "CHECKSUM"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d+\.\d+\.\d+\.\d+(:\d+)?"), "ADDRESS"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:]+Z"), "TIME"),
    (re.compile(r" +in \d+\.\d s( \(.*\))?$"), " in SECONDS"),
    (re.compile(r"[ \t]+"), " "),
)


def typed(words: Sequence[str], folder: Path, answer: str = "y\n") -> tuple[str, int]:
    """Run nginxgen at a terminal of its own, and answer its question. What is on the screen then, and the exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _COLUMNS, 0, 0))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NGINXGEN", "COLUMNS"))}
    try:
        done = subprocess.Popen(
            [sys.executable, "-m", "nginxgen", *words],
            cwd=folder,
            env={**environ, "TERM": "dumb", "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        screen = _watch(ours, answer)
        return screen, done.wait(10)
    finally:
        os.close(ours)


def _watch(terminal: int, answer: str) -> str:
    deadline = time.monotonic() + _PATIENCE
    seen = b""
    asked = False
    while select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            more = os.read(terminal, 1 << 16)
        except OSError:  # the other side is closed: Linux says so by EIO
            more = b""
        if not more:
            return seen.decode().replace("\r\n", "\n")
        seen += more
        if not asked and seen.endswith(b"[y/N] "):
            asked = True
            os.write(terminal, answer.encode())
    raise AssertionError(f"no end of it after {_PATIENCE:.0f} s: {seen.decode(errors='replace')}")


def alike(shown: str, seen: str, paths: Sequence[tuple[str, str]] = ()) -> bool:
    """Whether a screen is what a page shows. There a line `...` stands for any lines, and within one for any text."""
    for real, said in paths:
        seen = seen.replace(real, said)
    expected, lines = _plain(shown), _plain(seen)
    return _match(expected, lines)


def _plain(text: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        plain = line
        for pattern, word in _VARYING:
            plain = pattern.sub(word, plain)
        if plain.strip():
            lines.append(plain.rstrip())
    return lines


def _match(expected: list[str], lines: list[str]) -> bool:
    if not expected:
        return not lines
    first, *rest = expected
    if first.strip() == "...":
        return any(_match(rest, lines[skipped:]) for skipped in range(len(lines) + 1))
    pattern = re.escape(first).replace(r"\.\.\.", ".*")
    return bool(lines) and re.fullmatch(pattern, lines[0]) is not None and _match(rest, lines[1:])
