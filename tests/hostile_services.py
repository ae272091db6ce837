"""Every hostile value in every field of a service, behind the inventory's back: rendering is a wall of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import makers
from hostile import HOSTILE

from nginxgen.model.service import Override, PathMatch, Route, Server, Service, Signal, Source, Version

_REST = Route("default", "/")


def _servers(server: Server) -> Service:
    return makers.service(versions=(Version("v1", (server,)), makers.version("v2", "10.0.1.11:5000")))


def _signal(source: Source, **fields) -> Service:
    given = {"name": "X-Gray-Release" if source is Source.HEADER else "gray_release", **fields}
    return makers.service(override=Override(**{source.value: Signal(source, **given)}))


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
    "server_extra": lambda value: makers.service(server_extra=value),
}


def cases() -> Iterator[tuple[str, str, Service]]:
    """Field, value, service."""
    for field, build in FIELDS.items():
        for value in HOSTILE:
            yield field, value, build(value)
