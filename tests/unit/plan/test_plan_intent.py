"""Whose weight is what: asked for now, kept from the hosts, or 0."""

from __future__ import annotations

from dataclasses import replace

import makers
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from states import NOWHERE, given

from nginxgen.errors import InputError, NginxgenError, Refused
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.service import Route
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request, resolve

SHOP = makers.service("shop", routes=(Route("reads", "/r"), Route("writes", "/w")))
BLOG = makers.service("blog")
PLAIN = makers.service("plain", canary=None)


def at(reads: str, writes: str, canary: str = "v2", on: bool = True) -> Intent:
    weights = {"reads": Weight.parse(reads), "writes": Weight.parse(writes)}
    return Intent({"shop": ServiceIntent("v1", canary, on, weights)})


def ask(weight: str, *routes: str, service: str | None = None) -> Request:
    return Request(Weight.parse(weight), (service,) if service else (), routes)


def weights(intent: Intent, service: str = "shop") -> dict[str, str]:
    return {route: str(weight) for route, weight in intent.services[service].weights.items()}


@pytest.mark.parametrize(
    ("live", "request_", "expected", "on"),
    [
        pytest.param([None], Request(), ("0", "0"), True, id="a first apply starts at 0"),
        pytest.param([at("10", "5")], Request(), ("10", "5"), True, id="without --weight what is live is kept"),
        pytest.param([at("10", "5", on=False)], Request(), ("10", "5"), False, id="a canary that is off stays off"),
        pytest.param([at("10", "5", on=False)], ask("7"), ("7", "7"), True, id="--weight turns it on"),
        pytest.param([at("10", "5", on=False)], ask("7", "reads"), ("7", "5"), True, id="one route turns it on too"),
        pytest.param([at("10", "5", "v9")], Request(), ("0", "0"), True, id="a new canary starts at 0"),
        pytest.param([at("10", "5", "v9", on=False)], Request(), ("0", "0"), True, id="and is on"),
        pytest.param([at("10", "5")], ask("20"), ("20", "20"), True, id="--weight sets every route"),
        pytest.param([at("10", "5")], ask("20", "writes"), ("10", "20"), True, id="--route sets one"),
        pytest.param([None, at("10", "5")], Request(), ("10", "5"), True, id="a new host joins the others"),
        pytest.param([at("10", "5"), at("1", "2")], ask("20"), ("20", "20"), True, id="--weight ends a disagreement"),
        pytest.param([at("10", "5"), at("1", "5")], ask("3", "reads"), ("3", "5"), True, id="where it is about it"),
    ],
)
def test_weights(live: list[Intent | None], request_: Request, expected: tuple[str, str], on: bool) -> None:
    states = {f"edge-{n}": NOWHERE if intent is None else given(intent) for n, intent in enumerate(live)}
    intent = resolve([SHOP], states, request_)
    assert tuple(weights(intent).values()) == expected
    assert intent.services["shop"].canary_on is on


@pytest.mark.parametrize(
    ("live", "request_", "words"),
    [
        ([at("10", "5"), at("1", "5")], Request(), ["edge-0", "reads 10", "edge-1", "reads 1"]),
        ([at("10", "5"), at("10", "5", on=False)], Request(), ["edge-1", "canary off"]),
        ([at("10", "5"), at("1", "6")], ask("3", "reads"), ["writes 5", "writes 6"]),
        ([at("10", "5"), at("10", "5", "v9")], Request(), ["reads 0, writes 0"]),
    ],
)
def test_hosts_that_disagree_are_named_with_what_they_have(
    live: list[Intent], request_: Request, words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        resolve([SHOP], {f"edge-{n}": given(intent) for n, intent in enumerate(live)}, request_)
    assert all(word in refused.value.message for word in words)
    assert "--weight" in str(refused.value.findings()[0].hint)


def test_a_host_that_missed_the_last_change_is_named() -> None:
    changed = replace(given(at("20", "5")), previous_intent=at("10", "5"))
    missed = replace(given(at("10", "5")), previous_intent=at("0", "0"))
    with pytest.raises(Refused) as refused:
        resolve([SHOP], {"edge-1": changed, "edge-2": changed, "edge-3": missed}, Request())
    hint = "edge-3 missed the last change: apply with --weight brings every host to reads 20, writes 5"
    assert refused.value.findings()[0].hint == hint
    with pytest.raises(Refused) as refused:  # each has been where the other is: nobody can tell
        resolve([SHOP], {"edge-1": changed, "edge-2": replace(missed, previous_intent=at("20", "5"))}, Request())
    assert "missed" not in str(refused.value.findings()[0].hint)


def test_every_service_that_hosts_disagree_about_is_named_at_once() -> None:
    one = Intent({**at("1", "1").services, "blog": makers.service_intent(BLOG, "1")})
    two = Intent({**at("2", "2").services, "blog": makers.service_intent(BLOG, "2")})
    with pytest.raises(Refused) as refused:
        resolve([SHOP, BLOG], {"a": given(one), "b": given(two)}, Request())
    assert [finding.message.split(":")[0] for finding in refused.value.findings()] == [
        "the hosts disagree about shop",
        "the hosts disagree about blog",
    ]


def test_unread_manifests_are_not_taken_for_zero() -> None:
    with pytest.raises(Refused, match="edge-1"):
        resolve([SHOP], {"edge-1": given(None)}, Request())
    assert weights(resolve([SHOP], {"edge-1": given(None)}, ask("4"))) == {"reads": "4", "writes": "4"}


def test_the_weight_of_one_service_leaves_the_others() -> None:
    live = Intent({**at("1", "1").services, "blog": makers.service_intent(BLOG, "2")})
    intent = resolve([SHOP, BLOG, PLAIN], {"a": given(live)}, ask("30", service="blog"))
    assert weights(intent, "blog") == {"default": "30"}
    assert weights(intent, "shop") == {"reads": "1", "writes": "1"}
    assert intent.services["plain"] == ServiceIntent("v1")


@pytest.mark.parametrize(
    ("services", "request_", "message", "hint"),
    [
        ([SHOP], ask("1", service="shp"), 'no service "shp"', 'did you mean "shop"?'),
        ([SHOP], ask("1", "raeds"), 'no route "raeds"', 'did you mean "reads"?'),
        ([SHOP, BLOG], ask("1", "reads", service="blog"), 'no route "reads" in blog', "default"),
        ([PLAIN], ask("1"), "no service has a canary", "canary:"),
        ([PLAIN, SHOP], ask("1", service="plain"), '"plain" has no canary', "canary:"),
        ([SHOP], Request(services=("shop",)), "no weight is given", "--weight"),
        ([SHOP], Request(routes=("reads",)), "no weight is given", "--weight"),
    ],
)
def test_a_request_that_makes_no_sense(services: list, request_: Request, message: str, hint: str) -> None:
    with pytest.raises(InputError) as error:
        resolve(services, {}, request_)
    assert message in error.value.message
    assert hint in str(error.value.hint)


ANY_WEIGHT = st.integers(0, 10_000).map(Weight)
ANY_INTENT = st.builds(
    lambda reads, writes, on: Intent({"shop": ServiceIntent("v1", "v2", on, {"reads": reads, "writes": writes})}),
    ANY_WEIGHT, ANY_WEIGHT, st.booleans(),
)  # fmt: skip


@for_all(ANY_INTENT, ANY_WEIGHT)
def test_what_was_applied_is_what_the_next_plain_apply_intends(live: Intent, weight: Weight) -> None:
    asked = resolve([SHOP], {"a": given(live), "b": NOWHERE}, Request(weight))
    assert resolve([SHOP], {"a": given(asked), "b": given(asked)}, Request()) == asked


@for_all(st.lists(ANY_INTENT, max_size=4), ANY_WEIGHT)
def test_a_weight_for_everything_does_not_depend_on_the_hosts(live: list[Intent], weight: Weight) -> None:
    states = {str(number): given(intent) for number, intent in enumerate(live)}
    assert resolve([SHOP], states, Request(weight)) == resolve([SHOP], {}, Request(weight))


@for_all(st.lists(ANY_INTENT, min_size=1, max_size=4))
def test_hosts_keep_what_they_agree_on_or_nothing_is_done(live: list[Intent]) -> None:
    try:
        intent = resolve([SHOP], {str(number): given(one) for number, one in enumerate(live)}, Request())
    except NginxgenError:
        assert len({str(one.to_json()) for one in live}) > 1
    else:
        assert all(one == intent for one in live)
