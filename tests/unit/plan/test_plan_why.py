"""The reason that the journals get when nobody gave one."""

from __future__ import annotations

from nginxgen.model.plan import Action, Expected, HostPlan
from nginxgen.plan.summary import FIRST_TIME, NO_WORDS
from nginxgen.plan.why import LONGEST, why


def host(*summary: str, action: Action = Action.CHANGE) -> HostPlan:
    return HostPlan("edge-1", action, Expected(None, None), "0" * 12, summary, "")


def test_what_is_said_of_several_hosts_is_said_once() -> None:
    assert why([host("a: weight 0 -> 10", "b"), host("b", "c")]) == "a: weight 0 -> 10; b; c"


def test_hosts_that_stay_say_nothing() -> None:
    assert why([host("a", action=Action.NONE), host("b")]) == "b"


def test_the_usual_is_said_only_where_there_is_nothing_else() -> None:
    assert why([host(FIRST_TIME, "service shop is new")]) == "service shop is new"
    assert why([host(NO_WORDS)]) == NO_WORDS


def test_it_fits_a_line() -> None:
    text = why([host(*(f"service number {n} is removed" for n in range(50)))])
    assert len(text) == LONGEST
    assert text.endswith("...")
