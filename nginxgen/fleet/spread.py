"""Over how many processes the connections to a fleet are spread, and on which machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nginxgen.fleet.connect import Connections, Roads, gates
from nginxgen.model.host import Host, Transport

_HOSTS_A_PROCESS = 250  # one interpreter encrypts for some 200 connections a second, whatever its threads


@dataclass(frozen=True, slots=True)
class Spread:
    """What the command line says of it."""

    workers: int | None = None  # processes of this machine; 1: this one alone; None: as the fleet's size calls for
    scheduler: str | None = None  # of a Dask cluster, "tcp://10.0.0.5:8786"; then `workers` is how many at most


AUTOMATIC = Spread()


def reach(hosts: Sequence[Host], spread: Spread = AUTOMATIC, make: Callable[[], Roads] = Connections) -> Roads:
    """What leads to these hosts. `make` is called in each process. Raises InputError or Refused for a bad scheduler."""
    number = len(hosts)
    if spread.scheduler is not None:
        from nginxgen.fleet.shards import cluster, homes, places  # noqa: PLC0415  (Dask costs 300 ms)

        behind = gates(hosts)
        remotes = cluster.start(spread.scheduler, min(number, spread.workers or number), make)
        return places.Places(homes.homes(behind, len(remotes)), remotes, make)
    workers = _fitting(hosts) if spread.workers is None else min(spread.workers, number)
    if workers <= 1:
        return make()
    from nginxgen.fleet.shards import homes, places, processes  # noqa: PLC0415  (only large fleets need them)

    home = homes.homes(gates(hosts), workers)
    return places.Places(home, processes.start(workers, make), make)


def _fitting(hosts: Sequence[Host]) -> int:
    by_ssh = sum(host.transport is Transport.SSH for host in hosts)
    return min(len(os.sched_getaffinity(0)), -(-by_ssh // _HOSTS_A_PROCESS))
