"""Twenty real nginx, one of them with a fault: all twenty end on their old release, and serve it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier

import pytest
from fleet_tools import NOTE, broken_release, change, empty, host_of, release, tree, which

from nginxgen.demo import processes
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.errors import Exit, HostFailed
from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.session import ScriptSession
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.transaction import Health, carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import FleetOutcome, HostOutcome, Outcome
from nginxgen.model.plan import Change, Expected
from nginxgen.model.release import Release
from nginxgen.ports import HostSession, Note

PATIENCE = Patience(30, 0.2)
OLD = "old"


class Fleet:
    """The hosts of a lab, without SSH: what is looked at here are the hosts and the transaction."""

    def __init__(self, lab: Lab) -> None:
        self.lab_hosts = lab.hosts
        self.hosts = tuple(host_of(host.layout) for host in lab.hosts)

    def in_waves(self, first: int) -> tuple[Host, ...]:
        """The first so many hosts in wave 1, the others in wave 2."""
        return tuple(replace(host, wave=1 if at < first else 2) for at, host in enumerate(self.hosts))

    def trees(self, *, spare: bool) -> list[str]:
        """What is on the disks; `spare`: with the releases that are kept for another day."""
        without = () if spare else ("nginxgen/releases",)
        return [tree(host.conf_dir, without) for host in self.lab_hosts]

    def serve(self, label: str) -> None:
        """Of every host, five answers: an old worker accepts for a moment after a new one has started."""
        for host in self.lab_hosts:
            processes.wait_for(
                lambda host=host: all(which(host) == label for _ in range(5)),  # type: ignore[misc]  # a lambda's default has no type of its own
                f"{host.name} serves {label}",
            )


@pytest.fixture(scope="module")
def twenty() -> Iterator[Fleet]:
    with Lab.start(hosts=20, pools={"v1": 1}) as lab:
        fleet = Fleet(lab)
        assert apply(fleet.hosts, lambda host: release(host, OLD)).exit is Exit.DONE
        fleet.serve(OLD)
        yield fleet


def apply(
    hosts: tuple[Host, ...],
    to: Callable[[Host], Release],
    *,
    note: Note = NOTE,
    health: Health | None = None,
    stale: str = "",
) -> Outcome:
    """`stale`: the host for which the plan is out of date."""
    with Sessions.open(hosts) as sessions:
        states = sessions.observe()
        assert not sessions.failed
        changes = [change(host, states[host.name], to(host)) for host in hosts]
        changes = [replace(one, expected=Expected(None, None)) if one.host == stale else one for one in changes]
        return carry_out(
            sessions, changes, {host.name: empty(host) for host in hosts}, note, health=health, patience=PATIENCE
        )


@dataclass(frozen=True)
class Case:
    """What one host of the fleet is up to."""

    hosts: tuple[Host, ...]
    bad: Host
    lab_host: LabHost

    def apply_with(self, health: Callable[[HostSession], None]) -> Outcome:
        """`health` is asked of the bad host, in the middle of its trial."""

        def ask(session: HostSession, host: Host) -> None:
            if host.name == self.bad.name:
                health(session)

        return apply(self.hosts, lambda host: release(host, "new"), health=ask)

    def apply_release(self, bad: Release) -> Outcome:
        return apply(self.hosts, lambda host: bad if host.name == self.bad.name else release(host, "new"))


def rejected(case: Case) -> Outcome:
    """nginx -t fails."""
    return case.apply_release(broken_release(case.bad))


def locked(case: Case) -> Outcome:
    with Sessions.open([case.bad]) as sessions:
        sessions.reopen(case.bad.name).begin(replace(NOTE, who="alice@laptop"))
        return apply(case.hosts, lambda host: release(host, "new"))


def moved(case: Case) -> Outcome:
    return apply(case.hosts, lambda host: release(host, "new"), stale=case.bad.name)


def port_held(case: Case) -> Outcome:
    """nginx -t passes; the reload cannot bind. (The `listen` stands where the look at ports before does not see it.)"""
    with socket.create_server((case.bad.address, 18999)):
        extra = f"}} server {{ listen {case.bad.address}:18999;"
        return case.apply_release(release(case.bad, "new", extra))


def nginx_stopped(case: Case) -> Outcome:
    case.lab_host.stop_nginx()
    try:
        return apply(case.hosts, lambda host: release(host, "new"))
    finally:
        case.lab_host.start_nginx()


def unwell(case: Case) -> Outcome:
    def health(_: HostSession) -> None:
        raise HostFailed(case.bad.name, "unwell", "GET /health answers 500")

    return case.apply_with(health)


def script_killed(case: Case) -> Outcome:
    """kill -9 of host.sh in its trial, so that nobody on the host knows of it."""

    def health(session: HostSession) -> None:
        assert isinstance(session, ScriptSession)
        session._pipe._process.kill()  # type: ignore[attr-defined]  # of the local transport

    return case.apply_with(health)


def reloaded_by_somebody(case: Case) -> Outcome:
    """An external HUP in mid-trial brings the old release back: what runs is not what is to be committed."""

    def health(_: HostSession) -> None:
        before = set(case.lab_host.workers())
        case.lab_host.reload()
        processes.wait_for(lambda: before.isdisjoint(case.lab_host.workers()), "new workers")

    return case.apply_with(health)


BEFORE_ANY_TRIAL = (rejected, locked, moved, nginx_stopped)
IN_ITS_TRIAL = (port_held, unwell, script_killed, reloaded_by_somebody)
FAULTS = (*BEFORE_ANY_TRIAL, *IN_ITS_TRIAL)

ALL = [(fault, number, first) for fault in FAULTS for number in (1, 10, 20) for first in (3, 10, 20)]
# Of all: each fault, each place in the fleet, and both waves, once with hosts of a wave before it
SOME = {
    (rejected, 20, 10), (locked, 10, 10), (moved, 1, 10), (nginx_stopped, 10, 3),
    (port_held, 1, 3), (unwell, 20, 3), (script_killed, 10, 3), (reloaded_by_somebody, 20, 10),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "number", "first"),
    [
        pytest.param(
            *case, id=f"{case[0].__name__}-on-{case[1]}-waves-of-{case[2]}-and-{20 - case[2]}",
            marks=[] if case in SOME else [pytest.mark.full],
        )
        for case in ALL
    ],
)  # fmt: skip
def test_all_twenty_end_on_the_old_release(
    twenty: Fleet, fault: Callable[[Case], Outcome], number: int, first: int
) -> None:
    hosts = twenty.in_waves(first)
    bad = hosts[number - 1]
    # a host that had committed keeps the release that it went back from
    spare = fault in BEFORE_ANY_TRIAL
    trees = twenty.trees(spare=spare)
    outcome = fault(Case(hosts, bad, twenty.lab_hosts[number - 1]))
    ended = {result.host: result for result in outcome.hosts}
    assert outcome.exit is (Exit.REFUSED if ended[bad.name].outcome is HostOutcome.REFUSED else Exit.UNDONE)
    assert outcome.exit is Exit.REFUSED or fault not in BEFORE_ANY_TRIAL
    assert {result.outcome for result in outcome.hosts} <= {
        HostOutcome.REFUSED, HostOutcome.REVERTED, HostOutcome.UNTOUCHED,
    }, outcome  # fmt: skip
    assert ended[bad.name].message
    twenty.serve(OLD)
    assert twenty.trees(spare=spare) == trees
    with Sessions.open(hosts) as sessions:
        states = sessions.observe()
        assert {name: (state.live, state.running, state.drift, state.previous) for name, state in states.items()} == {
            host.name: (release(host, OLD).id, release(host, OLD).id, (), empty(host).id) for host in hosts
        }


# ---- two operators


@pytest.fixture(scope="module")
def two() -> Iterator[Fleet]:
    with Lab.start(hosts=2, pools={"v1": 1}) as lab:
        fleet = Fleet(lab)
        assert apply(fleet.hosts, lambda host: release(host, OLD)).exit is Exit.DONE
        yield fleet


@contextmanager
def planned(fleet: Fleet, label: str) -> Iterator[tuple[Sessions, list[Change]]]:
    """As an operator who has looked at a plan, and has not said yes."""
    with Sessions.open(fleet.hosts) as sessions:
        states = sessions.observe()
        yield sessions, [change(host, states[host.name], release(host, label)) for host in fleet.hosts]


def operate(fleet: Fleet, who: str, label: str, looked: Barrier) -> Outcome:
    with planned(fleet, label) as (sessions, changes):
        looked.wait(30)
        empties = {host.name: empty(host) for host in fleet.hosts}
        return carry_out(sessions, changes, empties, Note("apply", who, "", who), patience=PATIENCE)


@pytest.mark.parametrize("rounds", [6, pytest.param(50, marks=pytest.mark.full)])
def test_of_two_operators_at_once_one_wins_and_the_other_is_told_who(two: Fleet, rounds: int) -> None:
    for number in range(rounds):
        looked = Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            futures = {who: pool.submit(operate, two, who, f"{who}{number % 2}", looked) for who in ("alice", "bob")}
        outcomes = {who: future.result() for who, future in futures.items()}
        assert sorted(outcome.fleet for outcome in outcomes.values()) == [FleetOutcome.APPLIED, FleetOutcome.REFUSED]
        winner = next(who for who, outcome in outcomes.items() if outcome.fleet is FleetOutcome.APPLIED)
        loser = next(outcome for who, outcome in outcomes.items() if who != winner)
        messages = " ".join(result.message for result in loser.hosts)
        assert f"locked by {winner}" in messages or "it has moved" in messages, messages
        two.serve(f"{winner}{number % 2}")
        with ExitStack() as stack:
            sessions = stack.enter_context(Sessions.open(two.hosts))
            assert {state.drift for state in sessions.observe().values()} == {()}


def test_the_docs_show_this_matrix() -> None:
    page = (Path(__file__).parents[2] / "docs/host-protocol.md").read_text()
    table = page.partition("\n## Fleet faults\n")[2].partition("\nRerun it")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (refused|undone) \|", table, flags=re.MULTILINE)
    assert rows == [
        (one.__name__.replace("_", " "), "refused" if one in BEFORE_ANY_TRIAL else "undone") for one in FAULTS
    ]
