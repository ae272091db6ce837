"""A result that goes to stdout, or whole to a file of the user's."""

from __future__ import annotations

from pathlib import Path

from nginxgen import files
from nginxgen.commands.output import emit

STDOUT = Path("-")  # as the name of a file


def refuse_unwritable(path: Path | None) -> None:
    """Asked before time is spent on what would go there. Raises InputError."""
    if path is not None and path != STDOUT:
        files.refuse_unwritable(path)


def give(text: str, path: Path | None, *, what: str = "", folders: bool = False) -> bool:
    """Whether it went to a file, as files.write does it; no path is stdout as well. Raises InputError."""
    if path is None or path == STDOUT:
        emit(text)
        return False
    files.write(path, text, what=what, folders=folders)
    return True
