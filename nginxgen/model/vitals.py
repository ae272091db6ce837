"""What a host has left: space, memory, and the time on its clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disk:
    """Where a folder stands. `free` is what those who are not root may use."""

    folder: str
    free: int  # bytes
    total: int  # bytes
    free_files: int  # inodes; 0 of 0 where the file system does not count them
    files: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """Of one host, now."""

    now: int  # seconds since the epoch
    memory: int | None  # bytes that can be had without swapping; None: not known
    disks: tuple[Disk, ...]
