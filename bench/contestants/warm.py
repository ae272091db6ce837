"""A contestant that lives in a worker process: its imports and its inventory are warm, as in a long-lived tool."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench.contestants.base import Cost, Failed
from bench.fleet import Spec


class Warm:
    def __init__(self, name: str, kind: str, spec: Spec) -> None:
        self.name = name
        self.spec = spec
        self.phases: dict[str, float] = {}  # of the last step, where the contestant tells
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._tell(spec.to_json())

    def prepare(self) -> None: ...

    def change(self, weight: str) -> Cost:
        return self._step(f"change {weight}")

    def revert(self) -> Cost:
        return self._step("revert")

    def pids(self) -> tuple[int, ...]:
        return (self._process.pid,)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _step(self, word: str) -> Cost:
        before = self._tell("usage")["cpu"]
        done = self._tell(word)
        self.phases = done["phases"]
        return Cost(done["seconds"], self._tell("usage")["cpu"] - before)

    def _tell(self, line: str) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise Failed(f"{self.name}: no pipes")
        stdin.write(line.encode() + b"\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']}")
        return answer
