"""The same service with every string of the user replaced by a harmless one of the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import TypeVar

from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.service import (
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

_PLAIN_COOKIE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True, slots=True)
class Benign:
    """Harmless services: one for all services that differ in nothing but their strings."""

    services: tuple[Service, ...]
    intent: Intent
    stands_for: Mapping[str, str]  # name of a real service -> name of its harmless one


def benign(services: Iterable[Service], forms: Mapping[str, Service], intent: Intent) -> Benign:
    """`forms`: what `harmless` makes of each service, by its name. The same for all intents, so made once."""
    kinds: dict[tuple[Service, str], tuple[str, ServiceIntent]] = {}
    stands_for: dict[str, str] = {}
    for service in services:
        asked = _asked(service, intent.services[service.name])
        name, _ = kinds.setdefault((forms[service.name], repr(asked)), (f"s{len(kinds)}", asked))
        stands_for[service.name] = name
    named = [(replace(service, name=name), asked) for (service, _), (name, asked) in kinds.items()]
    harmless_intent = Intent({service.name: asked for service, asked in named})
    return Benign(tuple(service for service, _ in named), harmless_intent, stands_for)


def harmless(service: Service) -> Service:
    versions = _versions(service)
    addresses = dict.fromkeys(server.address for version in service.versions for server in version.servers)
    servers = {address: at for at, address in enumerate(addresses)}
    return replace(
        service,
        name="s",
        listen=tuple(" ".join(_tokens("1", listen.split())) for listen in service.listen),
        server_names=_tokens("h", service.server_names),
        versions=tuple(_version(version, versions[version.name], servers) for version in service.versions),
        stable=versions.get(service.stable, "v0"),
        canary=versions.get(service.canary or ""),
        override=_override(service.override),
        sticky=None if service.sticky is None else replace(service.sticky, name=_name(service.sticky)),
        fallback=None if service.fallback is None else _fallback(service.fallback),
        real_ip=None if service.real_ip is None else RealIp(_networks(service.real_ip.proxies, {}), "n"),
        routes=tuple(_routes(service.routes)),
        server_extra="# include" if service.may_set_headers else "",
        smoke=(),
    )


def _versions(service: Service) -> Mapping[str, str]:
    return {version.name: f"v{at}" for at, version in enumerate(service.versions)}


def _asked(service: Service, asked: ServiceIntent) -> ServiceIntent:
    versions = _versions(service)
    routes = {route.name: f"r{at}" for at, route in enumerate(service.routes)}
    return ServiceIntent(
        versions[asked.stable],
        versions.get(asked.canary or ""),
        asked.canary_on,
        {routes[name]: weight for name, weight in asked.weights.items() if name in routes},
    )


def _tokens(prefix: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}{at}" for at, _ in enumerate(values))


def _version(version: Version, name: str, servers: Mapping[str, int]) -> Version:
    return Version(name, tuple(_server(server, servers[server.address]) for server in version.servers))


def _server(server: Server, at: int) -> Server:
    """Of the same kind, since nginx tells the address of a server only where it is written as one."""
    address = f"10.0.{at // 250}.{at % 250}:1"
    if not server.is_literal:
        address = f"b{at}:1"
    elif server.address.startswith("unix:"):
        address = f"unix:/b{at}"
    time = None if server.fail_timeout is None else "1s"
    return replace(server, address=address, fail_timeout=time)


def _override(override: Override) -> Override:
    networks = override.networks
    seen: dict[str, str] = {}
    return Override(
        header=override.header and _words(override.header),
        cookie=override.cookie and _words(override.cookie),
        users=override.users and _words(override.users),
        networks=networks and Networks(_networks(networks.canary, seen), _networks(networks.stable, seen)),
    )


_Worded = TypeVar("_Worded", Signal, Users)


def _words(rule: _Worded) -> _Worded:
    """Words that are one to nginx stay one."""
    words: dict[bytes, str] = {}
    for word in (*rule.canary, *rule.stable):
        words.setdefault(word.encode("utf-8", "replace").lower(), f"w{len(words)}")

    return replace(rule, name=_name(rule), canary=_same(rule.canary, words), stable=_same(rule.stable, words))


def _same(side: Iterable[str], words: Mapping[bytes, str]) -> tuple[str, ...]:
    return tuple(words[word.encode("utf-8", "replace").lower()] for word in side)


def _name(rule: Signal | Users | Sticky) -> str:
    """Nginx has no variable for a cookie with a sign in its name, and so reads it in another way."""
    plain = rule.source is not Source.COOKIE or set(rule.name) <= _PLAIN_COOKIE
    return "n" if plain else "n-n"


def _networks(networks: Iterable[str], seen: dict[str, str]) -> tuple[str, ...]:
    """Networks that are one stay one."""
    for text in networks:
        seen.setdefault(_network(text), f"10.{len(seen) // 256}.{len(seen) % 256}.0/24")
    return tuple(seen[_network(text)] for text in networks)


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        return text


def _fallback(fallback: Fallback) -> Fallback:
    return replace(fallback, on=tuple("error" for _ in fallback.on), timeout="1s")


def _routes(routes: Sequence[Route]) -> Iterator[Route]:
    """Routes of one path stay so; methods are words of the inventory's own."""
    paths = {path: at for at, path in enumerate(dict.fromkeys((route.match, route.path) for route in routes))}
    for at, route in enumerate(routes):
        slash = (
            "/" if route.path.endswith("/") and route.path != "/" else ""
        )  # such a location has no proxy_pass itself
        path = f"/r{paths[route.match, route.path]}{slash}"
        yield replace(route, name=f"r{at}", path=f"^{path}" if route.match is PathMatch.REGEX else path)
