"""CPU that the host's script spends on each word of an apply, and nginx's master on the reload. One host, no SSH.

    python -m bench.hostcpu [RUNS]

Read from /proc in ticks of 10 ms, so that only the mean of many runs says something.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import replace

from bench.fleet import intent_of
from bench.processes import processes
from nginxgen import inventory, render
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.fleet.pipe import LocalPipe
from nginxgen.fleet.script import argv
from nginxgen.fleet.session import ScriptSession
from nginxgen.inventory import Inventory
from nginxgen.model.host import Host, Transport
from nginxgen.model.plan import Expected
from nginxgen.model.weight import Weight
from nginxgen.ports import Note

_WARM_UP = 3


class Meter:
    """CPU of the newest child of ours, and wall time, from one mark to the next."""

    def __init__(self) -> None:
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.wall: dict[str, list[float]] = defaultdict(list)
        self._last = (0.0, time.monotonic())

    def start(self) -> None:
        self._last = (0.0, time.monotonic())

    def mark(self, word: str, pid: int) -> None:
        now = (processes()[pid].cpu, time.monotonic())
        self.cpu[word].append(now[0] - self._last[0])
        self.wall[word].append(now[1] - self._last[1])
        self._last = now


def main(runs: int = 20) -> None:
    with Lab.start(hosts=1) as lab:
        known = inventory.load(lab.write_inventory(lab.root / "inventory.yml"))
        host = replace(known.fleet.hosts[0], transport=Transport.LOCAL)
        meter = Meter()
        for run in range(runs + _WARM_UP):
            if run == _WARM_UP:
                meter, begun = Meter(), _children()
            _apply(known, host, lab.hosts[0], meter, Weight(5_000 + run))
        whole = (_children() - begun) / runs
    for word, spent in meter.cpu.items():
        wall = statistics.median(meter.wall[word])
        print(f"{word:8} {statistics.mean(spent) * 1000:6.1f} ms of CPU, median wall {wall * 1000:6.1f} ms")
    print(f"the script, its dead-man included: {whole * 1000:.0f} ms of CPU an apply")


def _apply(known: Inventory, host: Host, machine: LabHost, meter: Meter, weight: Weight) -> None:
    release = render.render(known.services, intent_of(known, weight), host)
    master = machine.master or 0
    before = processes()[master].cpu
    meter.start()
    pipe = LocalPipe(host.name, argv(host))
    session = ScriptSession(host.name, pipe)
    pid = pipe._process.pid  # noqa: SLF001  (the script's)
    meter.mark("start", pid)
    state = session.observe()
    meter.mark("observe", pid)
    session.begin(Note("apply", "bench", "", f"t{weight.hundredths}"))
    meter.mark("begin", pid)
    session.stage(release, render.empty(host))
    meter.mark("stage", pid)
    session.trial(release.id, Expected(state.live, state.running))
    meter.mark("trial", pid)
    session.commit()
    meter.mark("commit", pid)
    session.close()
    time.sleep(0.15)  # old workers end, and the master takes their CPU into its own
    meter.cpu["nginx"].append(processes()[master].cpu - before)
    meter.wall["nginx"].append(0.0)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
