"""What a host promises, whatever it is made of. Every test runs on a fake, on a real nginx, and on one behind sshd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import World, eventually
from fleet_tools import NOTE, broken_release, empty, release

from nginxgen.errors import HostRefused
from nginxgen.model.logs import LogAsk
from nginxgen.model.plan import Expected
from nginxgen.model.release import Release
from nginxgen.model.state import Drift, HostState
from nginxgen.ports import HostSession, Note, Restores

NOTHING = Expected(None, None)
UNKNOWN = "0123456789ab"


@contextmanager
def session(world: World) -> Iterator[HostSession]:
    opened = world.connect()
    try:
        yield opened
    finally:
        opened.close()


def state_of(world: World) -> HostState:
    with session(world) as opened:
        return opened.observe()


def runs(world: World) -> Expected:
    state = state_of(world)
    return Expected(state.live, state.running)


def apply(world: World, to: Release, note: Note = NOTE) -> None:
    with session(world) as opened:
        before = opened.begin(note)
        opened.stage(to, empty(world.host))
        opened.trial(to.id, Expected(before.live, before.running))
        opened.commit()


def on_trial(opened: HostSession, world: World, to: Release) -> None:
    before = opened.begin(NOTE)
    opened.stage(to, empty(world.host))
    opened.trial(to.id, Expected(before.live, before.running))


def test_a_host_without_a_metrics_log_says_so_also_beside_a_change(world: World) -> None:
    with session(world) as opened, session(world) as reader:
        opened.begin(NOTE)
        with pytest.raises(HostRefused) as refused:
            reader.measure(LogAsk(0, 9_999_999_999, 10))
    assert refused.value.code == "no-metrics-log"


def test_a_host_tells_what_it_has_left(world: World) -> None:
    with session(world) as opened:
        vitals = opened.vitals()
    assert vitals.memory is None or vitals.memory > 1 << 20
    assert vitals.disks
    assert all(0 <= disk.free <= disk.total for disk in vitals.disks)


def test_a_host_gives_the_config_around_ours_and_is_left_alone(world: World) -> None:
    disk, before = world.disk(), state_of(world)
    with session(world) as opened, session(world) as reader:
        opened.begin(NOTE)
        text = reader.config()  # needs no lock
    assert text.startswith("# configuration file /")
    assert "http {" in text
    assert (world.disk(), state_of(world)) == (disk, before)


def test_a_host_that_nginxgen_has_never_seen_has_nothing(world: World) -> None:
    state = state_of(world)
    assert (state.live, state.running, state.previous, state.intent) == (None, None, None, None)
    assert (state.releases, state.drift) == ((), ())
    assert state.master is not None
    assert len(state.workers) == 2
    assert state.nginx_version.startswith("nginx/")
    assert state.build.version is not None
    assert "--with-http_ssl_module" in state.nginx_options


def test_looking_changes_nothing(world: World) -> None:
    apply(world, release(world.host, "one"))
    disk, before = world.disk(), state_of(world)
    with session(world) as opened:
        opened.observe()
        opened.read(str(before.live))
        opened.journal(5)
    assert world.disk() == disk
    assert state_of(world) == before  # the workers too: nothing was reloaded


def test_the_first_apply(world: World) -> None:
    one = release(world.host, "one")
    apply(world, one)
    state = state_of(world)
    assert (state.live, state.running) == (one.id, one.id)
    assert state.previous == empty(world.host).id
    assert state.intent == one.intent
    assert state.drift == ()
    eventually(world, "one")


def test_an_apply_moves_from_one_release_to_the_next(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    apply(world, two)
    state = state_of(world)
    assert (state.live, state.running, state.previous) == (two.id, two.id, one.id)
    assert {one.id, two.id} <= set(state.releases)
    eventually(world, "two")


def test_the_same_release_again_is_no_change(world: World) -> None:
    one = release(world.host, "one")
    apply(world, one)
    apply(world, one)
    state = state_of(world)
    assert (state.live, state.running, state.drift) == (one.id, one.id, ())
    assert state.previous == empty(world.host).id
    eventually(world, "one")


def test_a_trial_is_served_and_the_disk_keeps_the_old_release(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    with session(world) as opened:
        on_trial(opened, world, two)
        eventually(world, "two")
        state = state_of(world)
        assert (state.live, state.running) == (one.id, two.id)
        assert Drift.OPEN_TRANSACTION in state.drift


def test_abort_brings_the_old_release_back(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    disk = world.disk()
    with session(world) as opened:
        on_trial(opened, world, two)
        opened.abort()
        assert runs(world) == Expected(one.id, one.id)
        eventually(world, "one")
    assert world.disk() == disk


def test_abort_of_the_first_apply_leaves_no_trace(world: World) -> None:
    disk = world.disk()
    with session(world) as opened:
        on_trial(opened, world, release(world.host, "one"))
        eventually(world, "one")
        opened.abort()
    eventually(world, None)
    assert runs(world) == NOTHING
    assert world.disk() == disk


def test_abort_before_the_trial_removes_what_was_staged(world: World) -> None:
    disk = world.disk()
    with session(world) as opened:
        opened.begin(NOTE)
        opened.stage(release(world.host, "one"), empty(world.host))
        assert world.disk() != disk
        opened.abort()
        assert world.disk() == disk


def test_a_session_that_ends_in_its_trial_is_undone(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    disk = world.disk()
    opened = world.connect()
    on_trial(opened, world, two)
    opened.close()
    eventually(world, "one")
    assert runs(world) == Expected(one.id, one.id)
    assert world.disk() == disk
    opened.close()  # again does nothing


def test_a_session_that_ends_after_its_commit_is_kept(world: World) -> None:
    one = release(world.host, "one")
    opened = world.connect()
    on_trial(opened, world, one)
    opened.commit()
    opened.close()
    assert runs(world) == Expected(one.id, one.id)


def test_a_closed_session_answers_no_more(world: World) -> None:
    opened = world.connect()
    opened.close()
    with pytest.raises(HostRefused) as refused:
        opened.observe()
    assert refused.value.code == "connection-lost"


def test_a_second_session_is_told_who_is_at_work(world: World) -> None:
    with session(world) as first, session(world) as second:
        first.begin(Note("apply", "alice@laptop", "weights", "t1"))
        with pytest.raises(HostRefused, match="alice@laptop") as refused:
            second.begin(NOTE)
        assert refused.value.code == "locked"
        assert second.observe().live is None  # it may look


def test_a_lock_ends_with_its_session(world: World) -> None:
    with session(world) as first:
        first.begin(NOTE)
    with session(world) as second:
        second.begin(NOTE)


def test_a_refused_session_can_ask_for_the_lock_again(world: World) -> None:
    with session(world) as second:
        with session(world) as first:
            first.begin(NOTE)
            with pytest.raises(HostRefused, match="locked"):
                second.begin(NOTE)
        second.begin(NOTE)
        second.stage(release(world.host, "one"), empty(world.host))


@pytest.mark.parametrize("lacks", ["nothing", "one file", "all of them"])
def test_what_the_live_release_has_alike_need_not_travel_and_what_it_lacks_comes(world: World, lacks: str) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    here = {file.name: file.text for file in one.files}
    alike = frozenset(file.name for file in two.files if here.get(file.name) == file.text)
    assert alike
    other = frozenset(file.name for file in two.files) - alike
    believed = {"nothing": alike, "one file": alike | {min(other)}, "all of them": alike | other}[lacks]
    with session(world) as opened:
        before = opened.begin(NOTE)
        opened.stage(two, empty(world.host), believed)
        opened.trial(two.id, Expected(before.live, before.running))
        opened.commit()
        assert opened.read(two.id) == two.files
    assert world.serves() == "two"


@pytest.mark.parametrize("wrong", [Expected(None, None), Expected(UNKNOWN, UNKNOWN)])
def test_a_host_that_has_moved_refuses(world: World, wrong: Expected) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    before = state_of(world)
    with session(world) as opened:
        opened.begin(NOTE)
        opened.stage(two, empty(world.host))
        with pytest.raises(HostRefused) as refused:
            opened.trial(two.id, wrong)
        assert refused.value.code == "moved"
    assert state_of(world) == before


def test_a_release_that_nginx_rejects_leaves_the_tree_as_it_was(world: World) -> None:
    apply(world, release(world.host, "one"))
    disk, before = world.disk(), state_of(world)
    with session(world) as opened:
        opened.begin(NOTE)
        with pytest.raises(HostRefused, match="nonsense") as refused:
            opened.stage(broken_release(world.host), empty(world.host))
        assert refused.value.code == "rejected"
        assert world.disk() == disk
    assert state_of(world) == before


def test_a_rejected_first_release_leaves_no_trace(world: World) -> None:
    disk = world.disk()
    with session(world) as opened:
        opened.begin(NOTE)
        with pytest.raises(HostRefused, match="nonsense"):
            opened.stage(broken_release(world.host), empty(world.host))
        assert world.disk() == disk
    assert runs(world) == NOTHING


def test_after_a_rejected_release_the_session_can_stage_another(world: World) -> None:
    one = release(world.host, "one")
    with session(world) as opened:
        before = opened.begin(NOTE)
        with pytest.raises(HostRefused):
            opened.stage(broken_release(world.host), empty(world.host))
        opened.stage(one, empty(world.host))
        opened.trial(one.id, Expected(before.live, before.running))
        opened.commit()
    assert runs(world) == Expected(one.id, one.id)


def test_a_release_that_is_not_there(world: World) -> None:
    apply(world, release(world.host, "one"))
    with session(world) as opened:
        with pytest.raises(HostRefused) as unread:
            opened.read(UNKNOWN)
        before = opened.begin(NOTE)
        with pytest.raises(HostRefused) as untried:
            opened.trial(UNKNOWN, Expected(before.live, before.running))
    assert {unread.value.code, untried.value.code} == {"missing"}
    eventually(world, "one")


def test_steps_out_of_order_are_refused(world: World) -> None:
    one = release(world.host, "one")
    apply(world, one)
    before = state_of(world)
    with session(world) as opened:
        for step in (
            lambda: opened.stage(one, empty(world.host)),
            lambda: opened.trial(one.id, Expected(one.id, one.id)),
            opened.commit,
        ):
            with pytest.raises(HostRefused) as refused:
                step()
            assert refused.value.code == "bad-order"
    assert state_of(world) == before


def test_revert_is_a_trial_of_the_previous_release(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one)
    apply(world, two)
    with session(world) as opened:
        state = opened.begin(NOTE)
        opened.trial(str(state.previous), Expected(state.live, state.running))
        opened.commit()
    state = state_of(world)
    assert (state.live, state.running, state.previous) == (one.id, one.id, two.id)
    eventually(world, "one")


def test_the_first_apply_can_be_reverted(world: World) -> None:
    apply(world, release(world.host, "one"))
    with session(world) as opened:
        state = opened.begin(NOTE)
        opened.trial(str(state.previous), Expected(state.live, state.running))
        opened.commit()
    nothing = empty(world.host).id
    assert runs(world) == Expected(nothing, nothing)
    eventually(world, None)


@pytest.mark.parametrize("applies", [1, 2])
def test_a_commit_that_is_taken_back_is_as_if_it_had_not_been(world: World, applies: int) -> None:
    one, two, three = (release(world.host, label) for label in ("one", "two", "three"))
    for to in (one, two)[:applies]:
        apply(world, to)
    before = state_of(world)
    with session(world) as opened:
        on_trial(opened, world, three)
        opened.commit()
        opened.trial(str(before.live), Expected(three.id, three.id), Restores(before.previous))
        opened.commit()
        entries = opened.journal(2)
    state = state_of(world)
    assert (state.live, state.running, state.previous) == (before.live, before.running, before.previous)
    assert [(entry.from_release, entry.to_release, entry.result) for entry in entries] == [
        (before.live, three.id, "committed"),
        (before.live, three.id, "reverted"),
    ]


def test_what_is_read_back_is_what_was_staged(world: World) -> None:
    one = release(world.host, "o'ne ünïcödé %s")
    apply(world, one)
    with session(world) as opened:
        assert opened.read(one.id) == one.files


def test_the_journal_tells_what_came_of_each_change_oldest_first(world: World) -> None:
    one, two = release(world.host, "one"), release(world.host, "two")
    apply(world, one, Note("apply", "alice@laptop", 'because "it\'s" \\ time — ü', "t1"))
    with session(world) as opened:
        opened.begin(Note("apply", "bob@desk", "", "t2"))
        opened.stage(two, empty(world.host))
        opened.trial(two.id, Expected(one.id, one.id))
        opened.abort()
    apply(world, two, Note("apply", "carol@ci", "", "t3"))
    with session(world) as opened:
        entries = opened.journal(10)
        assert opened.journal(1) == entries[-1:]
        assert opened.journal(0) == ()
    assert [(entry.who, entry.to_release, entry.result, entry.txn) for entry in entries] == [
        ("alice@laptop", one.id, "committed", "t1"),
        ("bob@desk", two.id, "reverted", "t2"),
        ("carol@ci", two.id, "committed", "t3"),
    ]
    assert entries[0].why == 'because "it\'s" \\ time — ü'
    assert entries[0].from_release == empty(world.host).id
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_a_heartbeat_is_silent_at_any_moment(world: World) -> None:
    one = release(world.host, "one")
    with session(world) as opened:
        opened.beat()
        before = opened.begin(NOTE)
        opened.beat()
        opened.stage(one, empty(world.host))
        opened.trial(one.id, Expected(before.live, before.running))
        opened.beat()
        opened.beat()
        opened.commit()
    opened.beat()
    assert runs(world) == Expected(one.id, one.id)


# ---------------------------------------------------------------- notes

ROLLOUT = '{"rollout":"a1","text":"a \\"quoted\\" word \u2026"}'


def test_a_note_is_a_line_in_the_journal_and_changes_nothing_else(world: World) -> None:
    one = release(world.host, "one")
    apply(world, one)
    before, disk = runs(world), world.disk()
    with session(world) as opened:
        opened.begin(NOTE)
        opened.note(Note("rollout", "me@here", "paused", "t2", ROLLOUT))
    with session(world) as opened:
        last = opened.journal(5)[-1]
    assert (last.verb, last.result, last.why, last.txn, last.rollout) == ("rollout", "noted", "paused", "t2", ROLLOUT)
    assert (last.from_release, last.to_release) == (one.id, one.id)
    assert (runs(world), world.disk()) == (before, disk)


def test_a_note_wants_the_lock(world: World) -> None:
    with session(world) as opened, pytest.raises(HostRefused) as refused:
        opened.note(NOTE)
    assert refused.value.code == "bad-order"


def test_what_a_change_says_of_a_rollout_is_found_among_the_notes(world: World) -> None:
    apply(world, release(world.host, "one"))
    apply(world, release(world.host, "two"), Note("rollout", "me@here", "", "t3", ROLLOUT))
    with session(world) as opened:
        opened.begin(NOTE)
        opened.note(Note("rollout", "me@here", "", "t4", ROLLOUT))
    with session(world) as opened:
        assert [(entry.txn, entry.result) for entry in opened.notes(10)] == [("t3", "committed"), ("t4", "noted")]
        assert [entry.txn for entry in opened.notes(1)] == ["t4"]
        assert opened.notes(0) == ()
