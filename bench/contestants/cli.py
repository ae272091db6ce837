"""nginxgen as people run it: a process a verb, imports and inventory included. Also the floor as such a process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.contestants.base import Command

_BIN = Path(sys.executable).parent


class Cli(Command):
    name = "nginxgen (CLI)"

    def argv(self, weight: str | None) -> Sequence[str]:
        verb = ["revert"] if weight is None else ["apply", "--weight", weight]
        return [str(_BIN / "nginxgen"), *verb, "--inventory", self.spec.inventory, "--yes", "--why", "benchmark"]


class FloorScript(Command):
    """The floor's work in a process of its own: Python and paramiko are started and imported each time."""

    name = "floor (script)"

    def prepare(self) -> None:
        (Path(self.spec.folder) / "spec.json").write_text(self.spec.to_json())

    def argv(self, weight: str | None) -> Sequence[str]:
        wanted = "v1" if weight is None else "v2"
        return [sys.executable, "-m", "bench.contestants.floor", str(Path(self.spec.folder) / "spec.json"), wanted]

    def environ(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).parents[2])}
