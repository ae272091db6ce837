"""Commands of the user's own: fine, not fine, or could not tell; in time, and with bounded output."""

from __future__ import annotations

import os
import time

import pytest

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.metrics.combine import combine
from nginxgen.metrics.command import Command, CommandMetrics, run
from nginxgen.metrics.port import Reading, Subject
from nginxgen.model.samples import Window
from nginxgen.model.verdict import Outcome


def sh(text: str, timeout: float = 10.0) -> Command:
    return Command(("sh", "-c", text), timeout)


SAYINGS = [
    ("exit 0", None, True),
    ("echo 42", 42.0, True),
    ("echo '  -3.5 rows behind'", -3.5, True),
    ("echo some talk; echo 1e3; echo", 1000.0, True),
    ("echo 7; exit 1", 7.0, False),
    ("exit 1", None, False),
    ("echo nan", None, True),
    ("echo no number; echo 5abc", None, True),
    ("printf '\\377\\376 1'", None, True),
    ("echo 3 >&2", None, True),
    ("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo 9", 9.0, True),
]


@pytest.mark.parametrize(("text", "value", "fine"), SAYINGS)
def test_what_a_command_says(text, value, fine):
    found = run(sh(text), {})
    assert (found.value, found.fine, found.error) == (value, fine, None)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (sh("echo broken >&2; exit 2"), "sh left with 2: broken"),
        (sh("exit 127"), "left with 127"),
        (sh("kill -9 $$"), "signal 9"),
        (Command(("/nonexistent",)), "can't be started: No such file"),
        (Command(("/etc/passwd",)), "can't be started: Permission denied"),
        (Command(("sh\0",)), "can't be started"),
        (sh("printf 'a\\033[31mb' >&2; exit 3"), "a?[31mb"),
    ],
)
def test_a_command_that_could_not_tell_is_an_error(command, told):
    found = run(command, {})
    assert told in found.error
    assert found.value is None


@pytest.mark.parametrize(
    "text", ["sleep 60", "sleep 60 & wait", "sleep 60 &", "yes", "trap '' TERM; while :; do :; done"]
)
def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(text, tmp_path):
    begun = time.monotonic()
    found = run(sh(f"echo $$ >{tmp_path}/pid; {text}", timeout=0.5), {})
    assert time.monotonic() - begun < 5
    assert "did not end within 0.5 s" in found.error
    group = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _lives(group):
        assert time.monotonic() < deadline, "it left something running"


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_is_told_what_it_is_about():
    text = 'echo "$NGINXGEN_SERVICE $NGINXGEN_STABLE $NGINXGEN_CANARY $NGINXGEN_SINCE $NGINXGEN_UNTIL" >&2; exit 9'
    reading = CommandMetrics({"told": sh(text)}).measure(Subject("shop", "v1", "v2"), Window(10, 20))
    assert "shop v1 v2 10 20" in reading.numbers["told"].error


@pytest.mark.parametrize(
    ("text", "asked", "outcome"),
    [
        ("exit 0", "ok", Outcome.PASS),
        ("exit 1", "ok", Outcome.FAIL),
        ("exit 2", "ok", Outcome.ERROR),
        ("echo 3", "< 5", Outcome.PASS),
        ("echo 5", "< 5", Outcome.FAIL),
        ("echo 5", "<= 5", Outcome.PASS),
        ("echo", "< 5", Outcome.INCONCLUSIVE),
        ("echo 3; exit 1", "< 5", Outcome.FAIL),
    ],
)
def test_what_a_gate_makes_of_it(text, asked, outcome):
    reading = CommandMetrics({"check": sh(text)}).measure(Subject("shop", "v1", "v2"), Window(10, 20))
    verdict = Judge().judge((gate("check", asked, ("check",)),), combine(Reading(), [reading]))
    assert verdict.outcome is outcome
