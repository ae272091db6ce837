"""paramiko, imported as we want it: from here, by the modules beside this one.

Two things of it are in our way. It imports `invoke`, 60 ms of start-up, for nothing but `Match exec` in ~/.ssh/config;
there a few lines do, which unlike invoke's leave our stdin alone. And it logs what it also raises, which Python prints
where nobody handles it.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import cast

_modules = cast(dict[str, ModuleType | None], sys.modules)
_invoke = _modules.setdefault("invoke", None)  # None is how Python spells "not installed"
import paramiko  # noqa: E402  (it has to come after that)
import paramiko.config  # noqa: E402  (as above)

if _invoke is None:
    del _modules["invoke"]

__all__ = ["paramiko"]

_PATIENCE = 10.0  # seconds for a command of `Match exec`


@dataclass(frozen=True, slots=True)
class _Result:
    """What paramiko looks at."""

    ok: bool


class _Commands:
    """The one function of invoke that paramiko calls."""

    @staticmethod
    def run(command: str, **_: object) -> _Result:
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError):
            return _Result(ok=False)
        return _Result(ok=done.returncode == 0)


paramiko.config.invoke = _Commands  # type: ignore[attr-defined]  # the stubs leave it out
logging.getLogger("paramiko").addHandler(logging.NullHandler())
