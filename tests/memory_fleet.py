"""A fleet in memory behind an inventory's hosts, for tests of what stands above the hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import makers

from nginxgen.errors import Unreachable
from nginxgen.fleet.fake import FakeHost, FakeSession, Fault, Kind
from nginxgen.model.host import Host


class MemoryFleet:
    """`number` hosts edge-1, edge-2, ...; `connect` as fleet.sessions.Connect."""

    def __init__(self, number: int = 3) -> None:
        self.hosts = {f"edge-{n}": FakeHost(f"edge-{n}") for n in range(1, number + 1)}
        self._down: set[str] = set()
        self.logins = 0  # how often a host was asked for

    def __getitem__(self, number: int) -> FakeHost:
        return self.hosts[f"edge-{number}"]

    def inventory_hosts(self) -> tuple[Host, ...]:
        return tuple(replace(makers.host(bind=f"10.0.0.{n}"), name=name) for n, name in enumerate(self.hosts, 1))

    def connect(self, host: Host) -> FakeSession:
        self.logins += 1
        if host.name in self._down:
            raise Unreachable(host.name, "connection refused", hint="is sshd up?")
        return self.hosts[host.name].connect()

    def cut_off(self, *numbers: int) -> None:
        self._down |= {f"edge-{number}" for number in numbers}

    def bring_back(self) -> None:
        self._down.clear()

    def fault(self, number: int, step: str, kind: Kind) -> None:
        self[number].plan(Fault(step, kind))

    def weights(self) -> Sequence[str]:
        """What each host runs, in words: `10`, `off`, `-`."""
        return [_weight(host) for host in self.hosts.values()]

    def traces(self) -> object:
        """All that a change leaves on a host: equal before and after means that it was left alone."""
        return [
            (host.live, host.running, host.previous, dict(host.releases), list(host.entries), host.owner)
            for host in self.hosts.values()
        ]


def _weight(host: FakeHost) -> str:
    state = host.describe()
    assert state.running == state.live, "between two changes a host runs what is live"
    shop = state.intent.services.get("shop") if state.intent else None
    if shop is None:
        return "-"
    return ",".join(str(weight) for weight in shop.weights.values()) if shop.canary_on else "off"
