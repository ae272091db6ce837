"""What the routing nouns become, where real nginx is not needed to see it."""

from __future__ import annotations

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.errors import InputError
from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Networks,
    Override,
    PathMatch,
    Protocol,
    RealIp,
    Route,
    Server,
    Service,
    Source,
    Sticky,
    Users,
    Version,
)
from nginxgen.render import render
from nginxgen.render.pools import canary_pool, tries

_STICKY = Sticky(Source.COOKIE, "sid")
_FALLBACK = Fallback(("error", "timeout"))


def text(service: Service, weight="10", on: bool = True) -> str:
    return render([service], makers.intent([service], weight, on), makers.host()).file("shop.conf").text


REFUSED = {
    "a user of both": (makers.service(override=Override(users=Users(Source.COOKIE, "u", ("Ann",), ("ann",)))), "'ann'"),
    "a network of both": (makers.service(override=Override(networks=Networks(("10.0.0.0/8",), ("10.0.0.0/8",)))), "10"),
    "no network": (makers.service(override=Override(networks=Networks(("10.0.0.1/8",)))), "not a network"),
    "two routes of a method": (
        makers.service(routes=(Route("a", "/x", methods=("GET", "PUT")), Route("b", "/x", methods=("PUT",)))),
        "routes a and b both take PUT",
    ),
    "two routes of any method": (makers.service(routes=(Route("a", "/x"), Route("b", "/x"))), "any method"),
    "a method in small letters": (makers.service(routes=(Route("a", methods=("get",)),)), "method 'get'"),
    "a cookie for what is no cookie": (
        makers.service(sticky=Sticky(Source.HEADER, "X-S", Anonymous.ISSUE)),
        "needs a cookie",
    ),
    "a failure that is none": (makers.service(fallback=Fallback(("http_200",))), "no failure that nginx knows"),
    "a timeout that is none": (makers.service(fallback=Fallback(("error",), "soon")), "not a duration"),
    "a mirror of gRPC": (makers.service(mirror=True, protocol=Protocol.GRPC), "all POST"),
    "a proxy that is none": (makers.service(real_ip=RealIp(("everywhere",))), "not a network"),
    "a socket that is too long": (makers.service(versions=(makers.version("v1", f"unix:/{'a' * 120}"),)), "107 bytes"),
}


@pytest.mark.parametrize(("service", "message"), REFUSED.values(), ids=REFUSED)
def test_what_nginx_cannot_do_is_refused_with_a_reason(service: Service, message: str) -> None:
    with pytest.raises(InputError) as refused:
        text(service)
    assert message in refused.value.message


@pytest.mark.parametrize("weight", ["0", "100"])
def test_at_0_and_100_nothing_is_drawn(weight: str) -> None:
    made = text(makers.service(sticky=Sticky(Source.COOKIE, "sid", Anonymous.ISSUE)), weight)
    assert "split_clients" not in made
    assert "Set-Cookie" not in made


def test_one_split_for_each_weight_that_differs() -> None:
    routes = tuple(Route(f"r{at}", f"/{at}") for at in range(4))
    made = text(makers.service(sticky=_STICKY, routes=routes), {"r0": "5", "r1": "5", "r2": "50", "r3": "0"})
    assert made.count("split_clients") == 2
    assert made.index("5% canary;") < made.index("* stable;")


def test_with_the_canary_off_nothing_of_it_is_left() -> None:
    users = Users(Source.COOKIE, "uid", tuple(f"u{at}" for at in range(30)), ())
    service = makers.service(
        override=Override(makers.HEADER, users=users), sticky=_STICKY, fallback=_FALLBACK, mirror=True
    )
    release = render([service], makers.intent([service]), makers.host())
    assert "shop.users.map" in {file.name for file in release.files}
    assert "shop.users.map" not in {file.name for file in release.emergency.files}
    for word in ("10.0.1.11", "split_clients", "map ", "mirror", "next_upstream", "backup"):
        assert word not in release.emergency.file("shop.conf").text, word


def test_a_path_by_prefix_and_the_same_text_by_regex_are_two_places() -> None:
    routes = (Route("a", "/x"), Route("b", "/x", PathMatch.REGEX), Route("c", "/x", PathMatch.EXACT))
    made = text(makers.service(routes=routes))
    assert [made.count(f"location {form}/x {{") for form in ("", "~ ", "= ")] == [1, 1, 1]


servers = st.lists(st.booleans(), min_size=1, max_size=6).map(
    lambda backups: tuple(Server(f"10.0.0.{at}:1", backup=backup and at > 0) for at, backup in enumerate(backups))
)


@given(servers, servers, st.sampled_from(["300ms", "3s", "2m"]))
def test_the_backup_is_always_reached_and_no_try_is_left_without_a_server(stable, canary, timeout: str) -> None:
    first, second = Version("v1", stable), Version("v2", canary)
    pool = [peer.server for peer in canary_pool("p", first, second).peers]
    own = [server for server in pool if not server.backup]
    behind = [server for server in pool if server.backup]
    number = tries(Fallback(("error",), timeout), second).number
    assert {server.address for server in own} == {server.address for server in canary if not server.backup}
    assert number == len(own) + 1 <= len(behind)
    assert all(server.max_fails == 0 for server in behind)
    assert {server.address for server in behind} == {server.address for server in stable if not server.backup}
