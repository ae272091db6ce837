"""revert, emergency, and a plan that came too late."""

from __future__ import annotations

import pytest
from states import NOWHERE, SHOP, release, serving

from nginxgen.errors import Refused, SeveralRefused
from nginxgen.model.intent import Intent
from nginxgen.model.outcome import HostOutcome, HostResult
from nginxgen.model.plan import Action, Change, Expected
from nginxgen.model.state import Drift, HostState, JournalEntry
from nginxgen.plan import revert as returning
from nginxgen.plan.build import Target, build
from nginxgen.plan.emergency import emergency
from nginxgen.plan.revert import Return
from nginxgen.plan.stale import moved

ONE, TEN, FIFTY = (release(weight=weight) for weight in ("1", "10", "50"))


def after(now: object, before: object, **fields: object) -> HostState:
    kept = (now.id, before.id)
    return serving(now, previous=before.id, previous_intent=before.intent, releases=kept, **fields)


def test_revert_goes_to_what_was_live_before() -> None:
    states = {"a": after(TEN, ONE), "b": after(TEN, ONE)}
    hosts = returning.revert(states, returning.previous(states))
    assert [(host.host, host.release, host.summary) for host in hosts] == [
        ("a", ONE.id, ("shop/default: weight 10 -> 1",)),
        ("b", ONE.id, ("shop/default: weight 10 -> 1",)),
    ]


def test_hosts_without_a_previous_release_are_all_named() -> None:
    with pytest.raises(SeveralRefused) as refused:
        returning.previous({"a": serving(TEN), "b": after(TEN, ONE), "c": NOWHERE})
    assert [finding.message for finding in refused.value.findings()] == [
        "a: has no previous release to go back to",
        "c: has no previous release to go back to",
    ]


def test_a_revert_to_a_mixture_is_refused_and_says_which() -> None:
    states = {"a": after(TEN, ONE), "b": after(TEN, FIFTY)}
    returns = returning.previous(states)
    with pytest.raises(Refused, match=r"a to shop v1, canary v2 at default 1; b to shop .* default 50"):
        returning.revert(states, returns)
    assert len(returning.revert(states, returns, force=True)) == 2


def test_a_host_that_is_there_already_stays() -> None:
    states = {"a": serving(ONE), "b": after(TEN, ONE)}
    hosts = returning.revert(states, [Return("a", ONE.id, ONE.intent), Return("b", ONE.id, ONE.intent)])
    assert [host.action for host in hosts] == [Action.NONE, Action.CHANGE]


def entry(to: str, txn: str, result: str = "committed") -> JournalEntry:
    return JournalEntry("2030-01-01T00:00:00Z", "apply", "me", "", None, to, result, txn)


JOURNALS = {
    "a": [entry("aaaa11111111", "t1"), entry("aaaa22222222", "t2")],
    "b": [entry("bbbb11111111", "t1"), entry("bbbb22222222", "t2")],
}
STATES = {
    name: HostState(None, None, None, None, releases=tuple(one.to_release for one in journal))
    for name, journal in JOURNALS.items()
}


@pytest.mark.parametrize("wanted", ["aaaa11111111", "aaaa1", "bbbb11111111"])
def test_a_release_named_on_one_host_finds_its_sisters_by_the_change_that_brought_them(wanted: str) -> None:
    assert returning.find(wanted, STATES, JOURNALS) == {"a": "aaaa11111111", "b": "bbbb11111111"}


@pytest.mark.parametrize(
    ("wanted", "message"), [("aaaa", "beginning of 2 ids"), ("aa", "not kept"), ("zzzz", "not kept")]
)
def test_a_release_that_cannot_be_told(wanted: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        returning.find(wanted, STATES, JOURNALS)


def test_a_change_that_was_taken_back_brought_nothing() -> None:
    journals = {"a": [entry("aaaa11111111", "t1")], "b": [entry("bbbb11111111", "t1", "reverted")]}
    with pytest.raises(SeveralRefused, match="b: does not keep release aaaa11111111"):
        returning.find("aaaa11111111", STATES, journals)


def test_emergency_switches_to_the_twin() -> None:
    assert TEN.emergency is not None
    assert emergency("a", serving(TEN)) == Change("a", Expected(TEN.id, TEN.id), TEN.emergency.id)


OFF = release(weight="10", on=False)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (NOWHERE, HostOutcome.UNCHANGED),
        (serving(OFF), HostOutcome.UNCHANGED),
        (serving(OFF, drift=(Drift.BINARY_REPLACED,)), HostOutcome.UNCHANGED),
        (HostState("aaaa", "aaaa", None, None, drift=(Drift.MANIFEST_UNREADABLE,)), HostOutcome.NEEDS_HUMAN),
    ],
)
def test_emergency_with_nothing_to_switch(state: HostState, outcome: HostOutcome) -> None:
    result = emergency("a", state)
    assert isinstance(result, HostResult)
    assert result.outcome is outcome
    assert result.message


def test_emergency_does_not_believe_the_disk_where_nginx_runs_something_else() -> None:
    state = serving(OFF, running=TEN.id, drift=(Drift.NOT_RUNNING_LIVE,))
    assert emergency("a", state) == Change("a", Expected(OFF.id, TEN.id), OFF.id)


PLAN = build([Target("a", serving(ONE), TEN, ONE.files), Target("b", serving(TEN), TEN)])


@pytest.mark.parametrize(
    ("a", "b", "messages"),
    [
        (serving(ONE), serving(TEN), []),
        (serving(FIFTY), serving(TEN), [f"a: moved since the plan was made: {ONE.id} -> {FIFTY.id}"]),
        (serving(ONE), serving(FIFTY), [f"b: moved since the plan was made: {TEN.id} -> {FIFTY.id}"]),
        (serving(TEN), serving(TEN), [f"a: moved since the plan was made: {ONE.id} -> {TEN.id}, which is what"]),
        (serving(ONE, running=None), serving(TEN), [f"nginx ran {ONE.id} and runs nothing of ours now"]),
        (NOWHERE, serving(TEN), [f"{ONE.id} -> none"]),
    ],
)
def test_a_plan_is_stale_when_any_of_its_hosts_has_moved(a: HostState, b: HostState, messages: list[str]) -> None:
    found = [str(refusal) for refusal in moved(PLAN, {"a": a, "b": b})]
    assert len(found) == len(messages)
    assert all(message in text for message, text in zip(messages, found, strict=True))


def test_an_intent_in_a_line() -> None:
    assert returning.describe(Intent({})) == "no service"
    assert returning.describe(OFF.intent) == "shop v1, canary v2 off"
    assert returning.describe(release(SHOP, weight="3").intent) == "shop v1, canary v2 at default 3"
