"""From an inventory to what a fleet serves, and back, over hosts in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import makers
import pytest
from memory_fleet import MemoryFleet
from states import SHOP

from nginxgen.errors import Exit, InputError, InvalidInput, Refused
from nginxgen.fleet.fake import Kind
from nginxgen.model.outcome import FleetOutcome, HostOutcome
from nginxgen.model.plan import Action, Plan
from nginxgen.model.service import Route, Server, Version
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.plan.words import counted
from nginxgen.ports import Note
from nginxgen.workflow.apply import apply, apply_saved, hosts_of
from nginxgen.workflow.carry import Applied
from nginxgen.workflow.emergency import emergency
from nginxgen.workflow.history import history
from nginxgen.workflow.plan import Order, plan
from nginxgen.workflow.planfile import read, save
from nginxgen.workflow.revert import revert
from nginxgen.workflow.scope import Scope
from nginxgen.workflow.status import status

_TXN = iter(range(10_000))


def yes(_: object) -> bool:
    return True


def note(verb: str = "apply") -> Note:
    return Note(verb, "me@here", "because", f"txn-{next(_TXN)}")


def scope(fleet: MemoryFleet) -> Scope:
    return Scope(fleet.inventory_hosts(), fleet.connect)


def order(weight: str | None = None, *services: object, **request: tuple[str, ...]) -> Order:
    asked = None if weight is None else Weight.parse(weight)
    return Order(services or (SHOP,), Request(asked, **request))


def applied(fleet: MemoryFleet, weight: str | None, *services: object) -> Applied:
    done = apply(scope(fleet), order(weight, *services), note(), yes)
    assert done.outcome.exit is Exit.DONE
    return done


@pytest.fixture
def fleet() -> MemoryFleet:
    return MemoryFleet()


def test_planning_changes_nothing(fleet: MemoryFleet) -> None:
    made = plan(scope(fleet), order("10"))
    assert [host.action for host in made.hosts] == [Action.FIRST] * 3
    assert fleet.traces() == MemoryFleet().traces()


def test_apply_brings_every_host_there_and_says_how_long_it_took(fleet: MemoryFleet) -> None:
    done = applied(fleet, "10")
    assert fleet.weights() == ["10", "10", "10"]
    assert [host.outcome for host in done.outcome.hosts] == [HostOutcome.APPLIED] * 3
    assert [str(phase) for phase in done.outcome.seconds] == [
        "connect", "observe", "plan", "lock", "stage", "trial", "commit",
    ]  # fmt: skip


def test_what_was_applied_leaves_nothing_to_do(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    before = fleet.traces()
    again = applied(fleet, None)
    assert again.outcome.fleet is FleetOutcome.UNCHANGED
    assert fleet.traces() == before
    assert not plan(scope(fleet), order("10")).changed


def test_only_hosts_that_differ_are_touched(fleet: MemoryFleet) -> None:
    one = replace(scope(fleet), hosts=fleet.inventory_hosts()[:1])
    apply(one, order("10"), note(), yes)
    done = applied(fleet, "10")
    assert [host.outcome for host in done.outcome.hosts] == [
        HostOutcome.UNCHANGED, HostOutcome.APPLIED, HostOutcome.APPLIED,
    ]  # fmt: skip
    assert len(fleet[1].entries) == 1


def test_a_person_who_says_no_changes_nothing(fleet: MemoryFleet) -> None:
    asked: list[Plan] = []

    def no(made: Plan) -> bool:
        asked.append(made)
        assert fleet.traces() == MemoryFleet().traces(), "nothing is locked while a person thinks"
        return False

    with pytest.raises(Refused, match="nothing was changed"):
        apply(scope(fleet), order("10"), note(), no)
    assert [host.host for host in asked[0].hosts] == list(fleet.hosts)
    assert fleet.traces() == MemoryFleet().traces()


def test_nobody_is_asked_where_there_is_nothing_to_do(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    assert apply(scope(fleet), order(), note(), lambda _: pytest.fail("asked")).outcome.exit is Exit.DONE


@pytest.mark.parametrize("verb", ["plan", "apply", "revert"])
def test_unreachable_hosts_are_all_named_and_none_is_touched(fleet: MemoryFleet, verb: str) -> None:
    applied(fleet, "1")
    applied(fleet, "10")
    before = fleet.traces()
    fleet.cut_off(1, 3)
    verbs = {
        "plan": lambda: plan(scope(fleet), order("50")),
        "apply": lambda: apply(scope(fleet), order("50"), note(), yes),
        "revert": lambda: revert(scope(fleet), None, note("revert"), yes),
    }
    with pytest.raises(Refused) as refused:
        verbs[verb]()
    assert refused.value.exit is Exit.REFUSED
    assert [finding.message for finding in refused.value.findings()] == [
        "edge-1: connection refused",
        "edge-3: connection refused",
    ]
    assert fleet.traces() == before


def test_a_config_with_faults_is_never_taken_to_a_host(fleet: MemoryFleet) -> None:
    broken = makers.service("shop", server_extra="proxy_pas http://x;")
    with pytest.raises(InvalidInput) as invalid:
        apply(scope(fleet), order("10", broken), note(), yes)
    assert invalid.value.exit is Exit.INPUT
    assert fleet.traces() == MemoryFleet().traces()


def test_a_bad_request_is_told_before_any_host_is_spoken_to(fleet: MemoryFleet) -> None:
    fleet.cut_off(1)
    with pytest.raises(InputError, match='no service "shp"'):
        apply(scope(fleet), order("10", services=("shp",)), note(), yes)


def test_removing_a_service_needs_force(fleet: MemoryFleet) -> None:
    applied(fleet, "10", SHOP, makers.service("blog"))
    with pytest.raises(Refused, match="not without --force: service blog is removed"):
        apply(scope(fleet), order(), note(), yes)
    assert apply(scope(fleet), order(), note(), yes, force=True).outcome.exit is Exit.DONE


def test_one_host_that_rejects_the_release_keeps_all_as_they_were(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    fleet.fault(2, "stage", Kind.REFUSE)
    done = apply(scope(fleet), order("10"), note(), yes)
    assert done.outcome.exit is Exit.REFUSED
    assert fleet.weights() == ["1", "1", "1"]


def test_one_host_that_fails_its_trial_takes_all_back(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    fleet.fault(2, "trial", Kind.FAIL)
    done = apply(scope(fleet), order("10"), note(), yes)
    assert done.outcome.exit is Exit.UNDONE
    assert fleet.weights() == ["1", "1", "1"]


def test_a_new_route_keeps_the_others(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    two = makers.service("shop", override=makers.BOTH, routes=(Route("default"), Route("new", "/new")))
    done = apply(scope(fleet), order(None, two), note(), yes)
    assert "shop/new: route is new, weight 0" in done.hosts[0].summary
    assert fleet.weights() == ["10,0"] * 3


# ---- saved plans


def test_a_saved_plan_is_carried_out_as_it_was_made(fleet: MemoryFleet, tmp_path: Path) -> None:
    save(plan(scope(fleet), order("10")), tmp_path / "p.json")
    made = read(tmp_path / "p.json")
    assert hosts_of(made, fleet.inventory_hosts()) == fleet.inventory_hosts()
    done = apply_saved(scope(fleet), made, (SHOP,), note(), yes)
    assert done.outcome.fleet is FleetOutcome.APPLIED
    assert fleet.weights() == ["10", "10", "10"]
    assert (tmp_path / "p.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_a_saved_plan_is_refused_when_one_host_has_moved(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    made = plan(scope(fleet), order("10"))
    apply(replace(scope(fleet), hosts=fleet.inventory_hosts()[1:2]), order("5"), note(), yes)
    with pytest.raises(Refused, match="edge-2: moved since the plan was made"):
        apply_saved(scope(fleet), made, (SHOP,), note(), yes)
    assert fleet.weights() == ["1", "5", "1"]


def test_a_saved_plan_for_hosts_that_are_gone_from_the_inventory(fleet: MemoryFleet) -> None:
    made = plan(scope(fleet), order("10"))
    with pytest.raises(InputError, match='a host "edge-1"'):
        hosts_of(made, fleet.inventory_hosts()[1:])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"{}", "not a plan")],
)
def test_a_plan_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "p.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read(path)
    assert str(error.value.place).startswith(str(path))


def test_a_folder_is_not_a_plan_file(tmp_path: Path, fleet: MemoryFleet) -> None:
    with pytest.raises(InputError, match="is not a file"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot write the plan"):
        save(plan(scope(fleet), order("1")), tmp_path / "no" / "p.json")


# ---- the ways back


def test_revert_goes_back_and_again_forward(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    applied(fleet, "10")
    assert revert(scope(fleet), None, note("revert"), yes).outcome.exit is Exit.DONE
    assert fleet.weights() == ["1", "1", "1"]
    revert(scope(fleet), None, note("revert"), yes)
    assert fleet.weights() == ["10", "10", "10"]


def test_revert_to_a_release_of_one_host_takes_the_others_along(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    wanted = fleet[2].live
    assert wanted is not None
    applied(fleet, "10")
    applied(fleet, "50")
    revert(scope(fleet), wanted[:6], note("revert"), yes)
    assert fleet.weights() == ["1", "1", "1"]


def test_revert_asks(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    applied(fleet, "10")
    with pytest.raises(Refused, match="nothing was changed"):
        revert(scope(fleet), None, note("revert"), lambda _: False)
    assert fleet.weights() == ["10", "10", "10"]


def test_revert_without_a_previous_release(fleet: MemoryFleet) -> None:
    with pytest.raises(Refused, match="no previous release"):
        revert(scope(fleet), None, note("revert"), yes)


def test_emergency_turns_every_canary_off(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    outcome = emergency(scope(fleet), note("emergency"))
    assert outcome.exit is Exit.DONE
    assert fleet.weights() == ["off", "off", "off"]
    assert emergency(scope(fleet), note("emergency")).fleet is FleetOutcome.UNCHANGED
    revert(scope(fleet), None, note("revert"), yes)
    assert fleet.weights() == ["10", "10", "10"]


def test_emergency_waits_for_no_host_and_names_the_one_that_is_left(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    fleet.cut_off(2)
    outcome = emergency(scope(fleet), note("emergency"))
    assert outcome.exit is Exit.NEEDS_HUMAN
    assert fleet.weights() == ["off", "10", "off"]
    assert [host.outcome for host in outcome.hosts] == [
        HostOutcome.APPLIED, HostOutcome.NEEDS_HUMAN, HostOutcome.APPLIED,
    ]  # fmt: skip
    assert "connection refused" in outcome.hosts[1].message


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("observe", Kind.LOSE_BEFORE),
        ("begin", Kind.REFUSE),
        ("trial", Kind.FAIL),
        ("trial", Kind.NEEDS_HUMAN),
    ],
)
def test_emergency_takes_no_host_back_for_another(fleet: MemoryFleet, step: str, kind: Kind) -> None:
    applied(fleet, "10")
    fleet.fault(2, step, kind)
    outcome = emergency(scope(fleet), note("emergency"))
    assert outcome.exit is Exit.NEEDS_HUMAN
    assert [fleet.weights()[0], fleet.weights()[2]] == ["off", "off"]
    assert [host.outcome for host in outcome.hosts].count(HostOutcome.NEEDS_HUMAN) == 1
    assert outcome.hosts[1].hint


# ---- what the hosts say


def test_status_shows_what_it_can(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    assert status(scope(fleet)).consistent
    fleet.cut_off(2)
    seen = status(scope(fleet))
    assert not seen.consistent
    assert [host.state is None for host in seen.hosts] == [False, True, False]
    with pytest.raises(Refused, match="edge-2"):
        seen.raise_unreachable()


def test_hosts_that_were_given_different_things_are_not_consistent(fleet: MemoryFleet) -> None:
    applied(fleet, "10")
    apply(replace(scope(fleet), hosts=fleet.inventory_hosts()[:1]), order("20"), note(), yes)
    assert not status(scope(fleet)).consistent


def test_history_is_one_entry_a_change_of_the_fleet(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    applied(fleet, "10")
    emergency(scope(fleet), note("emergency"))
    found = history(scope(fleet), 2)
    assert [change.hosts[0].entry.verb for change in found.changes] == ["apply", "emergency"]
    assert [counted(len(change.hosts), "host") for change in found.changes] == ["3 hosts", "3 hosts"]
    fleet.cut_off(1)
    found = history(scope(fleet), 20)
    assert [len(change.hosts) for change in found.changes] == [2, 2, 2]
    assert len(found.failed) == 1


# ---- hosts that are down and may be


def test_so_many_hosts_may_be_down_and_are_brought_in_line_later(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    fleet.cut_off(2)
    lenient = replace(scope(fleet), max_unreachable=1)
    done = apply(lenient, order("10"), note(), yes)
    assert done.outcome.exit is Exit.DONE
    assert [host.outcome for host in done.outcome.hosts] == [
        HostOutcome.APPLIED, HostOutcome.SKIPPED, HostOutcome.APPLIED,
    ]  # fmt: skip
    assert fleet.weights() == ["10", "1", "10"]
    again = apply(lenient, order(), note(), yes)
    assert [host.outcome for host in again.outcome.hosts][1] is HostOutcome.SKIPPED
    fleet.bring_back()
    applied(fleet, "10")
    assert fleet.weights() == ["10", "10", "10"]


def test_more_hosts_down_than_may_be(fleet: MemoryFleet) -> None:
    fleet.cut_off(1, 2)
    with pytest.raises(Refused):
        apply(replace(scope(fleet), max_unreachable=1), order("10"), note(), yes)
    assert fleet.traces() == MemoryFleet().traces()


def test_a_saved_plan_goes_on_without_a_host_that_may_be_down(fleet: MemoryFleet) -> None:
    applied(fleet, "1")
    made = plan(scope(fleet), order("10"))
    fleet.cut_off(3)
    assert apply_saved(replace(scope(fleet), max_unreachable=1), made, (SHOP,), note(), yes).outcome.exit is Exit.DONE
    assert fleet.weights() == ["10", "10", "1"]


RESOLVING = makers.service(versions=(makers.version("v1", "a:1"), Version("v2", (Server("b:1", resolve=True),))))


def test_a_host_whose_nginx_lacks_what_a_service_needs_is_named_before_anything_is_done(fleet: MemoryFleet):
    for number in (1, 2):
        fleet[number].nginx_version = "nginx/1.29.0"
    before = fleet.traces()
    for verb in (plan, lambda *given: apply(*given, note(), yes)):
        with pytest.raises(InvalidInput) as refused:
            verb(scope(fleet), order("10", RESOLVING))
        [found] = refused.value.findings()
        assert (refused.value.exit, found.rule) == (Exit.INPUT, "NG025")
        assert found.message.endswith("needs nginx 1.27.3: edge-3 has 1.22.1")
    assert fleet.traces() == before


def test_each_host_gets_what_its_own_nginx_can_do(fleet: MemoryFleet):
    fleet[1].nginx_version = "nginx/1.27.4"
    applied(fleet, "10")
    texts = [
        next(file.text for file in host.releases[host.live] if file.name == "shop.conf")
        for host in fleet.hosts.values()
    ]
    assert ["keepalive_min_timeout" in text for text in texts] == [True, False, False]
