"""nginxgen's own commands, run as a reader would type them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "NGINXGEN_INVENTORY"
_LIMIT = 120.0  # seconds; a command of the demo that takes longer hangs


@dataclass(frozen=True, slots=True)
class Done:
    """A command line that was run, and what came of it."""

    line: str  # as typed
    exit: int
    stdout: str
    stderr: str  # empty where it went to stdout, as it does for who watches a terminal
    seconds: float

    def json(self) -> Mapping[str, Any]:
        """What the verb printed with --json. Raises ValueError where that is no JSON object."""
        found = json.loads(self.stdout)
        if not isinstance(found, dict):
            raise ValueError(f"{self.line} printed no JSON object")  # noqa: TRY004  (one error for one fault)
        return found


def nginxgen(inventory: Path, *words: str, together: bool = False) -> Done:
    """Run `nginxgen WORDS` with this inventory, in a process of its own and with nothing to read.

    `together`: stdout and stderr in the order in which they were written.
    """
    argv = [sys.executable, "-P", "-m", "nginxgen", *words]
    begin = time.perf_counter()
    done = subprocess.run(
        argv,
        env={**os.environ, VARIABLE: str(inventory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if together else subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=_LIMIT,
        check=False,
    )
    seconds = time.perf_counter() - begin
    return Done(shlex.join(["nginxgen", *words]), done.returncode, done.stdout, done.stderr or "", seconds)
