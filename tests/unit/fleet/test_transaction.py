"""Fleet changes that go wrong in one way each, and what is then said of every host."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import Fleet, outcomes

from nginxgen.errors import Exit, HostFailed
from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.fake import Kind
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import FleetOutcome, HostOutcome, Outcome
from nginxgen.model.plan import Change
from nginxgen.ports import HostSession, Note

APPLIED, REVERTED, UNTOUCHED = HostOutcome.APPLIED, HostOutcome.REVERTED, HostOutcome.UNTOUCHED
REFUSED, HUMAN, SKIPPED = HostOutcome.REFUSED, HostOutcome.NEEDS_HUMAN, HostOutcome.SKIPPED


def test_all_hosts_in_their_waves() -> None:
    fleet = Fleet([1, 2, 1])
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [APPLIED] * 3
    assert outcome.exit is Exit.DONE
    assert fleet.serves() == ["two"] * 3
    assert {"connect", "lock", "stage", "trial", "commit"} <= {str(phase) for phase in outcome.seconds}


@pytest.mark.parametrize(
    ("step", "kind", "first"),
    [
        ("begin", Kind.REFUSE, REFUSED),
        ("begin", Kind.LOSE_BEFORE, REFUSED),
        ("begin", Kind.LOSE_AFTER, REFUSED),
        ("stage", Kind.REFUSE, REFUSED),
        ("stage", Kind.LOSE_AFTER, REFUSED),
        ("stage", Kind.HANG, REFUSED),
    ],
)
def test_before_the_first_trial_one_no_stops_all(step: str, kind: Kind, first: HostOutcome) -> None:
    fleet = Fleet([1, 1, 2])
    kept = [set(fake.releases) for fake in fleet.fakes.values()]
    fleet.break_(1, step, kind)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [first, UNTOUCHED, UNTOUCHED]
    assert outcome.exit is Exit.REFUSED
    assert fleet.serves() == ["one"] * 3
    assert [set(fake.releases) for fake in fleet.fakes.values()][1:] == kept[1:]


@pytest.mark.parametrize("step", ["trial", "commit"])
@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.LOSE_BEFORE, Kind.HANG])
@pytest.mark.parametrize(("bad", "expected"), [(1, [REVERTED] * 2 + [UNTOUCHED]), (3, [REVERTED] * 3)])
def test_a_wave_that_fails_takes_back_every_host(step: str, kind: Kind, bad: int, expected: list[HostOutcome]) -> None:
    fleet = Fleet([1, 1, 2])
    fleet.break_(bad, step, kind)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == expected
    assert outcome.exit is Exit.UNDONE
    assert fleet.serves() == ["one"] * 3
    others = [result for result in outcome.hosts if result.outcome is REVERTED and result.host != f"edge-{bad}"]
    assert {result.message for result in others} == {f"taken back, because edge-{bad} failed"}


def test_hosts_that_refuse_their_trial_are_named_with_the_reason() -> None:
    fleet = Fleet([1, 1])
    fleet.break_(2, "trial", Kind.REFUSE)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [REVERTED, REFUSED]
    assert outcome.hosts[1].message == "trial is refused"
    assert outcome.exit is Exit.UNDONE


def test_a_commit_whose_answer_was_lost_is_found_to_be_done() -> None:
    fleet = Fleet([1, 1, 2])
    fleet.break_(1, "commit", Kind.LOSE_AFTER)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [APPLIED] * 3
    assert fleet.serves() == ["two"] * 3


def test_a_first_apply_that_is_taken_back_serves_nothing_again() -> None:
    fleet = Fleet([1, 2], new=True)
    fleet.break_(2, "trial", Kind.FAIL)
    fleet.break_(1, "commit", Kind.LOSE_AFTER, after=1)  # the way back, too, is lost on edge-1
    outcome = fleet.apply("one")
    assert outcomes(outcome) == [REVERTED] * 2
    assert [result.release for result in outcome.hosts] == [None, None]
    assert fleet.serves() == [None, None]


def test_a_host_that_can_go_neither_way_is_named_and_the_others_go_back() -> None:
    fleet = Fleet([1, 1, 2])
    fleet.break_(2, "trial", Kind.NEEDS_HUMAN)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [REVERTED, HUMAN, UNTOUCHED]
    assert outcome.exit is Exit.NEEDS_HUMAN
    assert "so did the way back" in outcome.hosts[1].message
    assert fleet.serves()[::2] == ["one"] * 2


def test_a_committed_host_that_refuses_to_go_back_is_no_success_and_no_revert() -> None:
    fleet = Fleet([1, 2])
    fleet.break_(2, "trial", Kind.FAIL)
    for after in (1, 0):  # it is asked twice
        fleet.break_(1, "trial", Kind.FAIL, after=after)
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [HUMAN, REVERTED]
    assert outcome.hosts[0].release == fleet[1].running
    assert fleet.serves() == ["two", "one"]


def test_a_host_that_is_gone_for_good_needs_a_human() -> None:
    fleet = Fleet([1, 1])
    fleet.break_(1, "trial", Kind.LOSE_BEFORE)
    fleet.break_(1, "connect", Kind.REFUSE, after=1)
    for _ in range(1000):
        fleet.break_(1, "connect", Kind.REFUSE)
    outcome = fleet.apply("two", patience=Patience(0.02, 0.001))
    assert outcomes(outcome) == [HUMAN, REVERTED]
    result = outcome.hosts[0]
    assert result.release is None
    assert "what it serves is not known" in result.message
    assert "nginxgen status --host edge-1" in str(result.hint)


@pytest.mark.parametrize(
    ("step", "kind", "ends", "serves"),
    [
        ("trial", Kind.LOSE_BEFORE, "brings {one} back before anything else", "one"),
        ("commit", Kind.LOSE_BEFORE, "ends it on {two} or on {one}, before anything else", "one"),
        ("commit", Kind.LOSE_AFTER, "ends it on {two} or on {one}, before anything else", "two"),
    ],
)
def test_a_host_that_is_gone_for_good_is_put_right_by_the_next_run_as_was_said(
    step: str, kind: Kind, ends: str, serves: str
) -> None:
    fleet = Fleet([1, 1])
    one, two = fleet[1].live, fleet.changes("two")[0].target
    fleet.break_(1, step, kind)
    fleet.break_(1, "connect", Kind.REFUSE, after=1)
    for _ in range(1000):
        fleet.break_(1, "connect", Kind.REFUSE)
    (lost, _) = fleet.apply("two", patience=Patience(0.02, 0.001)).hosts
    assert ends.format(one=one, two=two) in str(lost.hint)
    for host in (fleet[1], fleet[2]):
        host.forget_faults()
    assert fleet.serves() == [serves, "one"]
    assert fleet.apply("three").exit is Exit.DONE
    assert fleet.serves() == ["three", "three"]


def test_lost_hosts_are_looked_for_all_at_once() -> None:
    fleet = Fleet([1] * 20)
    for number in range(1, 21):
        fleet.break_(number, "trial", Kind.HANG)
    begun = time.monotonic()
    outcome = fleet.apply("two", patience=Patience(5.0, 0.1))
    assert outcomes(outcome) == [REVERTED] * 20
    assert time.monotonic() - begun < 20 * 0.1


def test_another_operator_is_named() -> None:
    fleet = Fleet([1, 1])
    with fleet.sessions() as theirs:
        theirs.each("lock", ["edge-2"], lambda session: session.begin(Note("apply", "alice@laptop", "", "t2")))  # type: ignore[arg-type]  # any word does for a phase
        outcome = fleet.apply("two")
    assert outcomes(outcome) == [UNTOUCHED, REFUSED]
    assert "alice@laptop" in outcome.hosts[1].message
    assert fleet.apply("two").exit is Exit.DONE


def test_a_host_that_has_moved_refuses_and_says_what_it_has() -> None:
    fleet = Fleet([1, 1])
    changes = fleet.changes("two")
    assert fleet.apply("three").exit is Exit.DONE
    fleet.changes = lambda _: changes  # type: ignore[method-assign]  # the plan of before
    outcome = fleet.apply("two")
    assert outcomes(outcome) == [REFUSED, REFUSED]
    assert outcome.hosts[0].message.startswith("it has moved")
    assert outcome.hosts[0].release == fleet[1].live


def test_hosts_that_are_down_stop_the_change_unless_they_may_be_left_out() -> None:
    fleet = Fleet([1, 1, 1])
    for down in (1, 3):
        for _ in range(2):
            fleet.break_(down, "connect", Kind.REFUSE)
    too_many = fleet.apply("two", max_unreachable=1)
    assert outcomes(too_many) == [REFUSED, UNTOUCHED, REFUSED]
    assert too_many.exit is Exit.REFUSED
    outcome = fleet.apply("two", max_unreachable=2)
    assert outcomes(outcome) == [SKIPPED, APPLIED, SKIPPED]
    assert outcome.exit is Exit.DONE
    assert outcome.hosts[0].message == "left out: cannot connect: Connection refused"
    assert fleet.serves() == ["one", "two", "one"]


def test_a_fleet_that_is_down_as_a_whole_is_never_a_success() -> None:
    fleet = Fleet([1, 1])
    for down in (1, 2):
        fleet.break_(down, "connect", Kind.REFUSE)
    assert fleet.apply("two", max_unreachable=2).fleet is FleetOutcome.REFUSED


# ---- health


def test_a_service_that_is_not_well_on_one_host_takes_all_back() -> None:
    fleet = Fleet([1, 2, 2])
    asked: list[str] = []

    def health(session: HostSession, host: Host) -> None:
        state = session.observe()
        assert state.live != state.running  # it is asked while the disk has the old release
        asked.append(host.name)
        if host.name == "edge-3":
            raise HostFailed(host.name, "unwell", "GET /health answers 500, expected 200")

    outcome = fleet.apply("two", health=health)
    assert sorted(asked) == ["edge-1", "edge-2", "edge-3"]
    assert outcomes(outcome) == [REVERTED] * 3
    assert outcome.hosts[2].message == "GET /health answers 500, expected 200"
    assert outcome.exit is Exit.UNDONE
    assert fleet.serves() == ["one"] * 3


def test_a_bug_of_ours_on_one_host_still_takes_all_back() -> None:
    fleet = Fleet([1, 2])

    def health(_: HostSession, host: Host) -> None:
        if host.name == "edge-2":
            raise KeyError("oops")

    outcome = fleet.apply("two", health=health)
    assert outcomes(outcome) == [REVERTED] * 2
    assert "KeyError" in outcome.hosts[1].message
    assert fleet.serves() == ["one"] * 2


# ---- two operators

MOMENT = Patience(seconds=0.1, between=0.05)  # in which the other operator, who gave up, has let go of the locks


def operate(fleet: Fleet, who: str, changes: list[Change], start: threading.Barrier) -> Outcome:
    with fleet.sessions() as sessions:
        start.wait(10)
        return carry_out(sessions, changes, fleet.empties(), Note("apply", who, "", who), patience=MOMENT)


def test_of_two_operators_at_once_one_wins_and_the_other_is_told() -> None:
    fleet = Fleet([1, 1, 1])
    for round_ in range(60):
        start = threading.Barrier(2)
        plans = {who: fleet.changes(f"{who}{round_ % 2}") for who in ("alice", "bob")}
        with ThreadPoolExecutor(2) as pool:
            futures = {who: pool.submit(operate, fleet, who, plan, start) for who, plan in plans.items()}
        results = {who: future.result() for who, future in futures.items()}
        assert sorted(outcome.fleet for outcome in results.values()) == [FleetOutcome.APPLIED, FleetOutcome.REFUSED]
        winner = next(who for who, outcome in results.items() if outcome.fleet is FleetOutcome.APPLIED)
        loser = next(outcome for who, outcome in results.items() if who != winner)
        messages = " ".join(result.message for result in loser.hosts)
        assert f"locked by {winner}" in messages or "moved" in messages
        assert set(fleet.serves()) == {f"{winner}{round_ % 2}"}
