"""Where every error ends: a message, a place, a hint and an exit code. A traceback on the screen is a bug.

Most commands end well: what it takes to tell of an error is imported when there is one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nginxgen import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from nginxgen.errors import Exit, Finding

DEBUG = "NGINXGEN_DEBUG"


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a command line before it runs."""

    usage: str = "nginxgen --help"  # where to read about its words
    changes: bool = True  # whether a host may be at work for it when Ctrl-C strikes


def guarded(command: Callable[[], Any], line: Line = Line()) -> int:
    """The exit code of a command, whatever it does; what went wrong is said on stderr."""
    try:
        try:
            result = command()
        except BaseException as error:  # noqa: BLE001  (this is the boundary: nothing passes it)
            return _ending(error, line)
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        from nginxgen.commands.output import stderr_gone
        from nginxgen.errors import Exit

        stderr_gone()  # nobody reads our messages any more; the exit code still counts
        return Exit.BUG


def _ending(error: BaseException, line: Line) -> int:
    from nginxgen.commands.alike import told
    from nginxgen.commands.output import stderr_gone
    from nginxgen.errors import Changes, Exit, NginxgenError

    code: int = Exit.DONE
    match error:
        case NginxgenError():
            code = error.exit
            show(() if isinstance(error, Changes) else told(error))
        case click.ClickException():
            code = Exit.INPUT
            show([_usage(error, line.usage)])
        case click.Abort() | KeyboardInterrupt():
            code = _interrupted(line)
        case SystemExit():
            code = error.code if isinstance(error.code, int) else Exit.BUG
        case BrokenPipeError():
            stderr_gone()
        case _ if _is_ctrl_c_in_disguise(error):
            code = _interrupted(line)
        case _:
            code = Exit.BUG
            _bug(error)
    return code


def _interrupted(line: Line) -> Exit:
    from nginxgen.commands.output import complain
    from nginxgen.errors import Exit

    at_work = "; a host that was at work finishes or undoes by itself: see nginxgen status"
    complain(f"interrupted{at_work if line.changes else ''}")
    return Exit.INTERRUPTED


def _is_ctrl_c_in_disguise(error: BaseException) -> bool:
    """Libraries in C and Rust make errors of their own of it: pydantic a SchemaError whose text names it."""
    import traceback

    return any("KeyboardInterrupt" in line for line in traceback.format_exception(error))


def show(findings: Iterable[Finding]) -> None:
    """Each finding on stderr: what, where, and what to do."""
    from nginxgen.commands.output import complain

    for finding in findings:
        complain(f"{finding.severity}: {finding.message}")
        if finding.place is not None:
            complain(f"  at {finding.place}")
        if finding.hint is not None:
            complain(f"  hint: {finding.hint}")


def _usage(error: click.ClickException, usage: str) -> Finding:
    from nginxgen.errors import Finding, Place

    message, _, hint = error.format_message().partition("\n")
    place = Place(error.filename) if isinstance(error, click.FileError) else None
    return Finding("usage", message[:1].lower() + message[1:].removesuffix("."), place, hint or usage)


def _bug(error: BaseException) -> None:
    import traceback

    from nginxgen.commands.output import complain

    if os.environ.get(DEBUG):
        traceback.print_exception(error)
        return
    complain(f"error: bug in nginxgen {__version__}: {type(error).__name__}: {error}")
    kept = _keep(error)
    if kept is not None:
        complain(f"  at {kept}")
    complain(f"  hint: report it with that file; nginxgen status shows the fleet; {DEBUG}=1 shows the traceback here")


def _keep(error: BaseException) -> Path | None:
    """The traceback in a file, ready to be pasted into a report; None where even that fails."""
    import platform
    import tempfile
    import traceback
    from pathlib import Path

    head = f"nginxgen {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    words = f"verb: {' '.join(sys.argv[1:2])}\n\n"  # the verb only: what follows may name hosts and people
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="nginxgen-bug-", suffix=".txt", encoding="utf-8", errors="backslashreplace", delete=False
        ) as file:
            file.write(head + words + "".join(traceback.format_exception(error)))
            return Path(file.name)
    except OSError:
        return None
