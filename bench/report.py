"""Results as JSON and as tables in Markdown."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.latency import Latency
from bench.race import Measurement, Memory
from bench.roster import ROSTER
from bench.sizes import Size
from bench.startup import Startup
from bench.thousand import Thousand

REFERENCE = "floor"
SAFE = "safe"


@dataclass(slots=True)
class Results:
    measurements: list[Measurement] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    latency: list[Latency] = field(default_factory=list)
    startup: list[Startup] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    thousand: list[Thousand] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), **asdict(self)}, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        found: dict[str, list[Any]] = json.loads(path.read_text())
        return cls(
            [Measurement(**one) for one in found["measurements"]],
            [Memory(**one) for one in found["memory"]],
            [Latency(**one) for one in found["latency"]],
            [Startup(**one) for one in found["startup"]],
            [Size(**one) for one in found["sizes"]],
            [Thousand(**one) for one in found["thousand"]],
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one contestant at one number of hosts."""

    contestant: str
    hosts: int
    runs: int
    change: float  # seconds until done
    change_verified: float
    revert: float
    ratio: float  # change, to the floor's change
    safe_ratio: float | None  # change, to the safe floor's change
    revert_ratio: float  # revert, to the floor's change
    controller_cpu: float  # seconds, change
    hosts_cpu: float  # seconds a host, change
    memory: float | None  # MB


def machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def rows(results: Results) -> list[Row]:
    grouped: dict[tuple[int, str], list[Measurement]] = {}
    for one in results.measurements:
        grouped.setdefault((one.hosts, one.contestant), []).append(one)
    peaks = {(one.hosts, one.contestant): one.megabytes for one in results.memory}
    found = []
    for (hosts, name), measured in grouped.items():
        floor = _median(grouped.get((hosts, REFERENCE), measured), "change", "seconds")
        safe = grouped.get((hosts, SAFE))
        change, revert = _median(measured, "change", "seconds"), _median(measured, "revert", "seconds")
        found.append(
            Row(
                contestant=name,
                hosts=hosts,
                runs=sum(one.step == "change" for one in measured),
                change=change,
                change_verified=_median(measured, "change", "verified"),
                revert=revert,
                ratio=change / floor,
                safe_ratio=None if safe is None else change / _median(safe, "change", "seconds"),
                revert_ratio=revert / floor,
                controller_cpu=_median(measured, "change", "controller_cpu"),
                hosts_cpu=_median(measured, "change", "hosts_cpu") / hosts,
                memory=peaks.get((hosts, name)),
            )
        )
    return sorted(found, key=lambda row: (row.hosts, row.change))


def phases(results: Results) -> dict[int, dict[str, float]]:
    """Of nginxgen's change: hosts -> phase -> median seconds."""
    found: dict[int, dict[str, list[float]]] = {}
    for one in results.measurements:
        if one.phases and one.step == "change":
            for phase, spent in one.phases.items():
                found.setdefault(one.hosts, {}).setdefault(phase, []).append(spent)
    return {hosts: {name: statistics.median(spent) for name, spent in by.items()} for hosts, by in found.items()}


def markdown(results: Results) -> str:
    return "\n".join(_sections(results))


def _sections(results: Results) -> Iterator[str]:
    found = rows(results)
    for hosts in dict.fromkeys(row.hosts for row in found):
        yield f"### {hosts} host{'s' if hosts != 1 else ''}\n"
        yield _table(
            (
                "",
                "change s",
                "to the floor",
                "to the safe floor",
                "verified s",
                "revert s",
                "CPU controller s",
                "CPU a host ms",
                "MB",
                "runs",
            ),
            (
                (
                    ROSTER[row.contestant].title,
                    f"{row.change:.2f}",
                    f"{row.ratio:.2f}",
                    "" if row.safe_ratio is None else f"{row.safe_ratio:.2f}",
                    f"{row.change_verified:.2f}",
                    f"{row.revert:.2f}",
                    f"{row.controller_cpu:.2f}",
                    f"{row.hosts_cpu * 1000:.0f}",
                    "" if row.memory is None else f"{row.memory:.0f}",
                    str(row.runs),
                )
                for row in found
                if row.hosts == hosts
            ),
        )
    if spent := phases(results):
        names = list(dict.fromkeys(name for by in spent.values() for name in by))
        yield "### nginxgen's change by phase, seconds\n"
        yield _table(
            ("hosts", *names), ((str(hosts), *(f"{by[name]:.3f}" for name in names)) for hosts, by in spent.items())
        )
    if results.latency:
        yield "### One host behind a slow line\n"
        trips = list(results.latency[0].seconds)
        yield _table(
            (
                "",
                "step",
                *(f"{trip} ms" for trip in trips),
                "slope",
                "round trips",
                "bytes out",
                "bytes in",
                "connections",
            ),
            (
                (
                    ROSTER[one.contestant].title,
                    one.step,
                    *(f"{one.seconds[trip]:.2f} s" for trip in trips),
                    f"{one.slope:.1f}",
                    str(one.round_trips),
                    str(one.sent),
                    str(one.received),
                    str(one.connections),
                )
                for one in results.latency
            ),
        )
    if results.startup:
        yield "### Start-up\n"
        click = next((one.seconds for one in results.startup if one.command == "import click"), 1.0)
        yield _table(
            ("", "ms", "to import click"),
            ((one.command, f"{one.seconds * 1000:.0f}", f"{one.seconds / click:.2f}") for one in results.startup),
        )
    if results.sizes:
        yield "### Large inventories, seconds of CPU\n"
        yield _table(
            (
                "services",
                "lines",
                "load",
                "render",
                "check",
                "plan",
                "nginx -t",
                "render + check + plan to nginx -t",
                "check again",
                "plan again",
                "render + both again to nginx -t",
                "runs",
            ),
            (
                (
                    str(one.services),
                    str(one.lines),
                    *(f"{spent:.2f}" for spent in (one.load, one.render, one.check, one.plan, one.nginx)),
                    f"{one.ratio:.2f}",
                    f"{one.check_again:.2f}",
                    f"{one.plan_again:.2f}",
                    f"{one.ratio_again:.2f}",
                    str(one.runs),
                )
                for one in results.sizes
            ),
        )
    if results.thousand:
        yield "### Hosts that are doubles, 50 ms away\n"
        yield _table(
            ("hosts", "held by", "seconds", "controller CPU a host ms", "MB", "ends alike"),
            (
                (
                    str(one.hosts),
                    one.held_by,
                    f"{one.seconds:.1f}",
                    f"{one.cpu / one.hosts * 1000:.1f}",
                    f"{one.megabytes:.0f}",
                    one.result,
                )
                for one in results.thousand
            ),
        )


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _median(measured: Sequence[Measurement], step: str, what: str) -> float:
    values: list[float] = [getattr(one, what) for one in measured if one.step == step]
    return statistics.median(values)


def goals(results: Results) -> Mapping[str, float]:
    """The ratios that issue 5 sets goals for, as far as they were measured."""
    table = {(row.hosts, row.contestant): row for row in rows(results)}
    found: dict[str, float] = {}
    for hosts in dict.fromkeys(row.hosts for row in table.values()):
        if (ours := table.get((hosts, "nginxgen"))) is None:
            continue
        found[f"apply on {hosts}: times the floor"] = ours.ratio
        if ours.safe_ratio is not None:
            found[f"apply on {hosts}: times the safe floor"] = ours.safe_ratio
        found[f"revert on {hosts}: times the floor's change"] = ours.revert_ratio
        if (cli := table.get((hosts, "cli"))) and (script := table.get((hosts, "floorscript"))):
            found[f"the command on {hosts}: times the floor as a script"] = cli.change / script.change
        for name in ("tuned", "pyinfra", "xargs"):
            if peer := table.get((hosts, name)):
                found[f"{hosts}: {ROSTER[name].title}, times ours"] = peer.change / ours.change
    return found
