"""Each rule: what sets it off, where it points, and that a sound release sets off none."""

from __future__ import annotations

import makers
import pytest

from nginxgen.check import RULES, check, features
from nginxgen.errors import Finding, Severity
from nginxgen.model.build import Build
from nginxgen.model.release import File, Release
from nginxgen.model.service import (
    Fallback,
    Networks,
    Override,
    Protocol,
    RealIp,
    Route,
    Server,
    Service,
    Signal,
    Source,
    Sticky,
    Users,
    Version,
)
from nginxgen.model.sources import Sources
from nginxgen.render import render

_FALLBACK = Fallback(("error", "timeout"))
_STICKY = Sticky(Source.COOKIE, "sid")
_BACKUP = Server("10.0.0.3:1", backup=True)
_METRICS_LOG = "access_log /var/log/nginx/nginxgen-metrics.log nginxgen buffer=64k flush=1s if=$nginxgen_log;"
_X = ("10.0.1.10:5000", "10.0.1.12:5000")


def judged(*services: Service, weight="10") -> tuple[Finding, ...]:
    release = render(services, makers.intent(services, weight), makers.host())
    return check(services, makers.host(), release, render)


def extra(text: str, **fields) -> Service:
    return makers.service(server_extra=text, **{"override": makers.BOTH} | fields)


def test_a_sound_release_has_no_findings() -> None:
    routes = (Route("a", "/a"), Route("b", "/b"), Route("default"))
    text = "\n# it's\nclient_max_body_size 5m;\nhttp2 on;\nlocation = /ping {\n    return 200 'ok';\n}\n"
    services = [extra(text, routes=routes), makers.service("blog", canary=None), makers.service("wiki")]
    assert judged(*services, weight="12.34") == ()


def test_a_log_beside_the_metrics_log_is_fine_and_so_is_any_where_metrics_are_off() -> None:
    assert judged(extra(f"access_log /var/log/shop.log;\n{_METRICS_LOG}")) == ()
    assert judged(extra("access_log off;", metrics=Sources(log=False))) == ()
    assert judged(extra("location = /ping {\n    access_log off;\n    return 200 'ok';\n}\n")) == ()


CASES = {
    "an argument too many": (extra("\nlisten;\nhttp2 on;"), "NG001", "listen;", Severity.ERROR),
    "a directive of another block": (extra("worker_processes 2;"), "NG001", "worker_processes", Severity.ERROR),
    "a brace too many": (extra("gzip on;\n}\nserver {\n"), "NG003", "}", Severity.ERROR),
    "a brace too few": (extra("gzip on;\nlocation /x {\n"), "NG003", "location /x", Severity.ERROR),
    "a string without end": (extra("gzip on;\nreturn 200 'x;"), "NG003", "return", Severity.ERROR),
    "a server of both versions": (
        makers.service(versions=(makers.version("v1", *_X), makers.version("v2", *_X[1:]))),
        "NG006",
        "10.0.1.12",
        Severity.WARNING,
    ),
    "a location twice": (extra("location / { return 404; }"), "NG007", "location / { return", Severity.ERROR),
    "a slip of the pen": (extra("gzip on;\n  proxy_red_timeout 5s;"), "NG008", "proxy_red", Severity.ERROR),
    "a directive of a module": (extra("zzz_qqq 5s;"), "NG008", "zzz_qqq", Severity.WARNING),
    "root again": (extra("root /srv;"), "NG009", "root /srv", Severity.ERROR),
    "a header again": (extra("proxy_set_header host x;"), "NG009", "header host", Severity.ERROR),
    "tls without a certificate": (makers.service(listen=("443 ssl",)), "NG010", "listen 443", Severity.WARNING),
    "a long name": (makers.service(server_names=("a" * 60,)), "NG011", "server_name", Severity.WARNING),
    "a long word": (
        makers.service(override=Override(header=Signal(Source.HEADER, "X-A", canary=("w" * 47,)))),
        "NG051",
        "server {",
        Severity.WARNING,
    ),
    "a long address": (
        makers.service(
            versions=(makers.version("v1", f"unix:/run/{'s' * 50}"), makers.version("v2", "10.0.0.1:1")),
            version_header=True,
            fallback=_FALLBACK,
            sticky=_STICKY,
        ),
        "NG051",
        "server {",
        Severity.WARNING,
    ),
    "code": (extra("content_by_lua_file x.lua;"), "NG012", "content_by", Severity.WARNING),
    "a log by variable": (
        extra(f"access_log /var/log/$host; {_METRICS_LOG}"),
        "NG012",
        "access_log /var/log/$host",
        Severity.WARNING,
    ),
    "a log that replaces ours": (extra("access_log /var/log/shop.log;"), "NG030", "access_log", Severity.WARNING),
    "no log": (extra("access_log off;"), "NG030", "access_log", Severity.WARNING),
    "no log, whatever stands beside it": (
        extra(f"{_METRICS_LOG}\naccess_log off;"),
        "NG030",
        "access_log off",
        Severity.WARNING,
    ),
    "retries that poison": (extra("proxy_next_upstream error http_503;"), "NG013", "proxy_next", Severity.WARNING),
    "captures": (
        extra("location ~ ^/(.*)$ { return 200 $1; }", override=Override(cookie=Signal(Source.COOKIE, "gray-release"))),
        "NG014",
        "return 200",
        Severity.WARNING,
    ),
    "a path that no request has": (
        makers.service(routes=(Route("a", "/a//b"), Route("b", "/"))),
        "NG017",
        "/a//b",
        Severity.WARNING,
    ),
    "too few tries": (
        extra(
            "location /x { proxy_next_upstream_tries 1; proxy_pass http://shop.canary; }",
            sticky=_STICKY,
            fallback=_FALLBACK,
        ),
        "NG018",
        "tries 1",
        Severity.WARNING,
    ),
    "too little time": (
        extra(
            "location /x {\n proxy_read_timeout 2s;\n proxy_next_upstream_timeout 1500ms;\n"
            " proxy_set_header Host $host; proxy_pass http://shop.canary; }",
            sticky=_STICKY,
            fallback=_FALLBACK,
        ),
        "NG018",
        "1500ms",
        Severity.WARNING,
    ),
    "a return that is not protected": (
        extra("location /x {\n deny all;\n return 200; }"),
        "NG019",
        "deny all",
        Severity.WARNING,
    ),
    "a limit in a named location": (
        extra("location @x { client_max_body_size 9m; }"),
        "NG021",
        "client_max",
        Severity.WARNING,
    ),
    "a path behind a variable": (
        extra("location /x { proxy_pass http://$host/a; }"),
        "NG022",
        "proxy_pass http://$host",
        Severity.WARNING,
    ),
    "a decoded path behind a variable": (
        extra("location /x { proxy_pass http://$host$uri; }"),
        "NG022",
        "$host$uri",
        Severity.WARNING,
    ),
    "lost headers": (
        extra("location /x { proxy_set_header X-A b; proxy_pass http://shop.stable; }"),
        "NG023",
        "X-A b",
        Severity.WARNING,
    ),
    "lost answer headers": (
        extra("location /x { add_header X-A b; }", version_header=True, sticky=_STICKY),
        "NG023",
        "X-A b",
        Severity.WARNING,
    ),
    "if": (
        extra("location /x {\n if ($host) {\n  proxy_pass http://shop.stable;\n }\n}"),
        "NG024",
        "proxy_pass http://shop.stable;",
        Severity.WARNING,
    ),
    "the timeout of all": (makers.service(fallback=_FALLBACK), "NG026", "upstream shop.default", Severity.NOTE),
    "a mirror of none": (makers.service(mirror=True), "NG026", "upstream shop.default", Severity.NOTE),
    "a version that nobody knows": (
        makers.service(version_header=True),
        "NG026",
        "upstream shop.default",
        Severity.NOTE,
    ),
    "two versions by name": (
        makers.service(
            versions=(makers.version("v1", "a:1"), makers.version("v2", "b:1")),
            version_header=True,
            sticky=_STICKY,
            fallback=_FALLBACK,
        ),
        "NG027",
        "server {",
        Severity.NOTE,
    ),
    "a canary with backups": (
        makers.service(
            versions=(makers.version("v1", "10.0.0.1:1"), Version("v2", (Server("10.0.0.2:1"), _BACKUP))),
            sticky=_STICKY,
            fallback=_FALLBACK,
        ),
        "NG028",
        "server {",
        Severity.NOTE,
    ),
    "a post that runs twice": (
        makers.service(sticky=_STICKY, fallback=Fallback(("error",), retry_unsafe=True)),
        "NG029",
        "server {",
        Severity.NOTE,
    ),
    "real_ip again": (
        extra("real_ip_header X-Real-IP;", real_ip=RealIp(("10.0.0.0/8",))),
        "NG009",
        "real_ip_header X-Real-IP",
        Severity.ERROR,
    ),
    "captures and the key of sticky": (
        extra("location ~ ^/(.*)$ { return 200 $1; }", sticky=Sticky(Source.COOKIE, "s-id")),
        "NG014",
        "return 200",
        Severity.WARNING,
    ),
    "no route for the rest": (makers.service(routes=(Route("a", "/a"),)), "NG016", "server {", Severity.NOTE),
}


@pytest.mark.parametrize(("service", "rule", "line", "severity"), CASES.values(), ids=CASES)
def test_a_rule_finds_its_fault_and_the_line(service: Service, rule: str, line: str, severity: Severity) -> None:
    found = judged(service)
    text = render([service], makers.intent([service]), makers.host()).file("shop.conf").text.splitlines()
    assert [(one.rule, one.severity) for one in found] == [(rule, severity)], found
    assert found[0].place.file == "shop.conf"
    assert line in text[found[0].place.line - 1]


def test_two_services_with_one_name_on_one_address_are_an_error() -> None:
    names = ("a.example.com", "B.example.com")
    first, second = makers.service("a", server_names=names), makers.service("b", server_names=("b.EXAMPLE.com",))
    found = judged(first, makers.service("c", listen=("81",), server_names=names), second)
    assert [(one.rule, one.place.file) for one in found] == [("NG005", "b.conf")]
    assert "services a and b both serve b.example.com on 80" in found[0].message


def test_two_default_servers_on_one_address_are_an_error() -> None:
    services = [makers.service(name, listen=(f"{at}80 default_server",)) for name, at in (("a", ""), ("b", "*:"))]
    assert [one.rule for one in judged(*services)] == ["NG015"]


def test_max_fails_0_on_all_servers_makes_retries_harmless() -> None:
    versions = tuple(Version(name, (Server(f"10.0.0.{at}:1", max_fails=0),)) for at, name in enumerate(("v1", "v2")))
    assert judged(extra("proxy_next_upstream error http_503;", versions=versions)) == ()


def changed(old: str, new: str, twin: bool = False) -> tuple[Finding, ...]:
    """What check says of a release in which a template, or a hand, wrote something else."""
    service = makers.service(override=makers.BOTH)
    release = render([service], makers.intent([service]), makers.host())
    if twin:
        release = Release(release.id, release.files, release.intent, _edited(release.emergency, old, new))
    else:
        release = _edited(release, old, new)
    return check([service], makers.host(), release, render)


def _edited(release: Release, old: str, new: str) -> Release:
    assert any(old in file.text for file in release.files)
    files = tuple(File(file.name, file.text.replace(old, new, 1)) for file in release.files)
    return Release(release.id, files, release.intent, release.emergency)


SHAPES = {
    "a directive more": ("server_name shop.example.com;", "server_name shop.example.com; allow all;"),
    "an argument more": ("server_name shop.example.com;", "server_name shop.example.com b;"),
    "a directive less": ("    proxy_http_version 1.1;\n", ""),
    "another directive": ("proxy_http_version 1.1;", "proxy_method GET;"),
    "a block more": ("\nserver {", "\nserver { listen 81; }\nserver {"),
    "a row for everybody": ("    true canary;", "    volatile canary;"),
    "a server elsewhere": ("server 10.0.1.10:5000;", "server 10.0.1.10:5000; server 10.6.6.6:1;"),
}


@pytest.mark.parametrize(("old", "new"), SHAPES.values(), ids=SHAPES)
def test_a_break_out_is_seen_by_the_shape(old: str, new: str) -> None:
    assert [one.rule for one in changed(old, new)] == ["NG002"]


def test_a_break_out_of_the_emergency_twin_is_seen_too() -> None:
    assert [one.rule for one in changed(*SHAPES["a directive more"], twin=True)] == ["NG002"]


def test_a_decision_for_a_location_that_is_not_there_is_an_error() -> None:
    found = changed("default default.split;", "default defualt.split;")
    places = ("@defualt.split", "@defualt.split.websocket")
    told = {("NG004", f"location {place} is not defined") for place in places}
    assert {(one.rule, one.message) for one in found} == told


def test_an_upstream_that_is_not_there_is_an_error() -> None:
    found = changed("proxy_pass http://shop.canary;", "proxy_pass http://shop.canray;")
    assert [(one.rule, one.message) for one in found] == [("NG004", "upstream shop.canray is not defined")]


def test_every_rule_says_why_it_exists() -> None:
    assert all(why.strip().endswith(".") for why in RULES.values())


def test_everything_at_once_is_sound() -> None:
    users = Users(Source.QUERY, "uid", tuple(f"u{at}" for at in range(50)), ("x",))
    networks = Networks(("10.0.0.0/8",), ("fd00::/8",))
    service = makers.service(
        override=Override(makers.HEADER, Signal(Source.COOKIE, "gray-id"), users, networks),
        sticky=_STICKY, fallback=_FALLBACK, version_header=True, mirror=True, real_ip=RealIp(("10.0.0.0/8",)),
        routes=(Route("reads", "/a", methods=("GET",)), Route("writes", "/a", methods=("POST",)), Route("default")),
    )  # fmt: skip
    assert judged(service, weight={"reads": "50", "writes": "5", "default": "100"}) == ()


def test_a_break_out_of_a_file_of_rows_is_seen() -> None:
    users = Users(Source.COOKIE, "uid", tuple(f"u{at}" for at in range(50)), ())
    service = makers.service(override=Override(users=users))
    release = render([service], makers.intent([service]), makers.host())
    for old, new in (("u7 canary;", "u7 canary; default stable;"), ("u7 canary;", "u7 canary; } map $a $b {")):
        found = check([service], makers.host(), _edited(release, old, new), render)
        assert {one.rule for one in found} & {"NG001", "NG002"}
        assert found[0].place.file == "shop.users.map"


RESOLVING = (makers.version("v1", "10.0.0.1:1"), Version("v2", (Server("a.example.com:1", resolve=True),)))
TOO_OLD = {
    "resolve": ({"versions": RESOLVING}, "nginx/1.27.2", Severity.ERROR),
    "quic": ({"listen": ("443 quic",)}, "nginx version: nginx/1.24.0", Severity.ERROR),
    "a directive": ({"server_extra": "http2 on;"}, "nginx/1.22.1", Severity.WARNING),
}


@pytest.mark.parametrize(("fields", "version", "severity"), TOO_OLD.values(), ids=TOO_OLD)
def test_a_host_that_is_too_old_is_named(fields, version: str, severity: Severity) -> None:
    service = makers.service(**fields)
    builds = {"old-1": Build.of(version), "new-1": Build.of("nginx/1.30.0"), "fork-1": Build.of("Angie/1.12.1")}
    [found] = features([service], builds)
    assert (found.rule, found.severity) == ("NG025", severity)
    assert "old-1 has 1.2" in found.message
    assert "new-1" not in found.message
    assert "fork-1" not in found.message  # of whose version nothing is known


_OPTIONS = ("--with-http_ssl_module", "--with-http_v2_module", "--with-http_realip_module")
NOT_BUILT = {
    "ssl": ({"listen": ("443 ssl",)}, "--with-http_ssl_module", "`ssl` in listen"),
    "http2": ({"listen": ("443 ssl http2",)}, "--with-http_v2_module", "`http2` in listen"),
    "https": ({"protocol": Protocol.HTTPS}, "--with-http_ssl_module", "`protocol: https`"),
    "grpc": ({"protocol": Protocol.GRPC}, "--with-http_v2_module", "`protocol: grpc`"),
    "real_ip": ({"real_ip": RealIp(("10.0.0.0/8",))}, "--with-http_realip_module", "`real_ip`"),
    "sticky": ({"sticky": _STICKY}, "--without-http_split_clients_module", "`sticky`"),
    "mirror": ({"mirror": True}, "--without-http_mirror_module", "`mirror`"),
    "anything": ({}, "--without-http_upstream_zone_module", "needs nginx with its http_upstream_zone module"),
}


@pytest.mark.parametrize(("fields", "option", "says"), NOT_BUILT.values(), ids=NOT_BUILT)
def test_a_host_whose_nginx_was_built_without_something_is_named(fields, option: str, says: str) -> None:
    whole = Build.of("nginx/1.22.1", _OPTIONS)
    others = {*_OPTIONS, option} if "without" in option else {*_OPTIONS} - {option}
    service = makers.service(**fields)
    [found] = features([service], {"a": whole, "b": Build.of("nginx/1.22.1", others)})
    assert found.severity is Severity.ERROR
    assert says in found.message
    assert found.message.endswith(": b has 1.22.1")
    assert features([service], {"a": whole, "c": Build.of("nginx/1.22.1")}) == ()  # c does not say


def test_many_hosts_are_one_finding() -> None:
    [found] = features(
        [makers.service(sticky=_STICKY, versions=RESOLVING)], {f"h{at}": Build.of("1.22.1") for at in range(50)}
    )
    assert found.message.endswith("h7 has 1.22.1 and 42 more")
