"""Processes on this machine: start them, find those of a directory, end them for certain. Linux only: reads /proc."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from nginxgen.errors import Refused

MARKER = "NGINXGEN_LAB"  # environment variable that names the directory whose processes these are
_DAEMONS = frozenset({"nginx", "sshd", "sshd-session", "sshd-auth"})


def program(name: str) -> str:
    """The absolute path of a program; a normal user's PATH lacks the folders of daemons. Raises Refused."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if found is None:
        package = {"sshd": "openssh-server", "ssh-keygen": "openssh-client"}.get(name, name)
        raise Refused(f"{name} is not installed", hint=f"on Debian: apt-get install {package}")
    return found


def start(argv: Sequence[str], log: Path, *, tied: bool, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A child in a session of its own (so that Ctrl-C reaches only us), its output appended to `log`.

    `tied`: it gets SIGTERM when the thread that calls this dies, however it dies; so no thread pool may call this.
    """
    setpriv = shutil.which("setpriv") if tied else None
    tie = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
    with log.open("ab") as out:
        return subprocess.Popen(
            [*tie, *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environ,
            start_new_session=True,
            cwd="/",
        )


def wait_for(fact: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Poll until `fact` holds. Raises Refused, naming `what` did not happen."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise Refused(f"{what}: not within {seconds:g} s")
        time.sleep(0.004)


def last_words(*logs: Path) -> str:
    """The last lines of the first of these logs that has any: why a process did not start."""
    texts = (log.read_text(errors="replace").strip() for log in logs if log.exists())
    return " | ".join(next((text for text in texts if text), "it said nothing").splitlines()[-3:])


def alive(pid: int) -> bool:
    """False also for a zombie: it serves nobody, and whose child it is must reap it."""
    return _stat(pid)[0] not in {"", "Z", "X"}


def children(pid: int) -> tuple[int, ...]:
    """The living children of a process, as the kernel lists them."""
    return tuple(sorted(child for child, parent in _parents().items() if parent == pid))


def belonging(folder: Path) -> set[int]:
    """Living daemons that hold a file below `folder` open, processes whose environment names it, and their offspring.

    A person's `tail -f` on a log is neither. Our own process never counts.
    """
    parents = _parents()
    found = {pid for pid in parents if _marked(pid, folder) or (_name(pid) in _DAEMONS and _holds(pid, folder))}
    return {pid for pid in _with_offspring(found, parents) if pid != os.getpid()}


def end(pids: Iterable[int], *, seconds: float = 5.0) -> None:
    """SIGTERM, and SIGKILL to what is still there after `seconds`; returns when all are gone."""
    left = _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in left if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.004)
    kill(left)


def kill(pids: Iterable[int]) -> None:
    """SIGKILL, and wait until they are gone."""
    left = _signal(pids, signal.SIGKILL)
    wait_for(lambda: not any(alive(pid) for pid in left), "the end of killed processes")


def kill_all(folder: Path, *, spare: Collection[int] = ()) -> None:
    """SIGKILL to all that belong to `folder`, until there is none: a master may yet replace a worker that is gone."""
    while doomed := belonging(folder).difference(spare):
        kill(doomed)


def _signal(pids: Iterable[int], number: signal.Signals) -> list[int]:
    reached = []
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        reached.append(pid)
    return reached


def _parents() -> dict[int, int]:
    """The parent of every living process."""
    found = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  (pathlib makes an object an entry; this is polled)
        if entry.isdigit():
            state, parent = _stat(int(entry))
            if state not in {"", "Z", "X"}:
                found[int(entry)] = parent
    return found


def _with_offspring(pids: Collection[int], parents: Mapping[int, int]) -> set[int]:
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _stat(pid: int) -> tuple[str, int]:
    """State letter and parent (proc(5): /proc/pid/stat; the name before them may hold spaces and parentheses)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", 0
    return fields[0], int(fields[1])


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def _marked(pid: int, folder: Path) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # another user's
        return False
    mark = f"{MARKER}={folder}".encode()
    return any(variable == mark or variable.startswith(mark + b"/") for variable in variables)


def _holds(pid: int, folder: Path) -> bool:
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
        return any(os.readlink(descriptor).startswith(f"{folder}/") for descriptor in descriptors)  # noqa: PTH115  (text)
    except OSError:  # another user's, or it ended meanwhile
        return False
