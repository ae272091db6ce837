"""What services share on a host, and hosts on a machine."""

from __future__ import annotations

import pytest
from inventory_text import GOOD, found, good, loaded

OTHER = GOOD.partition("services:\n")[2]


def two(*changes: tuple[str, str]) -> str:
    """The good inventory with a second service, the first one changed."""
    other = OTHER
    for old, new in (("  shop:", "  blog:"), *changes):
        assert old in other
        other = other.replace(old, new)
    return GOOD + other


def test_two_services_may_share_a_port_and_servers():
    inventory = loaded(two(("shop.example.com", "blog.example.com")))
    assert [service.name for service in inventory.services] == ["shop", "blog"]


CASES = [
    ((), 19, '"shop.example.com" on 80 is also that of services.shop', "line 7"),
    ((("[80]", "['*:80']"),), 19, '"shop.example.com" on *:80 is also that of services.shop', "line 7"),
    ((("[shop", "[a.b, SHOP"),), 19, '"shop.example.com" on 80', "line 7"),
    ((("  blog:", "  sho-p:"), ("shop.", "blog.")), None, None, None),
]


@pytest.mark.parametrize(("changes", "line", "message", "hint"), CASES)
def test_a_name_on_a_socket_has_one_service(changes, line, message, hint):
    told = found(two(*changes))
    if message is None:
        assert told == ()
    else:
        assert (told[0].place.line, hint in told[0].hint) == (line, True)
        assert message in told[0].message


def test_names_that_nginx_would_not_tell_apart():
    told = found(two(("  blog:", "  s-hop:"), ("shop.", "blog.")).replace("  shop:", "  s_hop:"))
    assert 'services.s-hop: has the same name for nginx as "s_hop"' in told[0].message
    assert told[0].place.line == 17


@pytest.mark.parametrize("flag", ["default_server", "reuseport", "backlog=5", "so_keepalive=on"])
def test_the_options_of_a_socket_are_given_once(flag: str):
    text = two(("shop.", "blog."), ("[80]", f"['80 {flag}']")).replace("listen: [80]", f"listen: ['80 {flag}']")
    told = found(text)
    assert [one.place.line for one in told] == [18]
    assert flag.partition("=")[0] in told[0].message


def test_ssl_may_stand_on_both():
    text = two(("shop.", "blog."), ("[80]", "['443 ssl http2']")).replace("[80]", "['443 ssl http2']")
    assert found(text) == ()


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("address: 10.0.0.5", "address: 10.0.0.5", "the main file"),
        ("address: 10.0.0.5", "address: 10.0.0.5, port: 22", "the main file"),
        ("address: 10.0.0.5", "address: 10.0.0.5, nginx: {conf: /b/nginx.conf}", "state_dir"),
        ("address: 10.0.0.5", "address: 10.0.0.5, nginx: {conf: /b/n.conf}, state_dir: /b/s", "run_dir"),
        ("transport: local", "address: other, transport: local", "the main file"),
        ("address: 10.0.0.5", "address: 10.0.0.5, port: 23", None),
        ("address: 10.0.0.5", "address: 10.0.0.6", None),
        ("address: a", "address: a, nginx: {conf: /b/n.conf}, state_dir: /b/s, run_dir: /b/r", None),
    ],
)
def test_each_nginx_is_one_host(first: str, second: str, what: str | None):
    told = found(good(("edge-1: {address: 10.0.0.5}", f"edge-1: {{{first}}}\n    edge-2: {{{second}}}")))
    if what is None:
        assert told == ()
    else:
        assert f"fleet.hosts.edge-2: has the same address and {what}" in " ".join(one.message for one in told)
        assert told[0].place.line == 4
