"""What a verb says: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click

from nginxgen.plan.words import visible

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def emit(text: str) -> None:
    """Data, as it is, to stdout. A reader who has left early (`| head`) does not change what was done or its code."""
    try:
        click.echo(_encodable(text, sys.stdout), nl=False, color=_wants_colour(sys.stdout))
    except BrokenPipeError:
        _to_nowhere(sys.stdout)


def emit_json(data: Any) -> None:
    emit(json_text(data))


def json_text(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def complain(line: str) -> None:
    """A line for the person, to stderr. What came from a host can't steer the terminal."""
    shown = "\n".join(visible(part) for part in line.split("\n"))
    click.echo(_encodable(shown, sys.stderr), err=True)


def say(text: str) -> None:
    """Like complain, for text of several lines that may be coloured and is clean already."""
    click.echo(_encodable(text, sys.stderr), err=True, nl=False, color=_wants_colour(sys.stderr))


def coloured(text: str) -> str:
    """A plan as text with its diff lines in colour; what is not at a terminal drops the colours again."""
    return "".join(_coloured_line(line) for line in text.splitlines(keepends=True))


def width() -> int | None:
    """The columns of the terminal that stdout is; None where it is none: then nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(rows: Sequence[Sequence[str]], within: int | None = None) -> str:
    """Columns aligned by spaces, the first row is the head. Nothing in a cell can break its line.

    `within`: lines that are longer are cut. For a last column that is a remark, or is told in full elsewhere.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "".join(f"{_cut(line, within)}\n" for line in lines)


def _cut(line: str, within: int | None) -> str:
    return line if within is None or len(line) <= within else f"{line[: max(0, within - 3)]}..."


def stderr_gone() -> None:
    _to_nowhere(sys.stderr)
    _to_nowhere(sys.stdout)


def _coloured_line(line: str) -> str:
    bare = line.removeprefix("    ")
    colour = _COLOURS.get(bare[:1]) if bare != line else None
    return click.style(line.rstrip("\n"), fg=colour) + "\n" if colour else line


def _wants_colour(stream: TextIO) -> bool | None:
    """False under NO_COLOR (https://no-color.org), else click's own judgement."""
    return False if os.environ.get("NO_COLOR") or not stream.isatty() else None


def _encodable(text: str, stream: TextIO) -> str:
    """A terminal that is not UTF-8, or half a character from a host's file, must not end in an error."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _to_nowhere(stream: TextIO) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return  # not a real file: then nothing can be left in it either
