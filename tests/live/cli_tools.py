"""The command line as an operator runs it, and what must be the same before and after when nothing was done."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from nginxgen.demo import traffic
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab

ARGV = [sys.executable, "-m", "nginxgen"]


class Cli:
    """`cli("plan", "--json")` runs it to its end, with this inventory, away from any terminal."""

    def __init__(self, inventory: Path) -> None:
        self.inventory = inventory
        self.patience = 120.0  # seconds that a verb may take

    def argv(self, *words: str) -> list[str]:
        return [*ARGV, "-i", str(self.inventory), *words]

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = self.end(self.argv(*words))
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def end(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run to its end, whatever that is, with nobody at a terminal."""
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=self.patience, check=False, stdin=subprocess.DEVNULL
        )

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code).stdout)

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Under way, in a process group of its own, and deaf to no signal, whatever ignores them around here."""
        return subprocess.Popen(
            self.argv(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (no threads)
        )

    def at_terminal(self, answer: str, *words: str) -> tuple[int, str]:
        """The exit code and the screen, when this is typed at the first question."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(ARGV[0], self.argv(*words))
        screen, asked = b"", False
        try:
            while chunk := os.read(terminal, 65536):
                screen += chunk
                if b"[y/N]" in screen and not asked:
                    asked = True
                    os.write(terminal, answer.encode())
        except OSError:
            pass  # Linux reports the end of a pseudo-terminal so
        finally:
            os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()

    def rewrite(self, old: str, new: str) -> None:
        """Another text in the inventory file."""
        text = self.inventory.read_text()
        assert old in text
        self.inventory.write_text(text.replace(old, new))


def files(folder: Path, shown: Path | None = None) -> dict[str, str]:
    """Every file and link below a folder, with its content. `shown`: another path by which to look at it."""
    root = shown or folder
    return {
        f"{folder}/{path.relative_to(root)}": str(path.readlink())
        if path.is_symlink()
        else sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def tree(lab: Lab) -> dict[str, str]:
    """Every file and link below the config folders of all hosts."""
    return {name: content for host in lab.hosts for name, content in files(host.conf_dir).items()}


def state(lab: Lab) -> dict[str, str]:
    """Journals and open transactions of all hosts."""
    return {name: content for host in lab.hosts for name, content in files(host.layout.state_dir).items()}


def workers(lab: Lab) -> list[tuple[int, ...]]:
    return [host.workers() for host in lab.hosts]


def traces(lab: Lab) -> tuple[dict[str, str], dict[str, str], list[tuple[int, ...]]]:
    """All that a change leaves on hosts: config, state, and which workers serve."""
    return tree(lab), state(lab), workers(lab)


def share(lab: Lab, version: str, requests: int = 1000) -> float:
    targets = [host.web for host in lab.hosts]
    seen = traffic.count(targets, traffic.Request("shop.example.com"), requests)
    return seen[version] / requests


def served(hosts: Sequence[LabHost], requests: int = 60) -> set[str]:
    """The versions, and the failures, that answer on these hosts."""
    return set(traffic.count([host.web for host in hosts], traffic.Request("shop.example.com"), requests))
