"""Fleets of fakes for these tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from fleet_tools import NOTE, change, empty, release, some_host

from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.fake import FakeHost, Fault, Kind
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.transaction import Health, carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome, Outcome
from nginxgen.model.plan import Change
from nginxgen.model.release import Release
from nginxgen.ports import HostSession, Note

SHORT = Patience(seconds=0.1, between=0.001, locks=2.0)


class Fleet:
    """Hosts edge-1, edge-2, ... in the waves given, each with release "one" unless it is `new`."""

    def __init__(self, waves: Sequence[int], new: bool = False) -> None:
        self.hosts = tuple(some_host(f"edge-{number}", wave) for number, wave in enumerate(waves, 1))
        self.fakes = {host.name: FakeHost(host.name) for host in self.hosts}
        if not new:
            assert self.apply("one").exit == 0

    def __getitem__(self, number: int) -> FakeHost:
        return self.fakes[f"edge-{number}"]

    def break_(self, number: int, step: str, kind: Kind, after: int = 0) -> None:
        self[number].plan(Fault(step, kind, after))

    def connect(self, host: Host) -> HostSession:
        return self.fakes[host.name].connect()

    def sessions(self) -> Sessions:
        return Sessions.open(self.hosts, self.connect)

    def changes(self, label: str) -> list[Change]:
        states = {name: fake.describe() for name, fake in self.fakes.items()}
        return [change(host, states[host.name], release(host, label)) for host in self.hosts]

    def empties(self) -> Mapping[str, Release]:
        return {host.name: empty(host) for host in self.hosts}

    def apply(
        self,
        label: str,
        *,
        note: Note = NOTE,
        health: Health | None = None,
        max_unreachable: int = 0,
        patience: Patience = SHORT,
        stop: threading.Event | None = None,
    ) -> Outcome:
        changes = self.changes(label)
        with self.sessions() as sessions:
            sessions.leave_out(max_unreachable)
            going = [one for one in changes if one.host not in sessions.skipped]
            return carry_out(sessions, going, self.empties(), note, health=health, patience=patience, stop=stop)

    def serves(self) -> list[str | None]:
        """The label of what each host runs, where a boot would serve the same; "?" where it would not."""
        return [self._label(host) for host in self.hosts]

    def _label(self, host: Host) -> str | None:
        fake = self.fakes[host.name]
        if fake.live != fake.running or fake.trial is not None:
            return "?"
        files = fake.releases.get(fake.running or "", ())
        text = next((file.text for file in files if file.name == "shop.conf"), "")
        return text.partition('return 200 "')[2].partition(" ")[0] or None


def outcomes(outcome: Outcome) -> list[HostOutcome]:
    return [result.outcome for result in outcome.hosts]
