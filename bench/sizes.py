"""Large inventories: load, render, check and plan, beside `nginx -t` of the same config."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import TypeVar

from bench.fleet import intent_of
from nginxgen import cli, inventory
from nginxgen.demo.processes import program
from nginxgen.inventory import Inventory
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.release import Release
from nginxgen.model.state import HostState
from nginxgen.model.weight import Weight
from nginxgen.plan import build as planning
from nginxgen.workflow.releases import findings, rendered

T = TypeVar("T")
_SERVERS = 10  # of each version
_FLEET = """\
fleet:
  hosts:
    edge-1: {address: 127.0.0.1}
services:
"""
_MAIN = """\
events {{ worker_connections 64; }}
pid {folder}/nginx.pid;
http {{
    variables_hash_max_size 131072;
    map_hash_bucket_size 256;
    server_names_hash_max_size 131072;
    server_names_hash_bucket_size 256;
    access_log off;
    include nginxgen/live/sentinel;
    include nginxgen/live/*.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Seconds of CPU, medians: all work on one core and wait for nothing.

    First all weights move and no file was read before, then the weight of one service moves.
    `plan` renders the release that the host has once more, and tells what changes: summary and diff.
    """

    services: int
    lines: int  # of nginx configuration, without the emergency twin
    load: float
    render: float
    check: float
    plan: float
    check_again: float
    plan_again: float
    nginx: float  # nginx -t
    runs: int

    @property
    def ratio(self) -> float:
        """render + check + plan, to nginx -t."""
        return (self.render + self.check + self.plan) / self.nginx

    @property
    def ratio_again(self) -> float:
        return (self.render + self.check_again + self.plan_again) / self.nginx


def sizes(numbers: Sequence[int]) -> list[Size]:
    gc.set_threshold(*cli.RARELY)  # as the command does
    return [_size(number, 5 if number <= 1_000 else 1) for number in numbers]  # the largest is long enough


def _size(number: int, runs: int) -> Size:
    with tempfile.TemporaryDirectory(prefix="nginxgen-sizes-") as name:
        folder = Path(name)
        path = folder / "inventory.yml"
        path.write_text(_FLEET + "".join(map(_service, range(number))))
        load, known = _time(runs, lambda: inventory.load(path))
        hosts = known.fleet.hosts
        intent = intent_of(known, Weight(1_000))
        render, releases = _time(runs, lambda: rendered(hosts, known.services, intent, None))
        check = statistics.median(_check(known, releases, folder / f"cache-{run}") for run in range(runs))
        plan, _ = _time(runs, lambda: _plan(known, releases, intent_of(known, Weight(500))))
        moved = [rendered(hosts, known.services, _moved(intent, Weight(1_100 + run)), None) for run in range(runs)]
        check_again = statistics.median(_check(known, one, folder / "cache-0") for one in moved)
        plan_again, _ = _time(runs, lambda: _plan(known, moved[0], intent))
        release = next(iter(releases.values()))
        nginx = _nginx(folder, release, runs)
        lines = sum(file.text.count("\n") for file in release.files if file.name.endswith(".conf"))
        size = Size(number, lines, load, render, check, plan, check_again, plan_again, nginx, runs)
        print(f"{size} ratio {size.ratio:.2f} {size.ratio_again:.2f}", file=sys.stderr)
        return size


def _check(known: Inventory, releases: Mapping[str, Release], cache: Path) -> float:
    """Seconds, with what `cache` holds."""
    os.environ["XDG_CACHE_HOME"] = str(cache)
    seconds, found = _time(1, lambda: findings(known.fleet.hosts, known.services, releases, None))
    if found:
        raise RuntimeError(f"check says: {found[:3]}")
    return seconds


def _moved(intent: Intent, weight: Weight) -> Intent:
    """The same, but for the weight of one service."""
    first: ServiceIntent = intent.services["s0"]
    return Intent({**intent.services, "s0": replace(first, weights=dict.fromkeys(first.weights, weight))})


def _time(runs: int, work: Callable[[], T]) -> tuple[float, T]:
    times: list[float] = []
    for _ in range(runs):
        started = _cpu()
        result = work()
        times.append(_cpu() - started)
    return statistics.median(times), result


def _cpu() -> float:
    """Of this process and of those that it has waited for."""
    spent = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _plan(known: Inventory, releases: Mapping[str, Release], live: Intent) -> None:
    """For a host that serves `live`."""
    old = rendered(known.fleet.hosts, known.services, live, None, releases)["edge-1"]
    state = HostState(old.id, old.id, None, old.intent)
    planning.build([planning.Target("edge-1", state, releases["edge-1"], old.files)])


def _service(number: int) -> str:
    pools = "".join(
        f"      {version}: {{servers: [{', '.join(_server(number, pool, server) for server in range(_SERVERS))}]}}\n"
        for pool, version in enumerate(("v1", "v2"))
    )
    return f"""  s{number}:
    listen: [8080]
    server_names: [s{number}.example.com]
    versions:
{pools}    stable: v1
    canary: v2
    override: {{cookie: gray_release, header: X-Gray-Release}}
    routes:
      - {{name: reads, path: /api/v1}}
      - {{name: writes, path: /api/v2}}
      - {{name: default, path: /}}
"""


def _server(number: int, pool: int, server: int) -> str:
    return f'"10.{pool}.{number // 250}.{number % 250 + 1}:{5000 + server}"'


def _nginx(folder: Path, release: Release, runs: int) -> float:
    live = folder / "nginxgen/live"
    live.mkdir(parents=True)
    for file in release.files:
        (live / file.name).write_text(file.text.replace("/var/log/nginx", str(folder)))
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder))
    argv = [program("nginx"), "-t", "-q", "-p", str(folder), "-c", str(main), "-e", f"{folder}/error.log"]
    seconds, _ = _time(runs, lambda: subprocess.run(argv, check=True))
    return seconds
