"""The one way in which a file is written for a user: whole or not at all, or it is said clearly why not."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from nginxgen.errors import InputError, Place

_PERMISSIONS = 0o7777
_ANYBODY = 0o666


def write(
    path: Path, text: str, *, what: str = "", mode: int | None = None, folders: bool = False, hint: str | None = None
) -> None:
    """The text in UTF-8, under another name first: whoever reads sees the old file or the new one, never a half.

    A link stays one. A file that is there keeps its permissions, a new one gets those of the umask, or `mode`. What is
    no regular file (a terminal, a pipe, /dev/null) is written to as it is. With `folders` those that are missing are
    made. Raises InputError, with `what` as the object of "cannot write"; then the old file is as it was.
    """
    try:
        target = Path(os.path.realpath(path))
        if folders:
            target.parent.mkdir(parents=True, exist_ok=True)
        there = target.stat().st_mode if target.exists() else None
        data = text.encode("utf-8", "backslashreplace")  # half a character, from a host, is no reason to lose the rest
        if there is not None and not stat.S_ISREG(there) and not stat.S_ISDIR(there):
            target.write_bytes(data)
        else:
            wanted = mode if mode is not None else _new_mode() if there is None else there & _PERMISSIONS
            _renamed(target, data, wanted)
    except OSError as error:
        raise _cannot(path, error, what, hint) from error


def refuse_unwritable(path: Path) -> None:
    """Asked before time is spent on what would go there. Raises InputError where `write` could not write it."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError("cannot write: it is a folder", place=Place(str(path)))
    if not target.parent.is_dir():
        raise InputError("cannot write: there is no such folder", place=Place(str(path)))
    special = target.exists() and not target.is_file()
    if not os.access(target if special else target.parent, os.W_OK):
        raise InputError("cannot write: its folder is not yours to write", place=Place(str(path)))


def _renamed(target: Path, data: bytes, mode: int) -> None:
    import tempfile  # noqa: PLC0415  (most verbs write no file)

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".nginxgen-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name with nothing in it
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _new_mode() -> int:
    """As open() makes a file."""
    mask = os.umask(0)
    os.umask(mask)
    return _ANYBODY & ~mask


def _cannot(path: Path, error: OSError, what: str, hint: str | None) -> InputError:
    why = error.strerror or str(error)
    return InputError(f"cannot write{f' {what}' if what else ''}: {why}", place=Place(str(path)), hint=hint)
