"""Every hostile value in every field of a service, behind the inventory's back: rendering is a wall of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import makers
from hostile import HOSTILE

from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Networks,
    Override,
    PathMatch,
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

_REST = Route("default", "/")
_FALLBACK = Fallback(("error", "timeout"))
_MANY = tuple(f"u{number}" for number in range(30))


def _servers(server: Server) -> Service:
    return makers.service(versions=(Version("v1", (server,)), makers.version("v2", "10.0.1.11:5000")))


def _signal(source: Source, **fields) -> Service:
    given = {"name": "X-Gray-Release" if source is Source.HEADER else "gray_release", **fields}
    return makers.service(override=Override(**{source.value: Signal(source, **given)}))


def _overridden(**rules) -> Service:
    return makers.service(override=Override(**rules))


FIELDS: Mapping[str, Callable[[str], Service]] = {
    "service": lambda value: makers.service(value, override=makers.BOTH),
    "listen": lambda value: makers.service(listen=("80", value)),
    "listen flag": lambda value: makers.service(listen=(f"80 {value}",)),
    "server name": lambda value: makers.service(server_names=("shop.example.com", value)),
    "version": lambda value: makers.service(
        versions=(makers.version(value, "10.0.1.10:5000"), makers.version("v2", "10.0.1.11:5000")), stable=value
    ),
    "server": lambda value: _servers(Server(value)),
    "fail_timeout": lambda value: _servers(Server("10.0.1.10:5000", fail_timeout=value)),
    "header": lambda value: _signal(Source.HEADER, name=value),
    "header word": lambda value: _signal(Source.HEADER, canary=(value, "x"), stable=("y",)),
    "cookie": lambda value: _signal(Source.COOKIE, name=value),
    "cookie word": lambda value: _signal(Source.COOKIE, canary=("x",), stable=(value, "y")),
    "cookie-with-sign word": lambda value: _signal(Source.COOKIE, name="a-b", canary=(value,), stable=()),
    "route": lambda value: makers.service(routes=(Route(value, "/a"), _REST), override=makers.BOTH),
    "path": lambda value: makers.service(routes=(Route("a", value), _REST)),
    "path behind a slash": lambda value: makers.service(routes=(Route("a", f"/{value}"), _REST)),
    "exact path": lambda value: makers.service(routes=(Route("a", f"/{value}", PathMatch.EXACT), _REST)),
    "regex": lambda value: makers.service(routes=(Route("a", value, PathMatch.REGEX), _REST)),
    "user id": lambda value: _overridden(users=Users(Source.COOKIE, "uid", (value, "x"), ("y",))),
    "user id of many": lambda value: _overridden(users=Users(Source.COOKIE, "uid", (value, *_MANY), ("y",))),
    "user cookie": lambda value: _overridden(users=Users(Source.COOKIE, value, ("x",), ())),
    "user header": lambda value: _overridden(users=Users(Source.HEADER, value, ("x",), ())),
    "user argument": lambda value: _overridden(users=Users(Source.QUERY, value, ("x",), ())),
    "network": lambda value: _overridden(networks=Networks((value, "10.0.0.0/8"), ())),
    "sticky cookie": lambda value: makers.service(sticky=Sticky(Source.COOKIE, value)),
    "issued cookie": lambda value: makers.service(sticky=Sticky(Source.COOKIE, value, Anonymous.ISSUE)),
    "sticky header": lambda value: makers.service(sticky=Sticky(Source.HEADER, value)),
    "sticky argument": lambda value: makers.service(sticky=Sticky(Source.QUERY, value)),
    "version told": lambda value: makers.service(
        versions=(makers.version("v1", "10.0.1.10:5000"), makers.version(value, "10.0.1.11:5000")),
        canary=value,
        version_header=True,
        sticky=Sticky(Source.COOKIE, "sid"),
        mirror=True,
        fallback=_FALLBACK,
    ),
    "fallback on": lambda value: makers.service(fallback=Fallback(("error", value))),
    "fallback timeout": lambda value: makers.service(fallback=Fallback(("error",), value)),
    "proxy in front": lambda value: makers.service(real_ip=RealIp(("10.0.0.0/8", value))),
    "proxy's header": lambda value: makers.service(real_ip=RealIp(("10.0.0.0/8",), value)),
    "method": lambda value: makers.service(routes=(Route("a", "/", methods=("GET", value)), _REST)),
    "socket": lambda value: _servers(Server(f"unix:/run/{value}")),
    "server_extra": lambda value: makers.service(server_extra=value),
}


def cases() -> Iterator[tuple[str, str, Service]]:
    """Field, value, service."""
    for field, build in FIELDS.items():
        for value in HOSTILE:
            yield field, value, build(value)
