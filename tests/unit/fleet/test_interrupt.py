"""Ctrl-C at every phase of a fleet change."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fakes import Fleet, outcomes
from fleet_tools import NOTE

from nginxgen.demo.processes import wait_for
from nginxgen.errors import Exit
from nginxgen.fleet.fake import FakeSession
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome
from nginxgen.ports import HostSession

# A SIGINT that comes late ends the whole run instead of one test; the command is interrupted for real in
# tests/live/test_cli_interrupt.py.
pytestmark = pytest.mark.full


class Hooked:
    """A session that runs `act` when it comes to `step` for the first time."""

    def __init__(self, session: FakeSession, step: str, act: Callable[[], None]) -> None:
        self.name = session.name
        self._session, self._step, self._act = session, step, act

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)
        if name != self._step:
            return method

        def act_first(*args: Any) -> Any:
            self._step = ""
            self._act()
            return method(*args)

        return act_first


class HookedFleet(Fleet):
    """`act` is done by the thread that works on host `number`, before its `step`."""

    def __init__(self, waves: Sequence[int]) -> None:
        self._hook: tuple[str, str, Callable[[], None]] | None = None
        super().__init__(waves)

    def hook(self, number: int, step: str, act: Callable[[], None]) -> None:
        self._hook = (f"edge-{number}", step, act)

    def connect(self, host: Host) -> HostSession:
        session = self.fakes[host.name].connect()
        if self._hook is None or self._hook[0] != host.name:
            return session
        return Hooked(session, *self._hook[1:])


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)  # as from a terminal: to the process, not to this thread


def ctrl_c_heard(stop: threading.Event) -> Callable[[], None]:
    def act() -> None:
        ctrl_c()
        assert stop.wait(10)

    return act


@pytest.mark.parametrize(
    ("step", "number", "fleet_ends_on"),
    [
        ("begin", 1, "one"),
        ("stage", 2, "one"),
        ("trial", 1, "one"),
        ("trial", 3, "one"),
        ("commit", 1, "one"),  # the first wave's commit is carried through, and taken back
        ("commit", 3, "two"),  # the last wave's is: nothing is left to stop
    ],
)
def test_ctrl_c_leaves_the_whole_fleet_on_one_release(step: str, number: int, fleet_ends_on: str) -> None:
    fleet, stop = HookedFleet([1, 1, 2]), threading.Event()
    fleet.hook(number, step, ctrl_c_heard(stop))
    outcome = fleet.apply("two", stop=stop)
    assert fleet.serves() == [fleet_ends_on] * 3
    assert outcome.interrupted == (fleet_ends_on == "one")
    assert outcome.exit is (Exit.INTERRUPTED if fleet_ends_on == "one" else Exit.DONE)
    assert all(fake.owner is None for fake in fleet.fakes.values())


def test_what_was_undone_says_that_it_was_interrupted() -> None:
    fleet, stop = HookedFleet([1, 2]), threading.Event()
    fleet.hook(1, "commit", ctrl_c_heard(stop))
    outcome = fleet.apply("two", stop=stop)
    assert outcomes(outcome) == [HostOutcome.REVERTED, HostOutcome.UNTOUCHED]
    assert outcome.hosts[0].message == "taken back: interrupted"


def test_a_second_ctrl_c_does_not_wait_for_a_host_that_hangs() -> None:
    fleet, stop, free = HookedFleet([1, 1]), threading.Event(), threading.Event()

    def hang() -> None:
        ctrl_c_heard(stop)()
        ctrl_c()
        free.wait(30)

    fleet.hook(2, "trial", hang)
    with pytest.raises(KeyboardInterrupt):
        fleet.apply("two", stop=stop)
    assert fleet.serves() == ["one", "one"]
    free.set()


def test_ctrl_c_while_connecting_ends_every_session() -> None:
    fleet, opened, ended = HookedFleet([1] * 3), threading.Event(), threading.Event()
    calm = fleet.connect

    def connect(host: Host) -> HostSession:
        if host.name == "edge-3":
            ctrl_c()
            assert ended.wait(10)  # connecting to this one takes longer than anybody waits
            opened.set()
        session = calm(host)
        session.begin(NOTE)
        return session

    fleet.connect = connect  # type: ignore[method-assign]  # a hook
    with pytest.raises(KeyboardInterrupt):
        fleet.sessions()
    ended.set()
    assert opened.wait(10)
    wait_for(lambda: all(fake.owner is None for fake in fleet.fakes.values()), "the end of the late session, too")
