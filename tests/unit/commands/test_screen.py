"""What a person sees at a terminal, and what a pipe gets."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from nginxgen.commands.output import coloured, emit, table
from nginxgen.plan.words import ago

WATCH = """
from nginxgen.commands.progress import watching
from nginxgen.model.progress import Event, Mark, Phase
with watching(verbose=False) as watch:
    watch(Event("edge-1", Phase.STAGE, Mark.STARTED))
    watch.pause()
    for number in range(40):
        watch(Event(f"edge-{number}", Phase.TRIAL, Mark.STARTED))
print("the end")
"""


def at_terminal(code: str, **environ: str) -> str:
    """What a terminal receives of a Python program."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "50", **environ}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass  # Linux reports the end of a pseudo-terminal so
    finally:
        os.close(ours)
    assert process.wait(30) == 0
    return seen.decode()


def test_hosts_at_work_are_shown_while_they_are_and_wiped_away() -> None:
    seen = at_terminal(WATCH)
    assert "edge-1  stage ..." in seen
    assert "... and 24 more hosts" in seen
    assert "\x1b[2K" in seen.rpartition("more hosts")[2]
    assert seen.rstrip().endswith("the end")


def test_a_dumb_terminal_gets_no_live_lines() -> None:
    assert at_terminal(WATCH, TERM="dumb").strip() == "the end"


EMIT = """
from nginxgen.commands.output import coloured, emit
emit(coloured("edge-1\\n\\n    -old\\n    +new\\n"))
"""


def test_diffs_have_colours_at_a_terminal() -> None:
    assert "\x1b[32m    +new\x1b[0m" in at_terminal(EMIT, NO_COLOR="")


def test_no_color_is_honoured() -> None:
    assert at_terminal(EMIT, NO_COLOR="1").replace("\r", "") == "edge-1\n\n    -old\n    +new\n"


def test_a_pipe_gets_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    emit(coloured("    +new\n"))
    assert capsys.readouterr().out == "    +new\n"


def test_a_table_is_aligned_and_a_cell_cannot_break_it() -> None:
    assert table([("a", "bb"), ("ccc", "d\ne\x1b")]) == "a    bb\nccc  d\\ne\\x1b\n"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2030-01-01T11:59:59Z", "1 s ago"),
        ("2030-01-01T12:00:00Z", "0 s ago"),
        ("2030-01-01T11:58:30+00:00", "1 min ago"),
        ("2030-01-01T13:58:30+02:00", "1 min ago"),
        ("2030-01-01T09:00:00", "3 h ago"),
        ("2029-12-30T09:00:00Z", "2 d ago"),
        ("2029-11-30T09:00:00Z", "2029-11-30T09:00:00Z"),
        ("2030-01-01T12:00:07Z", "2030-01-01T12:00:07Z"),
        ("yesterday", "yesterday"),
    ],
)
def test_ago(at: str, expected: str) -> None:
    assert ago(at, datetime(2030, 1, 1, 12, tzinfo=UTC)) == expected


def test_a_line_that_is_too_long_is_cut_and_only_at_a_terminal() -> None:
    rows = [("host", "why"), ("edge-1", "x" * 100)]
    assert table(rows).splitlines()[1] == f"edge-1  {'x' * 100}"
    assert table(rows, 20).splitlines()[1] == f"edge-1  {'x' * 9}..."
    assert max(map(len, table(rows, 2).splitlines())) <= 3
