"""How long the host's pass over its metrics log takes, as a ratio to `wc -l`, beside others that do the same sums.

    python bench/metrics_log/run.py [--lines 5000000] [--runs 5] [--duckdb PYTHON]

`--duckdb` names a Python with duckdb in it (`python -m venv .bench/duckdb && .bench/duckdb/bin/pip install duckdb`).
Runs are interleaved; figures are medians. CPU is user and system time of the process, which a busy machine changes
less than the time on the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import make_logs

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Contestant:
    name: str
    argv: list[str]
    reads: Path


def contestants(folder: Path, duckdb: str | None) -> list[Contestant]:
    ours, as_json = folder / "metrics.log", folder / "json.log"
    program = str(files("nginxgen.fleet") / "host" / "tally.awk")
    found = [
        Contestant("wc -l, metrics log", ["wc", "-l"], ours),
        Contestant("wc -l, JSON lines", ["wc", "-l"], as_json),
        Contestant("nginxgen, mawk", ["mawk", "-f", program], ours),
        Contestant("nginxgen, gawk", ["gawk", "-f", program], ours),
        Contestant("mawk on JSON lines", ["mawk", "-f", str(HERE / "json.awk")], as_json),
    ]
    if duckdb:
        for threads in ("1", "2"):
            argv = [duckdb, str(HERE / "duck.py"), str(as_json), threads]
            found.append(Contestant(f"DuckDB on JSON lines, {threads} threads", argv, as_json))
    return found


def once(one: Contestant, environ: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock, and of CPU."""
    with one.reads.open("rb") as log:
        begun = time.monotonic()
        process = subprocess.Popen(one.argv, stdin=log, stdout=subprocess.DEVNULL, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{one.name} left with {process.returncode}"
    return seconds, used.ru_utime + used.ru_stime


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--lines", type=int, default=5_000_000)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--duckdb")
    asked.add_argument("--json", type=Path)
    asked.add_argument("--logs", type=Path, help="where the logs are kept, made if they are not there")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="nginxgen-bench-") as name:
        folder = options.logs or Path(name)
        if not (folder / make_logs.RELEASE).exists():
            folder.mkdir(parents=True, exist_ok=True)
            make_logs.make(options.lines, folder / "metrics.log", folder / "json.log")
            make_logs.versions(folder / make_logs.RELEASE / "versions")
        environ = {
            **os.environ, "LC_ALL": "C", "DIGITS": "8", "FIRST": "17000000", "LAST": "17000099", "SERVICES": "",
            "FOLDER": str(folder), "RELEASES": make_logs.RELEASE, "NAMES": "", "PLACE": "1", "SKIP": "",
            "LOST": "false", "NOW": "0",
        }  # fmt: skip
        crew = contestants(folder, options.duckdb)
        taken: dict[str, list[tuple[float, float]]] = {one.name: [] for one in crew}
        for _ in range(options.runs):
            for one in crew:
                taken[one.name].append(once(one, environ))
    report(taken, options.lines, options.json)


def report(taken: dict[str, list[tuple[float, float]]], lines: int, path: Path | None) -> None:
    clock = {name: statistics.median(seconds for seconds, _ in runs) for name, runs in taken.items()}
    cpu = {name: statistics.median(used for _, used in runs) for name, runs in taken.items()}
    own, other = (cpu[f"wc -l, {what}"] for what in ("metrics log", "JSON lines"))
    runs = len(next(iter(taken.values())))
    print(f"{lines:,} lines, medians of {runs} interleaved runs, load {os.getloadavg()[0]:.1f}\n")
    print("| | clock, s | CPU, s | CPU, times `wc -l` of the metrics log | of the JSON lines |\n|---|---|---|---|---|")
    for name in taken:
        print(f"| {name} | {clock[name]:.2f} | {cpu[name]:.2f} | {cpu[name] / own:.1f} | {cpu[name] / other:.1f} |")
    if path:
        path.write_text(json.dumps({"lines": lines, "clock": clock, "cpu": cpu}, indent=1) + "\n")


if __name__ == "__main__":
    main()
