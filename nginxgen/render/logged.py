"""The metrics log: what a request's line says of who decided, and which address is which version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.service import Service
from nginxgen.model.weight import ZERO
from nginxgen.render import names
from nginxgen.render.decide import Decisions, is_split, weight_of
from nginxgen.render.maps import Map, Row, Value
from nginxgen.render.places import Place
from nginxgen.render.quote import Joined, Var
from nginxgen.render.rules import CANARY, STABLE, Rule
from nginxgen.render.served import as_nginx

VERSIONS = "versions"  # the file of a release that tells addresses apart; the host's pass over the log reads it
_WEIGHT = "weight"
_NOBODY = "-"
_ROUTE = Var("nginxgen_route")


@dataclass(frozen=True, slots=True)
class Deciders:
    """The name of the rule that decided on a version, for the two locations that a rule can lead to."""

    of: Mapping[str, Value]
    maps: tuple[Map, ...] = ()


def deciders(service: Service, intent: ServiceIntent, decisions: Decisions) -> Deciders:
    """Asked when the request has its version, never before, and only as far as it is not known anyway."""
    if not service.metrics.log or not decisions.rules:
        return Deciders({STABLE: _WEIGHT, CANARY: _WEIGHT})
    weighted = _by_weight(service, intent, decisions)
    told = {name: _rule(service.name, decisions.rules, sure=name not in weighted) for name in (STABLE, CANARY)}
    maps = dict.fromkeys(one for _, made in told.values() for one in made)
    return Deciders({name: said for name, (said, _) in told.items()}, tuple(maps))


def _by_weight(service: Service, intent: ServiceIntent, decisions: Decisions) -> frozenset[str]:
    """The versions that the weight leads to by itself."""
    if decisions.draw.splits:
        return frozenset((STABLE, CANARY))
    ends = {
        STABLE if weight_of(route, intent) == ZERO else CANARY
        for route in service.routes
        if not is_split(route, intent)
    }
    some_method = any(all(route.methods for route in place.routes) for place, _ in decisions.places)
    return frozenset(ends | {STABLE} if some_method else ends)


def _rule(service: str, found: Sequence[Rule], *, sure: bool) -> tuple[Value, tuple[Map, ...]]:
    """`sure`: one of them did decide. Else a request with nothing to look at takes the short way, as to its version."""
    said, maps = _chain(service, found, sure=sure)
    quick = [rule for rule in found if rule.is_quick]
    if sure or len(quick) < 2:  # noqa: PLR2004  (of one, the short way is as long)
        return said, maps
    short, more = _chain(service, [rule for rule in found if not rule.is_quick], sure=False)
    looked_at = Joined(tuple(rule.source for rule in quick))
    result = names.variable("ruled", looked_at, short, said)
    return result, (*dict.fromkeys((*maps, *more)), Map(looked_at, result, said, (Row("", short),)))


def _chain(service: str, found: Sequence[Rule], *, sure: bool) -> tuple[Value, tuple[Map, ...]]:
    """Where one of them did decide, the last one is known by the others' silence."""
    if not found:
        return _WEIGHT, ()
    *others, last = found
    said: Value = last.name if sure else _WEIGHT
    maps = list[Map]()
    for rule in reversed(others if sure else found):
        rows = tuple(Row(row.key, rule.name) for row in rule.rows)
        file = None if rule.file is None else f"{service}.{rule.name}.rule.map"
        result = names.variable("rule", rule.source, said, rows)
        maps.append(Map(rule.source, result, said, rows, file))
        said = result
    return said, tuple(maps)


def line(service: str, route: Value, rule: Value, version: str) -> Joined:
    """What a line begins with: `shop|reads|weight|v2`; "-" for a version that nginx picks with the server."""
    parts: list[str | Var] = [f"{service}|"]
    for value in (route, "|", rule, f"|{version or _NOBODY}"):
        parts += value.parts if isinstance(value, Joined) else (value,)
    return Joined(tuple(parts))


def route_here(place: Place) -> tuple[Value, tuple[Map, ...]]:
    """The route of a request in a place: its name, or a variable where the method tells."""
    rest = next((route.name for route in place.routes if not route.methods), _NOBODY)
    rows: dict[str, Row] = {}
    for route in place.routes:
        for method in route.methods:
            rows[method] = Row(method, route.name)
            if method == "GET":
                rows.setdefault("HEAD", Row("HEAD", route.name))
    differ = tuple(row for row in rows.values() if row.value != rest)
    if not differ:
        return rest, ()
    result = names.variable("method_route", rest, differ)
    return result, (Map(Var("request_method"), result, rest, differ),)


def route_of(service: Service, hop: str) -> Value:
    """In a location that several routes may share; the place that leads there has set the variable."""
    if len(service.routes) == 1:
        return service.routes[0].name
    split = next((route.name for route in service.routes if hop == f"{route.name}.split"), None)
    return split or _ROUTE


def versions(services: Sequence[Service], intent: Intent) -> str | None:
    """The file VERSIONS: service, address and version in a line, with tabs; None where no service is logged."""
    logged = [service for service in services if service.metrics.log]
    if not logged:
        return None
    rows = (row for service in logged for row in _rows(service, intent.services[service.name]))
    return "".join(f"{row}\n" for row in dict.fromkeys(rows))


def _rows(service: Service, intent: ServiceIntent) -> Iterator[str]:
    for name in (intent.stable, intent.canary):
        if name is not None:
            for server in service.version(name).servers:
                yield f"{service.name}\t{as_nginx(server.address)}\t{name}"
    for route in service.routes:
        if intent.canary_on and is_split(route, intent) and not service.sticky:  # nobody was there to be tried
            yield f"{service.name}\t{names.upstream(service.name, route.name, 'split')}\t{_NOBODY}"
