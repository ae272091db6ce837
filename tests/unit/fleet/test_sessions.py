"""Many hosts at once: who takes part, who is set aside, and what happens when sessions end."""

from __future__ import annotations

import threading
import time

import pytest
from fakes import Fleet
from fleet_tools import NOTE

from nginxgen.demo.processes import wait_for
from nginxgen.errors import HostRefused, Unreachable
from nginxgen.fleet import sessions as sessions_module
from nginxgen.fleet.fake import FakeSession, Kind
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.host import Host
from nginxgen.model.progress import Event, Mark, Phase
from nginxgen.ports import HostSession


def test_a_host_that_fails_is_set_aside_and_named() -> None:
    fleet = Fleet([1, 1, 1])
    fleet.break_(2, "connect", Kind.REFUSE)
    fleet.break_(3, "observe", Kind.LOSE_BEFORE)
    with fleet.sessions() as sessions:
        assert sessions.names == ("edge-1", "edge-3")
        assert set(sessions.observe()) == {"edge-1"}
        assert sessions.names == ("edge-1",)
        assert isinstance(sessions.failed["edge-2"], Unreachable)
        assert isinstance(sessions.failed["edge-3"], HostRefused)


def test_asking_a_host_that_was_set_aside_gives_its_reason_again() -> None:
    fleet = Fleet([1, 1])
    fleet.break_(2, "connect", Kind.REFUSE)
    with fleet.sessions() as sessions:
        live = str(fleet[1].live)
        found = sessions.each(Phase.OBSERVE, ["edge-1", "edge-2"], lambda session: session.observe().live)
        assert found == {"edge-1": live, "edge-2": sessions.failed["edge-2"]}
        assert set(sessions.read({"edge-1": live, "edge-2": live})) == {"edge-1"}


@pytest.mark.parametrize(
    ("down", "most", "left_out"), [(0, 3, 0), (1, 0, 0), (1, 1, 1), (2, 1, 0), (2, 5, 2), (3, 3, 0)]
)
def test_up_to_so_many_hosts_may_be_left_out_but_never_all(down: int, most: int, left_out: int) -> None:
    fleet = Fleet([1, 1, 1])
    for number in range(1, down + 1):
        fleet.break_(number, "connect", Kind.REFUSE)
    with fleet.sessions() as sessions:
        sessions.leave_out(most)
        assert (len(sessions.skipped), len(sessions.failed)) == (left_out, down - left_out)
        assert len(sessions.names) == 3 - down


def test_a_host_that_says_no_is_not_down() -> None:
    fleet = Fleet([1, 1])
    fleet.break_(1, "observe", Kind.REFUSE)
    with fleet.sessions() as sessions:
        sessions.observe()
        sessions.leave_out(2)
        assert set(sessions.failed) == {"edge-1"}


def test_more_hosts_than_threads() -> None:
    fleet = Fleet([1] * 200, new=True)
    at_once, most, lock = 0, 0, threading.Lock()

    def step(_: HostSession) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.002)  # work, so that steps overlap
        with lock:
            at_once -= 1

    with fleet.sessions() as sessions:
        assert len(sessions.each(Phase.OBSERVE, sessions.names, step)) == 200
    assert 2 <= most <= sessions_module.AT_ONCE


def test_who_watches_hears_of_every_step_and_cannot_disturb_it() -> None:
    fleet = Fleet([1, 1])
    fleet.break_(2, "observe", Kind.REFUSE)
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        raise BrokenPipeError

    with Sessions.open(fleet.hosts, fleet.connect, listen) as sessions:
        sessions.observe()
    told = {(event.host, event.phase, event.mark) for event in heard}
    assert ("edge-1", Phase.OBSERVE, Mark.DONE) in told
    assert ("edge-2", Phase.OBSERVE, Mark.FAILED) in told
    assert all((event.host, event.phase, Mark.STARTED) in told for event in heard)


def test_heartbeats_go_to_every_host_while_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "_BEAT", 0.001)
    fleet, made = Fleet([1, 1]), []

    def connect(host: Host) -> HostSession:
        made.append(session := fleet.fakes[host.name].connect())
        return session

    def busy(_: HostSession) -> None:
        wait_for(lambda: all(session.beats >= 3 for session in made), "three beats on each host")

    with Sessions.open(fleet.hosts, connect) as sessions:
        sessions.keep_alive()
        sessions.keep_alive()
        assert sessions.each(Phase.OBSERVE, ["edge-1"], busy) == {"edge-1": None}
    beats = [session.beats for session in made]
    assert all(isinstance(session, FakeSession) for session in made)
    time.sleep(0.02)  # that something does not happen has no fact to wait for
    assert [session.beats for session in made] == pytest.approx(beats, abs=1)


def test_closing_ends_steps_that_hang_and_is_done_once() -> None:
    fleet, hung, free = Fleet([1, 1]), threading.Event(), threading.Event()

    def hang(session: HostSession) -> None:
        session.begin(NOTE)
        hung.set()
        free.wait(30)
        session.observe()

    sessions = fleet.sessions()
    waiting = threading.Thread(target=lambda: results.update(sessions.each(Phase.OBSERVE, ["edge-1"], hang)))
    results: dict[str, object] = {}
    waiting.start()
    assert hung.wait(10)
    sessions.close()
    sessions.close()
    assert fleet[1].owner is None
    free.set()
    waiting.join(10)
    assert isinstance(results["edge-1"], HostRefused)
    assert isinstance(sessions.each(Phase.OBSERVE, ["edge-2"], lambda one: one.observe())["edge-2"], HostRefused)


def test_a_reopened_session_takes_the_place_of_the_old_one() -> None:
    fleet = Fleet([1])
    with fleet.sessions() as sessions:
        sessions.each(Phase.LOCK, ["edge-1"], lambda session: session.begin(NOTE))
        sessions.reopen("edge-1").begin(NOTE)  # the old one has let go of its lock
        assert sessions.names == ("edge-1",)
    assert fleet[1].owner is None
    with pytest.raises(HostRefused, match="interrupted"):
        sessions.reopen("edge-1")
    assert fleet[1].owner is None
