"""Each fault of an inventory: the line, the message and the hint that its writer gets."""

from __future__ import annotations

import pytest
from inventory_text import GOOD, found, good, service

CASES = [
    # unknown keys, at every level
    ("services:", "servces:", 4, 'unknown key "servces"', 'did you mean "services"?'),
    ("fleet:", "fleets:", 1, 'unknown key "fleets"', 'did you mean "fleet"?'),
    ("  hosts:", "  host:", 2, 'fleet: unknown key "host"', 'did you mean "hosts"?'),
    ("address:", "adress:", 3, 'fleet.hosts.edge-1: unknown key "adress"', 'did you mean "address"?'),
    ("    stable:", "    stabel:", 11, 'services.shop: unknown key "stabel"', 'did you mean "stable"?'),
    ('{servers: ["10.0.1.10', '{server: ["10.0.1.10', 9, 'versions.v1: unknown key "server"', '"servers"?'),
    ("cookie: gray", "coookie: gray", 13, 'override: unknown key "coookie"', 'did you mean "cookie"?'),
    ("path: /reads", "paht: /reads", 15, 'routes[0]: unknown key "paht"', 'did you mean "path"?'),
    ("path: /reads", "zzz: /reads", 15, 'unknown key "zzz"', "known: name, path, match, methods"),
    # missing keys
    ("    stable: v1\n", "", 5, "services.shop.stable is missing", "the version that serves by default"),
    ("    listen: [80]\n", "", 5, "services.shop.listen is missing", "listen"),
    ("{name: reads, path: /reads}", "{path: /reads}", 15, "routes[0].name is missing", "--route"),
    # types
    ("[80]", "80", 6, 'services.shop.listen is "80", not a list', "like [80"),
    ("[80]", "{a: 80}", 6, "services.shop.listen is a mapping, not a list", "like [80"),
    ("[80]", "", 6, "services.shop.listen is empty, not a list", "like [80"),
    ("[80]", "[]", 6, "services.shop.listen is empty", "like [80"),
    ("[80]", "[[80]]", 6, "services.shop.listen[0] is a list, not text", None),
    ("stable: v1", "stable: [v1]", 11, "services.shop.stable is a list, not text", "serves by default"),
    ("stable: v1", "stable:", 11, "services.shop.stable is empty, not text", "serves by default"),
    ('v1: {servers: ["10.0.1.10:5000"]}', "v1: x", 9, 'versions.v1 is "x", not a mapping of keys', None),
    ("{cookie: gray, header: X-Gray}", "[gray]", 13, "services.shop.override is a list, not a mapping", "beat"),
    ("cookie: gray", "cookie: [gray]", 13, "override.cookie is a list, not a mapping of keys", "a cookie"),
    # dangling names
    ("stable: v1", "stable: v9", 11, 'services.shop.stable: "v9" is not one of its versions', "v1"),
    ("canary: v2", "canary: v22", 12, 'services.shop.canary: "v22" is not one of its versions', 'mean "v2"?'),
    ("canary: v2", "canary: v1", 12, 'services.shop.canary: stable is the same version "v1"', "leave canary out"),
    # duplicates
    ("    canary: v2", "    canary: v2\n    canary: v2", 13, 'the key "canary" stands twice', "line 12"),
    ("v2: {servers", "v1: {servers", 10, 'the key "v1" stands twice', "line 9"),
    ("10.0.1.11:5000", "10.0.1.10:5000", 10, 'the server "10.0.1.10:5000" stands twice', "line 9"),
    ('"10.0.1.11:5000"', "10.0.1.11:1, 10.0.1.11:1", 10, "stands twice", "more weight"),
    ('"10.0.1.10:5000"', '"[fd00::1]:1", "[fd00:0::1]:1"', 9, 'the server "[fd00::1]:1" stands twice', "line 9"),
    ("name: default", "name: reads", 16, 'routes: the name "reads" stands twice', "line 15"),
    ("path: /}", "path: /reads}", 16, "routes: two of them take the same requests", "line 15"),
    ("[80]", "[80, 80 ssl]", 6, "services.shop.listen: 80 stands twice", "line 6"),
    ("[80]", '[80, "*:80"]', 6, "services.shop.listen: *:80 stands twice", "line 6"),
    ("cookie: gray", "cookie: {name: g, canary: [a, A]}", 13, 'override.cookie: "A" stands twice', "case"),
    ("cookie: gray", "cookie: {name: g, canary: [x], stable: [x]}", 13, '"x" stands twice', "line 13"),
    # bad values
    ("[80]", "[0]", 6, '"0" is not a port', "a port or address with flags"),
    ("[80]", '["80 ssll"]', 6, 'listen knows no "ssll"', 'did you mean "ssl"?'),
    ("[80]", '["80 ssl; return 200"]', 6, 'listen knows no "ssl;"', "ssl"),
    ("shop.example.com", "a;b", 7, 'server_names[0]: "a;b" is not a server name', "a host name like"),
    ("shop.example.com", "~.*", 7, '"~.*" is not a server name', "regular expressions are not taken"),
    ("shop.example.com", "münchen.de", 7, "is not a server name", "xn--mnchen-3ya.de"),
    ("shop.example.com", "shop.example.com:80", 7, "is not a server name", "the port belongs in listen"),
    ("shop.example.com", ".example.com", 7, "is not a server name", "write both: example.com and *.example.com"),
    ("10.0.1.10:5000", "10.0.1.10", 9, 'servers[0].address: "10.0.1.10" has no port', "like 10.0.1.10:5000"),
    ("10.0.1.10:5000", "10.0.1.256:5000", 9, "is not an address", "like 10.0.1.10:5000"),
    ("10.0.1.10:5000", "10.0.1.10:70000", 9, '"70000" is not a port', "like 10.0.1.10:5000"),
    ("10.0.1.10:5000", "http://10.0.1.10:5000", 9, "is a URL, not an address", 'write "10.0.1.10:5000"'),
    ("10.0.1.10:5000", "::1:5000", 9, "an IPv6 address needs brackets: [::1]", "[fd00::1]:5000"),
    ("address: 10.0.0.5", "address: deploy@10.0.0.5", 3, "is not an address", "keys of their own"),
    ("address: 10.0.0.5", "port: 22222222", 3, '"22222222" is not a port', "a number from 1 to 65535"),
    ("address: 10.0.0.5", "port: 2_2", 3, '"2_2" is not a port', "1 to 65535"),
    ("address: 10.0.0.5", "port: +22", 3, '"+22" is not a port', "1 to 65535"),
    ("address: 10.0.0.5", "port: [22]", 3, "port: expected a number", "whole number"),
    ("address: 10.0.0.5", "become: root", 3, 'become can\'t be "root"', "known: none, sudo"),
    ("address: 10.0.0.5", "become: sudoo", 3, 'become can\'t be "sudoo"', 'did you mean "sudo"?'),
    ("address: 10.0.0.5", "transport: telnet", 3, 'transport can\'t be "telnet"', "known: ssh, local"),
    ("address: 10.0.0.5", "state_dir: var/lib", 3, '"var/lib" is not a path', "an absolute path"),
    ("address: 10.0.0.5", "state_dir: /", 3, '"/" is not a path', "a path below /"),
    ("address: 10.0.0.5", "state_dir: /a/../b", 3, '"/a/../b" is not a path', "without .."),
    ("address: 10.0.0.5", "state_dir: /a;b", 3, '"/a;b" is not a path', "an absolute path"),
    ("address: 10.0.0.5", "nginx: {include_dir: /etc/nginx/conf.d}", 3, "is absolute", "like conf.d"),
    ("address: 10.0.0.5", "bind: eth0", 3, '"eth0" is not an IP address', "like 10.0.1.10"),
    ("address: 10.0.0.5", "user: -oProxyCommand=x", 3, "can't be the name of a user", "letters, digits"),
    ("edge-1:", "edge 1:", 3, 'fleet.hosts: "edge 1" can\'t be the name of a host', "letters, digits"),
    ("  shop:", "  Shop:", 5, 'services: "Shop" can\'t be the name of a service', "lower-case letters"),
    ("name: reads", "name: a.b", 15, 'routes[0].name: "a.b" can\'t be the name of a route', "lower-case letters"),
    ("path: /reads", "path: reads", 15, 'routes[0].path: "reads" is not a path', "starts with /"),
    ("path: /reads", "path: /a?b=1", 15, '"/a?b=1" is not a path', "leave out what begins with ?"),
    ("path: /reads", "path: /a%20b", 15, "is not a path", "decoded"),
    ("path: /reads", "path: /a//b", 15, "is not a path", "resolved"),
    ("path: /reads", 'path: "/x { return 200; } location /y"', 15, "is not a path", "starts with /"),
    ("path: /reads", "path: '[', match: regex", 15, "is not a regular expression", "like ^/api"),
    ("path: /reads", "path: '(?<x>a)', match: regex", 15, "has a named group", "(?:...)"),
    ("path: /reads", "match: prefx", 15, 'routes[0].match can\'t be "prefx"', 'did you mean "prefix"?'),
    ("cookie: gray", 'cookie: "a;b"', 13, "can't be the name of a cookie", "letters, digits"),
    ("header: X-Gray", "header: X_Gray", 13, "can't be the name of a header", "like X-Gray-Release"),
    ("cookie: gray", "cookie: {name: g, canary: ['']}", 13, "cookie.canary[0]: the value is empty", "match it"),
    ("cookie: gray", "cookie: {name: g, canary: [' a']}", 13, "begins or ends with a space", None),
    ("cookie: gray", 'cookie: {name: g, canary: ["a\\u202eb"]}', 13, "can't be seen", "printable"),
    ("cookie: gray", "cookie: {name: g, canary: [~]}", 13, "cookie.canary[0]: an item has no value", "quote"),
]


@pytest.mark.parametrize(("old", "new", "line", "message", "hint"), CASES, ids=[f"{c[2]}-{c[1][:40]}" for c in CASES])
def test_a_fault_is_told_with_line_and_hint(old: str, new: str, line: int, message: str, hint: str | None):
    told = found(good((old, new)))
    matching = [one for one in told if message in one.message]
    assert matching, told
    assert matching[0].place.line == line
    assert str(matching[0].place) == f"shop.yml:{line}"
    if hint is not None:
        assert hint in (matching[0].hint or "")


SERVICE_CASES = [
    ("mirorr: true", 'services.shop: unknown key "mirorr"', 'did you mean "mirror"?'),
    ("mirror: maybe", 'services.shop.mirror can\'t be "maybe"', "true or false"),
    ("protocol: htpps", 'services.shop.protocol can\'t be "htpps"', 'did you mean "https"?'),
    ("sticky: {}", "services.shop.sticky: no source is given", "exactly one of cookie, header, query, address"),
    ("sticky: {cookie: a, header: B}", "sticky: cookie and header are given", "exactly one of"),
    ("sticky: {address: true, anonymous: issue}", "anonymous: issue needs cookie", "only a cookie can be issued"),
    ("sticky: {cookie: a, control: 50%}", 'sticky.control can\'t be "50%"', "true or false"),
    ("sticky: {cookie: a, control: true}\nmetrics: off", "sticky: control needs the metrics log", "source: log"),
    ("sticky: {cookie: a, anonymous: ishue}", 'anonymous can\'t be "ishue"', 'did you mean "issue"?'),
    ("fallback: {on: []}", "services.shop.fallback.on is empty", "like [error"),
    ("fallback: {on: [eror]}", 'services.shop.fallback.on[0] can\'t be "eror"', 'did you mean "error"?'),
    ("fallback: {on: [error, error]}", "on names the same thing twice", "each once"),
    ("fallback: {on: [error], timeout: 3}", 'fallback.timeout: "3" is not a duration', "write 3s"),
    ("fallback: {on: [error], timeout: 0s}", '"0s" is not a duration', "like 500ms"),
    ("headers: {X-Gray-Verson: true}", 'headers: unknown key "X-Gray-Verson"', 'did you mean "X-Gray-Version"?'),
    ("smoke: [{path: health}]", '"health" is not a path to ask for', "starts with /"),
    ("smoke: [{path: /, status: 999}]", "smoke[0].status: 999 is out of range", "from 100 to 599"),
    ("smoke: [{path: /, status: ok}]", '"ok" is not a whole number', "from 100 to 599"),
    ("real_ip: {from: []}", "services.shop.real_ip.from is empty", "10.0.0.0/8"),
    ("real_ip: {from: [10.0.0.1/8]}", '"10.0.0.1/8" is not a network', "write 10.0.0.0/8"),
    ('server_extra: "a\\0b"', "a control character (U+0000) stands in the text", "newline and tab"),
    ("server_extra: [a]", "services.shop.server_extra is a list, not text", "raw nginx"),
    ("rollouts: {}", 'unknown key "rollouts"', 'did you mean "rollout"?'),
]


@pytest.mark.parametrize(("extra", "message", "hint"), SERVICE_CASES, ids=[case[0] for case in SERVICE_CASES])
def test_keys_of_a_service_are_checked_whether_built_or_not(extra: str, message: str, hint: str):
    told = [one for one in found(service(extra)) if message in one.message]
    assert told, found(service(extra))
    assert told[0].place.line == len(GOOD.splitlines()) + 1
    assert hint in (told[0].hint or "")


def test_routes_are_told_apart_by_methods():
    routes = "- {name: %s, path: /reads, methods: %s}\n      - {name: default"
    same = good(("- {name: default", routes % ("w", "[POST, GET]")), ("path: /reads}", "path: /reads, methods: [GET]}"))
    assert any("two of them take the same requests" in one.message for one in found(same))
    other = good(("- {name: default", routes % ("w", "[POST]")), ("path: /reads}", "path: /reads, methods: [GET]}"))
    assert found(other) == ()


@pytest.mark.parametrize("method", ["get", "G E T", "FETCH", ""])
def test_methods_are_those_of_http(method: str):
    told = found(good(("path: /reads", f"path: /reads, methods: ['{method}']")))
    assert any("is not a method of HTTP" in one.message for one in told)


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    told = found(
        good(
            ("address:", "adress:"), ("[80]", "[99999]"), ("stable: v1", "stable: v9"), ("name: default", "name: reads")
        )
    )
    assert [one.place.line for one in told] == [3, 6, 11, 16]


def test_a_long_list_of_faults_ends():
    text = good(("[shop.example.com]", f"[{', '.join(['-'] * 5_000)}]"))
    told = found(text)
    assert len(told) == 201
    assert told[-1].message == "and 4,800 more"


def test_very_long_and_unprintable_keys_do_not_reach_the_terminal():
    told = found(good(("  shop:", '  "\\e[2J\\n' + "a" * 3_000 + '":')))
    assert told
    assert all(one.message.isprintable() and len(one.message) <= 300 for one in told)
