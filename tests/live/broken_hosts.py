"""Ways in which a host of a lab may be broken, each undone at the end of its block: the fleet must be as it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nginxgen.demo.host import LabHost

# Sessions of a host with this file in its home run what it says: so one host of a lab has mounts of its own.
WRAPPER = "wrap"
SSHD = {"ForceCommand": f'[ ! -e "$HOME/{WRAPPER}" ] || . "$HOME/{WRAPPER}"; exec sh -c "$SSH_ORIGINAL_COMMAND"'}


class Mounts:
    """A mount namespace for the sessions of one host; its nginx stays outside. A normal user is root in it."""

    def __init__(self, host: LabHost) -> None:
        self.host = host
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.anchor = subprocess.Popen(
            ["unshare", *user, "--mount", "--", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE
        )
        assert self.anchor.stdout is not None
        assert self.anchor.stdout.readline() == b"ready\n"
        join = ["--user", "--preserve-credentials"] if user else []
        self.prefix = ("nsenter", "--target", str(self.anchor.pid), "--mount", *join, "--")

    def run(self, script: str) -> None:
        done = subprocess.run([*self.prefix, "sh", "-euc", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def seen(self, folder: Path) -> Path:
        """A folder as the sessions see it."""
        return Path(f"/proc/{self.anchor.pid}/root{folder}")

    def end(self) -> None:
        self.anchor.kill()
        self.anchor.wait()
        assert self.anchor.stdout is not None
        self.anchor.stdout.close()


@contextmanager
def wrapped(host: LabHost, words: str) -> Iterator[None]:
    """Sessions run $SSH_ORIGINAL_COMMAND behind these words of sh."""
    file = host.layout.folder / "home" / WRAPPER
    file.write_text(f"{words}\n")
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def mounted(host: LabHost, script: str) -> Iterator[Mounts]:
    """Sessions of this host see what `script` mounts."""
    mounts = Mounts(host)
    try:
        mounts.run(script)
        with wrapped(host, f'exec {" ".join(mounts.prefix)} sh -c "$SSH_ORIGINAL_COMMAND"'):
            yield mounts
    finally:
        mounts.end()


NO_SUDO = """
mount -t tmpfs none /mnt
touch /mnt/sudoers
chmod 440 /mnt/sudoers
mount --bind /mnt/sudoers /etc/sudoers
mount -t tmpfs none /etc/sudoers.d
"""


def read_only(folder: Path) -> str:
    return f"mkdir -p '{folder}'; mount --bind '{folder}' '{folder}'; mount -o remount,ro,bind '{folder}'"


def full(folder: Path) -> str:
    """The same files on a file system of their own, without a free block."""
    return f"""
mkdir -p '{folder}'
mount -t tmpfs -o size=1m none /mnt
cp -a '{folder}/.' /mnt
chmod --reference='{folder}' /mnt
dd if=/dev/zero of=/mnt/.filler bs=1k 2>/dev/null || true
mount --move /mnt '{folder}'
"""
