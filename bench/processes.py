"""CPU and memory of process trees, read from /proc. Linux."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    name: str
    parent: int
    state: str
    cpu: float  # seconds, children that have been waited for included


def processes() -> dict[int, Process]:
    found = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  (polled)
        if entry.isdigit() and (process := _read(int(entry))) is not None:
            found[process.pid] = process
    return found


def tree(roots: Collection[int], known: dict[int, Process]) -> set[int]:
    """The roots and all that descend from them."""
    found = set(roots) & known.keys()
    while more := {pid for pid, process in known.items() if process.parent in found} - found:
        found |= more
    return found


def cpu(roots: Collection[int]) -> float:
    """Seconds that these trees have used since they began, as far as somebody has waited for what ended."""
    known = processes()
    return sum(known[pid].cpu for pid in tree(roots, known))


class Orphans:
    """What hosts leave behind when a session ends before its script does: it comes to us, and its CPU counts too."""

    _OF_HOSTS = frozenset({"sh", "sshd", "nginx", "sleep", "timeout", "sudo", "setsid", "sync", "mv", "rm", "gzip"})

    def __init__(self, roots: Collection[int]) -> None:
        self._roots = roots
        self._ended = 0.0  # seconds
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER, prctl(2)

    def alive(self) -> set[int]:
        """Those that still run; those that have ended are buried, and their CPU kept."""
        known = processes()
        ours = [one for one in known.values() if one.parent == os.getpid() and one.pid not in self._roots]
        mine = {one.pid for one in ours if one.name in self._OF_HOSTS}
        for one in ours:
            if one.pid in mine and one.state == "Z":
                _, _, usage = os.wait4(one.pid, 0)
                self._ended += usage.ru_utime + usage.ru_stime
                mine.discard(one.pid)
        return tree(mine, known)

    def cpu(self) -> float:
        """Seconds that they have used, the living and the dead."""
        known = processes()
        return self._ended + sum(known[pid].cpu for pid in self.alive() if pid in known)


def ssh_clients(folder: str) -> list[int]:
    """OpenSSH clients that were started with a file of this folder: connection masters left in the background."""
    return [pid for pid in processes() if _started_with(pid, folder)]


@contextmanager
def peak_memory(roots: Callable[[], Collection[int]]) -> Iterator[list[float]]:
    """Samples the memory of the trees every 20 ms; the list holds the peak, in MB, when the block is left.

    Proportional set size: pages that forks share count once. Sampling costs CPU: not for a timed run.
    """
    peak = [0.0]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.02):
            known = processes()
            peak[0] = max(peak[0], sum(_proportional(pid) for pid in tree(roots(), known)))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _read(pid: int) -> Process | None:
    """proc(5): /proc/pid/stat; the name in parentheses may hold anything."""
    try:
        head, _, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
        fields = rest.split()
    except OSError:
        return None
    return Process(pid, head.partition("(")[2], int(fields[1]), fields[0], sum(map(int, fields[11:15])) / _TICK)


def _started_with(pid: int, folder: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return words.startswith("ssh") and f"{folder}/" in words


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
