"""explain: who decides, and the sentences that say why."""

from __future__ import annotations

from dataclasses import replace

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.explain import Decider, Explanation, Request, explain
from nginxgen.model.draw import salt
from nginxgen.model.service import (
    Anonymous,
    Networks,
    Override,
    PathMatch,
    Route,
    Signal,
    Source,
    Sticky,
    Users,
)
from nginxgen.model.weight import Weight

ALL = Override(
    makers.HEADER,
    makers.COOKIE,
    Users(Source.QUERY, "uid", ("7",), ("8",)),
    Networks(("10.8.0.0/16",), ("10.8.1.0/24",)),
)
BY_ID = Sticky(Source.COOKIE, "sid")


def said(request: Request, weight: str = "0", on: bool = True, **fields) -> Explanation:
    service = makers.service(**fields)
    return explain(service, makers.service_intent(service, weight, on), request)


@pytest.mark.parametrize(("request_", "version", "rule"), [
    (Request(headers=(("X-Gray-Release", "true"),), cookies=(("gray_release", "false"),)), "v2", Decider.HEADER),
    (Request(headers=(("X-Gray-Release", "NEVER"),), cookies=(("gray_release", "true"),)), "v1", Decider.HEADER),
    (Request(headers=(("X-Gray-Release", "yes"),), cookies=(("gray_release", "1"),)), "v2", Decider.COOKIE),
    (Request(cookies=(("gray_release", "0"),), query="uid=7"), "v1", Decider.COOKIE),
    (Request(query="uid=7", address="10.8.1.1"), "v2", Decider.USERS),
    (Request(query="uid=9", address="10.8.1.1"), "v1", Decider.NETWORKS),
    (Request(address="10.8.2.1"), "v2", Decider.NETWORKS),
    (Request(address="::ffff:10.8.2.1"), "v2", Decider.NETWORKS),
    (Request(address="10.9.0.1"), "v1", Decider.WEIGHT),
])  # fmt: skip
def test_header_beats_cookie_beats_users_beats_networks_beats_weight(
    request_: Request, version: str, rule: Decider
) -> None:
    found = said(request_, override=ALL)
    assert (found.version, found.rule) == (version, rule)
    assert found.upstream == f"shop.{'canary' if version == 'v2' else 'stable'}"


def test_every_rule_that_was_asked_says_so_in_its_order() -> None:
    request = Request(headers=(("X-Gray-Release", "maybe"),), query="uid=9", address="192.0.2.1")
    assert said(request, override=ALL).reasons == (
        "route default (prefix /) takes the path",
        'header X-Gray-Release is "maybe", which is none of its words: no opinion',
        "cookie gray_release is absent: no opinion",
        'users: query uid is "9", which is not listed: no opinion',
        "networks: 192.0.2.1 is in none of them: no opinion",
        "weight 0: stable v1",
    )


def test_with_the_canary_off_nothing_is_asked() -> None:
    found = said(Request(headers=(("X-Gray-Release", "true"),)), "100", on=False, override=ALL)
    assert (found.version, found.rule) == ("v1", Decider.CANARY_OFF)
    assert found.reasons[-1] == "the canary v2 is off: stable v1"


def test_without_a_canary_there_is_nothing_to_decide() -> None:
    found = said(Request(), canary=None)
    assert (found.version, found.rule) == ("v1", Decider.NO_CANARY)


def test_a_draw_by_request_is_told_as_its_shares() -> None:
    found = said(Request(), "12.5")
    assert (found.version, found.upstream, found.rule) == (None, "shop.default.split", Decider.WEIGHT)
    assert found.shares == {"v2": Weight(1_250), "v1": Weight(8_750)}
    assert found.to_json()["shares"] == {"v2": 12.5, "v1": 87.5}


@given(
    st.text(alphabet=st.characters(codec="ascii", exclude_characters="; ,", min_codepoint=33), min_size=1), st.data()
)
def test_who_had_the_canary_keeps_it_while_the_weight_grows(key: str, data: st.DataObject) -> None:
    smaller, larger = sorted(data.draw(st.tuples(*[st.integers(0, 10_000)] * 2)))
    request = Request(headers=(("X-Id", key),))
    service = makers.service(sticky=Sticky(Source.HEADER, "X-Id"))

    def version(hundredths: int) -> str | None:
        intent = replace(makers.service_intent(service), weights={"default": Weight(hundredths)})
        return explain(service, intent, request).version

    assert version(0) == "v1"
    assert version(10_000) == "v2"
    assert version(smaller) == "v1" or version(larger) == "v2"


def test_a_client_without_a_key_gets_what_anonymous_says() -> None:
    stays = said(Request(), "50", sticky=BY_ID)
    drawn = said(Request(), "50", sticky=replace(BY_ID, anonymous=Anonymous.ISSUE))
    placed = said(Request(address="10.0.0.1"), "50", sticky=replace(BY_ID, anonymous=Anonymous.ADDRESS))
    unknown = said(Request(), "50", sticky=replace(BY_ID, anonymous=Anonymous.ADDRESS))
    assert (stays.version, stays.bucket) == ("v1", None)
    assert (drawn.version, drawn.upstream, set(drawn.shares)) == (None, None, {"v1", "v2"})
    assert placed.bucket is not None
    assert placed.bucket.key == f"{salt('shop', 'v2')}10.0.0.1"
    assert (unknown.version, unknown.bucket) == (None, None)


def test_at_0_and_100_percent_nobody_is_asked_who_they_are() -> None:
    assert said(Request(), "0", sticky=BY_ID).version == "v1"
    assert said(Request(), "100", sticky=BY_ID).version == "v2"


ROUTES = (
    Route("default", "/"), Route("api", "/api"), Route("reads", "/api", methods=("GET",)), Route("slash", "/api/"),
    Route("exact", "/api/one", PathMatch.EXACT), Route("json", r"\.json$", PathMatch.REGEX),
    Route("numbers", r"^/n/\d+$", PathMatch.REGEX), Route("posts", "/posts", methods=("POST",)),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "route"), [
    ("GET", "/", "default"), ("GET", "/api", "reads"), ("HEAD", "/api", "reads"), ("POST", "/api", "api"),
    ("GET", "/api/", "slash"), ("GET", "/api/one", "exact"), ("GET", "/api/one/", "slash"), ("GET", "/apix", "reads"),
    ("GET", "/api/x.json", "json"), ("GET", "/n/12", "numbers"), ("GET", "/n/x", "default"),
    ("GET", "/n/1.json", "json"),
    ("POST", "/posts/1", "posts"), ("GET", "/posts/1", None), ("GET", "/%61pi//one", "exact"),
    ("GET", "/API", "default"),
])  # fmt: skip
def test_the_route_is_the_one_that_nginx_takes(method: str, path: str, route: str | None) -> None:
    assert said(Request(method, path), routes=ROUTES).route == route


def test_a_method_that_no_route_lists_stays_on_stable_and_can_be_overridden() -> None:
    stays = said(Request(path="/posts"), "100", routes=ROUTES, override=makers.BOTH)
    overridden = said(
        Request(path="/posts", cookies=(("gray_release", "1"),)), "0", routes=ROUTES, override=makers.BOTH
    )
    assert (stays.version, overridden.version) == ("v1", "v2")
    assert stays.reasons[0] == "no route of prefix /posts takes GET: its weight is 0"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/x", 404), ("PUT", "/x", 405), ("GET", "/a/%zz", 400), ("TRACE", "/a", 405), ("GET", "/a/../..", 400),
])  # fmt: skip
def test_what_nginx_answers_itself(method: str, path: str, status: int) -> None:
    found = said(Request(method, path), routes=(Route("a", "/a"),))
    assert (found.status, found.version, found.rule) == (status, None, Decider.NGINX)


def test_the_bucket_is_told_with_its_key_and_its_place() -> None:
    found = said(Request(cookies=(("sid", "k0"),)), "50", sticky=BY_ID)
    assert found.bucket is not None
    shown = found.bucket.to_json()
    assert shown["key"] == f"{salt('shop', 'v2')}k0"
    assert shown["percent"] == pytest.approx(shown["hash"] / 2**32 * 100, abs=1e-4)
    assert (found.version == "v2") is (shown["percent"] < 50)


def test_words_of_hostile_values_are_told_and_not_obeyed() -> None:
    found = said(
        Request(headers=(("X-Gray-Release", "x" * 500),)), override=Override(Signal(Source.HEADER, "X-Gray-Release"))
    )
    assert len(found.reasons[1]) < 200
