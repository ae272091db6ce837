"""One service and its intent, worked out to what its file says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nginxgen.errors import InputError
from nginxgen.model.host import Host
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import PathMatch, Protocol, Route, Service, Version
from nginxgen.model.weight import FULL, ZERO, Weight
from nginxgen.render import names
from nginxgen.render.quote import Var
from nginxgen.render.rules import CANARY, STABLE, Map, Row, Rule, chain, rules
from nginxgen.render.split import shares
from nginxgen.render.view import Location, Named, Peer, Upstream, View

_ZONE_SERVERS = 63  # what a zone of 64k holds, measured


def view(service: Service, intent: ServiceIntent, host: Host) -> View:
    """Raises InputError where the service and the intent do not fit, or a value can't be expressed in nginx."""
    names.safe(service.name, "service")
    for route in service.routes:
        names.safe(route.name, "route")
    _refuse_unbuilt(service)
    stable = _version(service, intent.stable)
    canary = _version(service, intent.canary) if intent.canary and intent.canary_on else None
    found = rules(service.override) if canary else ()
    decisions = {route.name: _decision(route, intent, canary) for route in service.routes}
    return View(
        name=service.name,
        title=tuple(_title(service, intent, canary)),
        upstreams=tuple(_upstreams(service, intent, stable, canary)),
        precedence=tuple(rule.says for rule in found),
        maps=tuple(_maps(service, found, decisions)),
        listens=tuple(_listen(listen, host.bind) for listen in service.listen),
        server_names=tuple(names.server_name(name) for name in service.server_names),
        locations=tuple(_location(service, route, found, decisions) for route in service.routes),
        named=tuple(_named(service, found, decisions)),
        extra=service.server_extra,
    )


def _refuse_unbuilt(service: Service) -> None:
    override = service.override
    unbuilt = {
        "sticky": service.sticky,
        "fallback": service.fallback,
        "headers": service.version_header,
        "override.users": override.users,
        "override.networks": override.networks,
        "protocol": service.protocol is not Protocol.HTTP,
        "mirror": service.mirror,
        "real_ip": service.real_ip,
        "unix backends": any(
            one.address.startswith("unix:") for version in service.versions for one in version.servers
        ),
        "methods of a route": any(route.methods for route in service.routes),
    }
    if asked := [word for word, value in unbuilt.items() if value]:
        raise InputError(f"{', '.join(asked)}: not built yet")


def _version(service: Service, name: str) -> Version:
    version = next((version for version in service.versions if version.name == name), None)
    if version is None:
        known = ", ".join(version.name for version in service.versions)
        raise InputError(f"there is no version {name!r}", hint=f"its versions: {known}")
    for server in version.servers:
        names.address(server.address)
    if all(server.backup for server in version.servers):
        raise InputError(f"version {name} needs a server that is not a backup")
    return version


def _weight(route: Route, intent: ServiceIntent) -> Weight:
    return intent.weights.get(route.name, ZERO)


def _decision(route: Route, intent: ServiceIntent, canary: Version | None) -> str:
    """Where the weight sends a request of this route: the name of a location without its @."""
    weight = _weight(route, intent)
    if canary is None or weight == ZERO:
        return STABLE
    return CANARY if weight == FULL else f"{route.name}.split"


def _title(service: Service, intent: ServiceIntent, canary: Version | None) -> Iterator[str]:
    if canary is None:
        off = f" (canary {intent.canary} is off)" if intent.canary else ""
        yield f"{service.name}: {intent.stable}{off}"
        return
    yield f"{service.name}: stable {intent.stable}, canary {canary.name}"
    for route in service.routes:
        yield f"route {route.name}: {_weight(route, intent)} % to {canary.name}"


def _upstreams(service: Service, intent: ServiceIntent, stable: Version, canary: Version | None) -> Iterator[Upstream]:
    yield _pool(names.upstream(service.name, STABLE), stable)
    if canary is None:
        return
    yield _pool(names.upstream(service.name, CANARY), canary)
    for route in service.routes:
        if ZERO < (weight := _weight(route, intent)) < FULL:
            yield _split(service, route, weight, stable, canary)


def _pool(name: str, version: Version) -> Upstream:
    peers = tuple(Peer(server, server.weight) for server in version.servers)
    return Upstream(name, _zone(len(peers)), peers, version.name, weighted=False)


def _split(service: Service, route: Route, weight: Weight, stable: Version, canary: Version) -> Upstream:
    servers = (*stable.servers, *canary.servers)
    for_stable, for_canary = shares(stable.servers, canary.servers, weight)
    peers = tuple(map(Peer, servers, (*for_stable, *for_canary)))
    says = f"route {route.name}, by weight"
    return Upstream(names.upstream(service.name, route.name, "split"), _zone(len(peers)), peers, says, weighted=True)


def _zone(servers: int) -> str:
    return "64k" if servers <= _ZONE_SERVERS else f"{128 * math.ceil(servers / 100)}k"


def _maps(service: Service, found: tuple[Rule, ...], decisions: dict[str, str]) -> Iterator[Map]:
    """One route: the chain ends in its weight. Several: the chain is shared, and a map a route adds its weight."""
    if not found:
        return
    if len(decisions) == 1:
        [(route, decision)] = decisions.items()
        yield from chain(service.name, found, _decider(service, route), decision)
        return
    override = names.variable(service.name, "override")
    yield from chain(service.name, found, override, "")
    for route, decision in decisions.items():
        yield Map(override, _decider(service, route), decision, (Row(CANARY, CANARY), Row(STABLE, STABLE)))


def _location(service: Service, route: Route, found: tuple[Rule, ...], decisions: dict[str, str]) -> Location:
    if route.match is not PathMatch.REGEX:
        names.path(route.path)
    if not found:
        target = names.upstream(service.name, *decisions[route.name].split("."))
        return Location(route.match, route.path, upstream=target, decision=None)
    return Location(route.match, route.path, upstream=None, decision=_decider(service, route.name))


def _decider(service: Service, route: str) -> Var:
    return names.variable(service.name, f"route_{route}")


def _named(service: Service, found: tuple[Rule, ...], decisions: dict[str, str]) -> Iterator[Named]:
    if found:
        for name in dict.fromkeys((STABLE, CANARY, *decisions.values())):
            yield Named(name, names.upstream(service.name, name))


def _listen(listen: str, bind: str | None) -> tuple[str, ...]:
    """The arguments of one `listen`; a bare port is bound to the host's address, if it has one."""
    arguments: Sequence[str] = listen.split()
    if not arguments:
        raise InputError("an empty listen")
    if bind is None or not arguments[0].isdecimal():
        return tuple(arguments)
    address = f"[{bind}]" if ":" in bind and not bind.startswith("[") else bind
    return (f"{address}:{arguments[0]}", *arguments[1:])
