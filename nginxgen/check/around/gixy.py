"""A second opinion: gixy-ng, where it is installed. It needs a virtualenv of its own, so it is run, never imported."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from nginxgen.errors import Finding, Place, Severity

_SECONDS = 60.0


def second_opinion(main: str) -> tuple[Finding, ...]:
    """What `gixy` says of the files of this machine, as notes; nothing where there is none, or where it fails."""
    binary = shutil.which("gixy")
    if binary is None:
        return ()
    try:
        done = subprocess.run([binary, "-f", "json", main], capture_output=True, timeout=_SECONDS, check=False)
        return tuple(_findings(json.loads(done.stdout)))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as fault:
        return (Finding("gixy", f"{binary} gives no opinion: {type(fault).__name__}", severity=Severity.NOTE),)


def _findings(said: list[dict[str, Any]]) -> Iterator[Finding]:
    for one in said:
        place = Place(str(one["file"]), one.get("line")) if one.get("file") else None
        message = f"{one['summary']} ({one['severity'].lower()})"
        yield Finding(f"gixy/{one['plugin']}", message, place, one.get("reference"), Severity.NOTE)
