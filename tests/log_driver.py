"""The host's pass over a log, run here: host.sh's word `measure` under any shell and any awk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nginxgen.fleet import script
from nginxgen.metrics.log.rows import Row, parse, samples
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.samples import Sample

RELEASE = "0123456789ab"
VERSIONS = """\
shop\t10.0.1.10:5000\tv1
shop\t10.0.1.12:5000\tv1
shop\t10.0.1.11:5000\tv2
shop\tunix:/run/v2.sock\tv2
"""
AWKS = {"mawk": ["mawk"], "gawk": ["gawk"], "busybox": ["busybox", "awk"]}
SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}


@dataclass
class Answer:
    head: dict[str, Any]
    rows: list[Row]
    seconds: int

    @property
    def samples(self) -> dict[str, Sample]:
        """By version, all routes together where there is only one."""
        return {sample.version: sample for sample in samples(self.rows, self.seconds)}

    def counts(self, version: str, route: str | None = None) -> Any:
        from nginxgen.model.samples import add  # noqa: PLC0415  (only here)

        chosen = [row.tally for row in self.rows if row.version == version and route in (None, row.route)]
        return add(chosen).counts


class LogHost:
    """A host's folders, with a metrics log and one release."""

    def __init__(self, root: Path, shell: str = "dash", awk: str = "mawk") -> None:
        self.root = root
        self.log = root / "log" / "nginxgen-metrics.log"
        self.log.parent.mkdir(parents=True)
        self.release(RELEASE, VERSIONS)
        self._shell = SHELLS[shell]
        bin_ = root / "bin"
        bin_.mkdir()
        _use(AWKS[awk], bin_)
        self._environ = {**os.environ, "NGINXGEN_SCRIPT": "-", "PATH": f"{bin_}:{os.environ['PATH']}"}

    def release(self, name: str, versions: str) -> None:
        folder = self.root / "conf" / "nginxgen" / "releases" / name
        folder.mkdir(parents=True)
        (folder / "versions").write_text(versions)

    def write(self, *lines: str, mode: str = "a") -> None:
        with self.log.open(mode) as log:
            log.write("".join(f"{line}\n" for line in lines))

    def answer(self, ask: LogAsk) -> LogAnswer:
        """As a session gives it."""
        head, rows = self._run(ask.word)
        assert head["ok"], head
        assert LogAnswer.is_place(head["place"])
        return LogAnswer(head["place"], head["read"], head["bad"], head["lost"], head["now"], tuple(rows))

    def measure(
        self,
        since: int = 0,
        until: int = 9_999_999_999,
        seconds: int = 10,
        place: str | None = None,
        services: tuple[str, ...] = (),
    ) -> Answer:
        head, rows = self._run(LogAsk(since, until, seconds, place, services).word)
        return Answer(head, [parse(row, seconds) for row in rows], seconds)

    def _run(self, word: str) -> tuple[dict[str, Any], list[str]]:
        settings = f"conf={self.root}/conf/nginx.conf", f"log={self.log.parent}"
        argv = [*self._shell, "-c", script.source(), "nginxgen", *settings]
        done = subprocess.run(
            argv, input=f"{word}\n", capture_output=True, text=True, timeout=60, env=self._environ, check=False
        )
        assert not done.stderr, done.stderr
        _, first, *rows = done.stdout.splitlines()
        head = json.loads(first)
        assert len(rows) == head.get("lines", 0)
        return head, rows


def _use(argv: list[str], folder: Path) -> None:
    """From now on `awk` is this one."""
    program = shutil.which(argv[0])
    assert program, f"these tests need {argv[0]}: apt-get install {argv[0]}"
    awk = folder / "awk"
    awk.write_text(f'#!/bin/sh\nexec {program} {" ".join(argv[1:])} "$@"\n')
    awk.chmod(0o755)


def line(  # noqa: PLR0917  (by name, each with a default)
    at: float = 1_700_000_000.123, asked: str = "-", status: int = 200, address: str = "10.0.1.10:5000",
    upstream: str = "200", seconds: str = "0.050", route: str = "default", rule: str = "weight",
    service: str = "shop", release: str = RELEASE,
) -> str:  # fmt: skip
    kind = f"{release}|{service}|{route}|{rule}|{asked}|{status}|{address}|{upstream}|{seconds}"
    return f"{at:.3f} {kind}\t1234\t{seconds};"
