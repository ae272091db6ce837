"""Laws of the fleet transaction: whatever goes wrong, no host is left half way, and what is said of it is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fakes import SHORT
from fleet_tools import NOTE, change, empty, release, some_host
from hypothesis import given, settings
from hypothesis import strategies as st

from nginxgen.errors import Exit, HostFailed
from nginxgen.fleet.fake import FakeHost, Fault, Kind
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import FleetOutcome, HostOutcome, HostResult, Outcome
from nginxgen.ports import HostSession

T = TypeVar("T")
BACK = {HostOutcome.REVERTED, HostOutcome.UNTOUCHED, HostOutcome.REFUSED}


@dataclass(frozen=True)
class Case:
    waves: Sequence[int]  # of each host
    known: Sequence[bool]  # whether the host had an apply before
    faults: Sequence[Sequence[Fault]]  # by host
    unwell: Sequence[bool]
    away: Sequence[int]  # how many connections after the first are refused
    one_wave: bool

    @property
    def hosts(self) -> list[Host]:
        return [some_host(f"edge-{number:02}", wave) for number, wave in enumerate(self.waves)]


def faults(kinds: Sequence[Kind]) -> st.SearchStrategy[list[Fault]]:
    steps = st.sampled_from(["begin", "stage", "trial", "commit", "abort"])
    return st.lists(st.builds(Fault, steps, st.sampled_from(kinds), st.sampled_from([0, 0, 1])), max_size=3)


@st.composite
def cases(draw: st.DrawFn, kinds: Sequence[Kind] = tuple(Kind)) -> Case:
    number = draw(st.integers(1, 5))

    def each(of: st.SearchStrategy[T]) -> list[T]:
        return draw(st.lists(of, min_size=number, max_size=number))

    # most hosts are well, or every case would end at the first step
    some = st.one_of(st.just([]), st.just([]), faults(kinds))
    unwell, away = st.sampled_from([False] * 5 + [True]), st.sampled_from([0, 0, 0, 1, 5])
    return Case(each(st.integers(1, 3)), each(st.booleans()), each(some), each(unwell), each(away), draw(st.booleans()))


@dataclass
class Fleet:
    """The hosts of a case, and what each had before the change."""

    case: Case
    hosts: list[Host]
    fakes: dict[str, FakeHost]
    before: dict[str, tuple[str | None, str | None]]
    previous: dict[str, str | None] = field(default_factory=dict)

    def served(self, name: str) -> tuple[str | None, str | None]:
        """Live and running; a release without services is as good as none."""
        fake = self.fakes[name]
        none = empty(next(host for host in self.hosts if host.name == name)).id
        return (None if fake.live == none else fake.live, None if fake.running == none else fake.running)

    def target(self, name: str, label: str) -> str:
        return release(next(host for host in self.hosts if host.name == name), label).id


def fleet_of(case: Case) -> Fleet:
    hosts = case.hosts
    fakes = {host.name: FakeHost(host.name) for host in hosts}
    known = [host for host, was in zip(hosts, case.known, strict=True) if was]
    fleet = Fleet(case, hosts, fakes, {})
    if known:
        assert apply(replace(fleet, hosts=known), "one").exit is Exit.DONE
    for host, mishaps in zip(hosts, case.faults, strict=True):
        fakes[host.name].plan(*mishaps)
    fleet.before = {name: fleet.served(name) for name in fakes}
    fleet.previous = {name: fake.previous for name, fake in fakes.items()}
    return fleet


def apply(fleet: Fleet, label: str) -> Outcome:
    unwell = dict(zip((host.name for host in fleet.case.hosts), fleet.case.unwell, strict=True))

    def health(session: HostSession, host: Host) -> None:
        assert session.name == host.name
        if fleet.before and unwell[host.name]:
            raise HostFailed(host.name, "unwell", "it answers 500")

    with Sessions.open(fleet.hosts, lambda host: fleet.fakes[host.name].connect()) as sessions:
        for host, times in zip(fleet.hosts, fleet.case.away if fleet.before else (), strict=False):
            fleet.fakes[host.name].plan(*[Fault("connect", Kind.REFUSE)] * times)
        states = {name: fake.describe() for name, fake in fleet.fakes.items()}
        changes = [change(host, states[host.name], release(host, label)) for host in fleet.hosts]
        empties = {host.name: empty(host) for host in fleet.hosts}
        return carry_out(sessions, changes, empties, NOTE, one_wave=fleet.case.one_wave, health=health, patience=SHORT)


def check_result(fleet: Fleet, result: HostResult) -> None:
    now = fleet.served(result.host)
    target = fleet.target(result.host, "two")
    if result.outcome is HostOutcome.APPLIED:
        assert now == (target, target)
        assert result.release == target
    elif result.outcome in BACK:
        assert now == fleet.before[result.host]
        assert fleet.fakes[result.host].previous == fleet.previous[result.host]
        assert result.release == fleet.before[result.host][1]
    else:
        assert result.outcome is HostOutcome.NEEDS_HUMAN
        assert result.message


@settings(max_examples=400, deadline=None)
@given(cases())
def test_every_host_serves_what_the_outcome_says_of_it(case: Case) -> None:
    fleet = fleet_of(case)
    outcome = apply(fleet, "two")
    assert [result.host for result in outcome.hosts] == [host.name for host in fleet.hosts]
    for result in outcome.hosts:
        check_result(fleet, result)


@settings(max_examples=400, deadline=None)
@given(cases())
def test_all_or_nothing_but_for_hosts_that_need_a_human(case: Case) -> None:
    fleet = fleet_of(case)
    outcome = apply(fleet, "two")
    ended = {result.outcome for result in outcome.hosts}
    assert ended == {HostOutcome.APPLIED} or ended <= BACK | {HostOutcome.NEEDS_HUMAN}
    undone = any(entry.result == "reverted" for fake in fleet.fakes.values() for entry in fake.entries)
    done = all(fleet.served(host.name)[0] == fleet.target(host.name, "two") for host in fleet.hosts)
    assert (outcome.exit is Exit.DONE) == (ended == {HostOutcome.APPLIED})
    assert outcome.exit is not Exit.DONE or (done and not undone)
    if any(case.unwell):
        assert outcome.exit is not Exit.DONE
    if undone:
        assert outcome.fleet in {FleetOutcome.REVERTED, FleetOutcome.NEEDS_HUMAN}


@settings(max_examples=300, deadline=None)
@given(cases([kind for kind in Kind if kind is not Kind.NEEDS_HUMAN]))
def test_nobody_is_called_when_hosts_can_help_themselves(case: Case) -> None:
    fleet = fleet_of(replace(case, faults=[mishaps[:1] for mishaps in case.faults]))
    outcome = apply(fleet, "two")
    assert outcome.fleet is not FleetOutcome.NEEDS_HUMAN, outcome


@settings(max_examples=200, deadline=None)
@given(cases([kind for kind in Kind if kind is not Kind.NEEDS_HUMAN]))
def test_the_next_apply_finishes_the_job(case: Case) -> None:
    fleet = fleet_of(case)
    apply(fleet, "two")
    for fake in fleet.fakes.values():
        fake.forget_faults()
    # what a status or another apply finds: the hosts' sessions have ended, and a dead-man has had its time
    for fake in fleet.fakes.values():
        fake.connect().close()
        fake.connect().close()
        assert fake.trial is None
        assert fake.owner is None
    fleet.before = {}
    assert apply(fleet, "three").exit is Exit.DONE
    for host in fleet.hosts:
        assert fleet.served(host.name) == (fleet.target(host.name, "three"),) * 2


@settings(max_examples=50, deadline=None)
@given(cases())
def test_without_faults_every_host_is_changed(case: Case) -> None:
    calm = replace(case, faults=[[] for _ in case.waves], unwell=[False for _ in case.waves])
    outcome = apply(fleet_of(calm), "two")
    assert {result.outcome for result in outcome.hosts} == {HostOutcome.APPLIED}
    assert outcome.exit is Exit.DONE
