"""Bytes by key, kept from run to run in a folder of the user's own, for what is dear to work out and safe to forget.

It never fails: what cannot be read, or is not as it was written, is not there; what cannot be written is not kept. Keys
are digests, 32 bytes. Their first byte names one of 256 files, each of which holds its newest 256 KiB, so that there is
nothing to clean up: 64 MiB are the most.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self

OFF = "NGINXGEN_NO_CACHE"
_MOST = 256 * 1024  # bytes of the values in one file
_READ = 2 * _MOST  # a file of ours is never longer: the keys are part of it
_DIGEST = sha256().digest_size
_LENGTH = Struct(">I")  # of a value, behind its key
_HEAD = _DIGEST + _LENGTH.size
_OTHERS_WRITE = 0o022
_Book = dict[bytes, bytes]  # the values of one file, the newest last


def own_folder(environ: Mapping[str, str]) -> Path | None:
    """Where the user's things are kept that may be lost; None where there is no such place, or it is not wanted.

    A home of somebody else's is none: `sudo` may leave HOME as it was, and what root makes there is in its owner's way.
    """
    if environ.get(OFF):
        return None
    base, home = Path(environ.get("XDG_CACHE_HOME", "")), Path(environ.get("HOME", ""))
    if not base.is_absolute():  # such a one does not count, by the rules of XDG
        if not home.is_absolute() or not _owned(home):
            return None
        base = home / ".cache"
    return base / "nginxgen" / "parsed"


def _owned(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


class Shelf:
    """For one piece of work, in a `with`: what was put is written at its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._books: dict[int, _Book] = {}
        self._touched: defaultdict[int, _Book] = defaultdict(dict)
        self._grown: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._grown:
            self._write()

    def get(self, key: bytes) -> bytes | None:
        number = key[0]
        if number not in self._books:
            self._books[number] = self._read(number)
        value = self._books[number].get(key)
        if value is not None:
            self._touched[number][key] = value
        return value

    def put(self, key: bytes, value: bytes) -> None:
        self._touched[key[0]][key] = value
        self._grown.add(key[0])

    def _read(self, number: int) -> _Book:
        try:
            if not self._is_own():
                return {}
            with self._book(number).open("rb") as file:
                content = file.read(_READ)
        except OSError:
            return {}
        body = content[_DIGEST:]
        return dict(_entries(body)) if sha256(body).digest() == content[:_DIGEST] else {}

    def _is_own(self) -> bool:
        """Nobody else could have written there."""
        found = self._folder.stat()
        return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE

    def _write(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_own():
                with self._alone():
                    for number in self._grown:
                        self._replace(number, _newest(self._read(number), self._touched[number]))
        except OSError:
            return  # another run writes, the disk is full, the folder is read-only: the next run works it out again

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raises OSError where another process has it."""
        with _opened(self._folder / "lock") as lock:
            flock(lock, LOCK_EX | LOCK_NB)
            yield

    def _replace(self, number: int, book: _Book) -> None:
        """By a rename, so that a reader sees the old or the new; not flushed: a torn file has another digest."""
        body = b"".join(key + _LENGTH.pack(len(value)) + value for key, value in book.items())
        new = self._folder / "new"
        with _opened(new) as file:
            os.ftruncate(file, 0)
            os.write(file, sha256(body).digest() + body)
        new.replace(self._book(number))

    def _book(self, number: int) -> Path:
        return self._folder / f"{number:02x}"


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """To write, for the user alone: a config may hold secrets."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _entries(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEAD <= len(body):
        start = at + _HEAD
        key, (length,) = body[at : at + _DIGEST], _LENGTH.unpack(body[at + _DIGEST : start])
        at = start + length
        yield key, body[start:at]


def _newest(kept: _Book, touched: _Book) -> _Book:
    """What was asked for or put just now is the newest; the oldest are left out where there is no room."""
    book = {key: value for key, value in kept.items() if key not in touched} | touched
    room = _MOST
    found: list[tuple[bytes, bytes]] = []
    for key, value in reversed(book.items()):
        room -= len(key) + len(value)
        if room < 0:
            break
        found.append((key, value))
    return dict(reversed(found))
