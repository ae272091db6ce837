"""The same service with every string of the user replaced by a harmless one of the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.service import PathMatch, Route, Server, Service, Signal, Source, Version

_PLAIN_COOKIE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True, slots=True)
class Benign:
    """Harmless services: one for all services that differ in nothing but their strings."""

    services: tuple[Service, ...]
    intent: Intent
    stands_for: Mapping[str, str]  # name of a real service -> name of its harmless one


def benign(services: Iterable[Service], intent: Intent) -> Benign:
    kinds: dict[tuple[Service, str], tuple[str, ServiceIntent]] = {}
    stands_for: dict[str, str] = {}
    for service in services:
        harmless, asked = _service(service, intent.services[service.name])
        name, _ = kinds.setdefault((harmless, repr(asked)), (f"s{len(kinds)}", asked))
        stands_for[service.name] = name
    named = [(replace(service, name=name), asked) for (service, _), (name, asked) in kinds.items()]
    harmless_intent = Intent({service.name: asked for service, asked in named})
    return Benign(tuple(service for service, _ in named), harmless_intent, stands_for)


def _service(service: Service, asked: ServiceIntent) -> tuple[Service, ServiceIntent]:
    versions = {version.name: f"v{at}" for at, version in enumerate(service.versions)}
    routes = {route.name: f"r{at}" for at, route in enumerate(service.routes)}
    override = service.override
    harmless = Service(
        name="s",
        listen=tuple(" ".join(_tokens("1", listen.split())) for listen in service.listen),
        server_names=tuple(_tokens("h", service.server_names)),
        versions=tuple(_version(version, versions[version.name]) for version in service.versions),
        stable=versions.get(service.stable, "v0"),
        canary=versions.get(service.canary or ""),
        override=replace(override, header=_signal(override.header), cookie=_signal(override.cookie)),
        sticky=service.sticky,
        fallback=service.fallback,
        version_header=service.version_header,
        routes=tuple(_route(route, routes[route.name]) for route in service.routes),
    )
    return harmless, ServiceIntent(
        versions[asked.stable],
        versions.get(asked.canary or ""),
        asked.canary_on,
        {routes[name]: weight for name, weight in asked.weights.items() if name in routes},
    )


def _tokens(prefix: str, values: Iterable[str]) -> Iterable[str]:
    return (f"{prefix}{at}" for at, _ in enumerate(values))


def _version(version: Version, name: str) -> Version:
    return Version(name, tuple(_server(server, at) for at, server in enumerate(version.servers)))


def _server(server: Server, at: int) -> Server:
    time = None if server.fail_timeout is None else "1s"
    return replace(server, address=f"10.0.{at // 250}.{at % 250}:1", fail_timeout=time)


def _signal(signal: Signal | None) -> Signal | None:
    """Words that are one to nginx stay one."""
    if signal is None:
        return None
    words: dict[bytes, str] = {}
    for word in (*signal.canary, *signal.stable):
        words.setdefault(word.encode("utf-8", "replace").lower(), f"w{len(words)}")
    canary, stable = (
        tuple(words[word.encode("utf-8", "replace").lower()] for word in side)
        for side in (signal.canary, signal.stable)
    )
    plain = signal.source is not Source.COOKIE or set(signal.name) <= _PLAIN_COOKIE
    return replace(signal, name="n" if plain else "n-n", canary=canary, stable=stable)


def _route(route: Route, name: str) -> Route:
    return replace(route, name=name, path="^/r" if route.match is PathMatch.REGEX else f"/{name}")
