"""python -m bench: see docs/performance.md."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.chart import chart
from bench.growth import growth
from bench.latency import latency
from bench.race import race
from bench.report import Results, goals, markdown, rows
from bench.roster import ROOT, ROSTER
from bench.sizes import sizes
from bench.startup import startup
from bench.thousand import thousand

_PARTS = ("race", "latency", "startup", "sizes", "thousand")
_SLOW_LINE = ("floor", "nginxgen", "masters", "xargs", "pyinfra", "tuned")


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that a fleet never outlives its bench
    words = _arguments()
    results = Results.read(words.out) if words.add and words.out.exists() else Results()
    if "race" in words.parts:
        for hosts in words.hosts:
            _race(results, hosts, words.only, words.runs)
            results.write(words.out)
    if "latency" in words.parts:
        results.latency = latency([name for name in _SLOW_LINE if name in words.only])
    if "startup" in words.parts:
        results.startup = startup()
    if "sizes" in words.parts:
        others = [one for one in results.sizes if one.services not in words.services]
        results.sizes = sorted(others + sizes(words.services), key=lambda one: one.services)
    if "thousand" in words.parts:
        results.thousand = thousand((200, 1000))
    results.write(words.out)
    _show(results, words.out)


def _race(results: Results, hosts: int, names: Sequence[str], runs: int) -> None:
    able = [name for name in names if hosts <= ROSTER[name].too_slow]
    results.measurements = [one for one in results.measurements if one.hosts != hosts]
    results.memory = [one for one in results.memory if one.hosts != hosts]
    measurements, memory = race(hosts, able, runs)
    results.measurements += measurements
    results.memory += memory


def _show(results: Results, out: Path) -> None:
    text = markdown(results)
    out.with_suffix(".md").write_text(text)
    found = rows(results)
    for hosts in dict.fromkeys(row.hosts for row in found):
        out.with_name(f"{out.stem}-{hosts}.svg").write_text(chart(found, hosts))
    if results.sizes:
        out.with_name(f"{out.stem}-sizes.svg").write_text(growth(results.sizes))
    sys.stdout.write(text)
    for goal, value in goals(results).items():
        sys.stdout.write(f"{value:7.2f}  {goal}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(_PARTS), help=f"of {', '.join(_PARTS)}; all by default")
    parser.add_argument("--hosts", type=_numbers, default=(1, 10, 50), help="fleet sizes: 1,10,50")
    parser.add_argument("--services", type=_numbers, default=(10, 100, 1000), help="inventory sizes: 10,100,1000")
    parser.add_argument("--only", type=_names, default=tuple(ROSTER), help=f"of {', '.join(ROSTER)}")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / ".bench/results.json")
    parser.add_argument("--add", action="store_true", help="keep what --out has of other parts and sizes")
    words = parser.parse_args()
    if unknown := [part for part in words.parts if part not in _PARTS]:
        parser.error(f"there is no part {unknown[0]}")
    return words


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in ROSTER]:
        raise argparse.ArgumentTypeError(f"there is no contestant {unknown[0]}")
    return names


if __name__ == "__main__":
    main()
