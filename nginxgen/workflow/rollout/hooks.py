"""Commands of the user's own, around a rollout."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress

Hook = Callable[[str, Mapping[str, str]], str]  # a command and what it is told -> why it failed; "" where it did not

_LONGEST = 600.0  # seconds
_SAID = 300  # characters


def shell(command: str, told: Mapping[str, str]) -> str:
    """Run it in sh, to its end. What is still running after ten minutes is killed, with all that it started."""
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **told},
            start_new_session=True,
        )
    except OSError as error:
        return f"it can't be started: {error.strerror}"
    try:
        out, _ = process.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"it did not end within {_LONGEST:.0f} s"
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    if process.returncode == 0:
        return ""
    last = out.decode(errors="replace").strip().splitlines()[-1:]
    return f"it left with {process.returncode}{': ' + last[0][:_SAID] if last else ''}"
