"""Claims about routes, shares, servers, and what the hop carries."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from nginxgen.explain import Request
from nginxgen.explain.places import route_of
from nginxgen.model.service import Anonymous, Source, Version
from nginxgen.model.weight import FULL, ZERO, Weight
from nginxgen.prove.claim import Ask, Claim, Expected, Share
from nginxgen.prove.roads import STRANGER, Case, base_of, clients, path_to, road_to, way_to

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_CLIENTS = 2_000  # for a share by client
_FEW = 200  # for a further route of the same weight
_DRAWN = 1_000  # requests for a share by request
_SIGMAS = 5
_TURNS = 500  # no more requests to see each server once


def routes(case: Case) -> Iterator[Claim]:
    """Every path with every method: the pool that its weight says."""
    for place in case.places:
        path = path_to(case, place)
        if path is None:
            why = "no path is known that only it takes: name one in `smoke`"
            yield Claim(case.service.name, f"{place.says}: its routes", left_out=why)
            continue
        listed = (method for route in place.routes for method in route.methods)
        methods = tuple(dict.fromkeys((*_METHODS, *listed)))
        asks = tuple(_explained(case, replace(STRANGER, path=path, method=method)) for method in methods)
        taken = {method: route_of(method, place) for method in methods}
        names = ", ".join(dict.fromkeys("stable" if route is None else route.name for route in taken.values()))
        yield Claim(case.service.name, f"{place.says}: {len(methods)} methods reach {names}", asks)


def _explained(case: Case, request: Request) -> Ask:
    found = case.explain(request)
    return Ask(request, Expected(found.version, pool=found.upstream))


def shares(case: Case) -> Iterator[Claim]:
    canary = case.intent.canary
    if canary is None or not case.intent.canary_on:
        return
    seen: set[Weight] = set()
    for route in case.service.routes:
        weight = case.intent.weights.get(route.name, ZERO)
        base = way_to(case, route)
        if not ZERO < weight < FULL:
            continue
        part, says = weight.hundredths / FULL.hundredths, f"route {route.name}: {weight} % to {canary}"
        if base is None:
            yield Claim(case.service.name, says, left_out="no request is known that only it takes")
        elif case.service.sticky is None:
            servers = sum(len(version.servers) for version in case.service.versions)
            asks = (Ask(base, Expected(pool=f"{case.service.name}.{route.name}.split")),) * _DRAWN
            yield Claim(case.service.name, f"{says}, exact", asks, Share(canary, part * _DRAWN, 2.0 * servers))
        else:
            number = _FEW if weight in seen else _CLIENTS  # one weight has one split, whatever the number of routes
            seen.add(weight)
            known = tuple(_explained(case, one) for one in islice(clients(case.service, base), number))
            slack = _SIGMAS * math.sqrt(len(known) * part * (1 - part)) + 1
            yield Claim(case.service.name, f"{says}, each client by its hash", known,
                        Share(canary, part * len(known), slack))  # fmt: skip


def servers(case: Case) -> Iterator[Claim]:
    """Every server of a version that can be reached for certain takes its turn."""
    for canary in (False, True):
        version = _version(case, canary=canary)
        road = None if version is None else road_to(case, canary=canary)
        if version is None or road is None:
            continue
        turns = sum(server.weight for server in version.servers if not server.backup)
        says = f"every server of {version.name} takes its turn"
        if turns > _TURNS:
            yield Claim(case.service.name, says, left_out=f"that would take {turns} requests")
        else:
            names = (f"{version.name} {at}" for at, server in enumerate(version.servers) if not server.backup)
            asks = (Ask(road, Expected(version.name)),) * turns * 2
            yield Claim(case.service.name, says, asks, everyone=tuple(names))


def _version(case: Case, *, canary: bool) -> Version | None:
    name = case.intent.canary if canary and case.intent.canary_on else None if canary else case.intent.stable
    return None if name is None else case.service.version(name)


def hop(case: Case) -> Iterator[Claim]:
    """WebSockets, and the names of versions."""
    service, roads = case.service, tuple(_roads(case))
    if not service.protocol.is_grpc:
        asks = (
            Ask(_adding(road, ("Upgrade", "websocket"), ("Connection", "Upgrade")), Expected(name, 101), echo=True)
            for road, name in roads or _anywhere(case)
        )
        yield Claim(service.name, "a WebSocket passes", tuple(asks))
    if service.version_header and roads:
        told = (
            Ask(
                _adding(road, ("X-Gray-Version", "forged")),
                Expected(name, told=name, headers={"x-gray-version": name}),
            )
            for road, name in roads
        )
        yield Claim(service.name, "X-Gray-Version is told to client and backend, whatever a client sends", tuple(told))


def _roads(case: Case) -> Iterator[tuple[Request, str]]:
    """A request to each version, where there is one that certainly goes there."""
    for canary in (False, True):
        version, road = _version(case, canary=canary), road_to(case, canary=canary)
        if version is not None and road is not None:
            yield road, version.name


def _anywhere(case: Case) -> Iterator[tuple[Request, None]]:
    base = base_of(case)
    if base is not None:
        yield base, None


def _adding(request: Request, *lines: tuple[str, str]) -> Request:
    return replace(request, headers=(*request.headers, *lines))


def issued(case: Case) -> Iterator[Claim]:
    """A client without a key gets one, and stays where it fell."""
    sticky = case.service.sticky
    if sticky is None or sticky.source is not Source.COOKIE or sticky.anonymous is not Anonymous.ISSUE:
        return
    for route in case.service.routes:
        base = way_to(case, route)
        if base is not None and case.explain(base).shares:
            asks = (Ask(base, Expected(), sets=sticky.name),) * 50
            yield Claim(
                case.service.name, f"route {route.name}: a client without {sticky.name} gets it and stays", asks
            )
