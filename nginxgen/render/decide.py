"""Who decides, worked out for a service: the maps, and for every place where its requests go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import Route, Service, Version
from nginxgen.model.weight import FULL, ZERO, Weight
from nginxgen.render import names
from nginxgen.render.maps import Geo, Map, Row, Value
from nginxgen.render.places import Place, places, weigh
from nginxgen.render.quote import Joined, Var
from nginxgen.render.rules import CANARY, STABLE, Rule, chain, rules
from nginxgen.render.sticky import Draw, draw

UPGRADE = Var("http_upgrade")
WEBSOCKET = Var("nginxgen_websocket")  # ".websocket" for a request that asks for one, else nothing


@dataclass(frozen=True, slots=True)
class Decisions:
    """How a service chooses: rules first, then the draw."""

    rules: tuple[Rule, ...]
    draw: Draw
    maps: tuple[Map, ...]
    # With the name of the location to go on in, or the variable that holds it, where it forks for WebSockets already.
    places: tuple[tuple[Place, Value], ...]

    @property
    def geos(self) -> tuple[Geo, ...]:
        return tuple(rule.geo for rule in self.rules if rule.geo is not None)

    def reached(self) -> tuple[str, ...]:
        """The locations that a decision can name."""
        values: list[Value] = [value for _, value in self.places]
        for made in self.maps:
            values += (made.default, *(row.value for row in made.rows))
        drawn = dict.fromkeys(name for split in self.draw.splits for _, name in split.parts)
        by_weight = (STABLE, *drawn) if drawn else ()
        overridden = (STABLE, CANARY) if self.rules else ()
        named = (value for value in values if isinstance(value, str) and value)
        return tuple(dict.fromkeys((*overridden, *by_weight, *named)))


def decide(service: Service, intent: ServiceIntent, canary: Version | None, *, forks: bool) -> Decisions:
    """`forks`: a WebSocket goes on in `<location>.websocket`. Raises InputError where nginx can't express it."""
    found = rules(service.name, service.override) if canary else ()
    weights = [weight_of(route, intent) for route in service.routes]
    drawn = draw(service.name, canary.name, service.sticky, weights) if canary and service.sticky else Draw()
    by_route = {route: _by_weight(route, intent, canary, drawn.by_weight) for route in service.routes}
    weighed = [(place, *weigh(place, by_route.__getitem__)) for place in places(service.routes)]
    maps = [made for _, _, before in weighed for made in before]
    asked = [(place, value) for place, value, _ in weighed]
    decided, over = _override(found, asked)
    quick = [rule for rule in found if rule.is_quick]
    if forks or len(quick) > 1:
        looked_at = (*((UPGRADE,) if forks else ()), *(rule.source for rule in quick))
        soon, more = _override([rule for rule in found if rule not in quick], asked)
        decided, shortened = _shorten(looked_at, soon, decided, (WEBSOCKET,) if forks else ())
        over += (*(one for one in more if one not in over), *shortened)
    return Decisions(found, drawn, (*maps, *over), decided)


def weight_of(route: Route, intent: ServiceIntent) -> Weight:
    return intent.weights.get(route.name, ZERO)


def is_split(route: Route, intent: ServiceIntent) -> bool:
    return ZERO < weight_of(route, intent) < FULL


def _by_weight(route: Route, intent: ServiceIntent, canary: Version | None, drawn: Mapping[Weight, Value]) -> Value:
    """Where the weight sends a request of this route."""
    weight = weight_of(route, intent)
    if canary is None or weight == ZERO:
        return STABLE
    return CANARY if weight == FULL else drawn.get(weight, f"{route.name}.split")


def _shorten(
    looked_at: tuple[Var, ...],
    soon: Sequence[tuple[Place, Value]],
    full: Sequence[tuple[Place, Value]],
    fork: tuple[Var, ...],
) -> tuple[tuple[tuple[Place, Value], ...], tuple[Map, ...]]:
    """A request in which nothing of this stands takes the short way, where nobody asks for it again.

    One map over the joined values instead of one a rule, and one for WebSockets: most requests have none of them, and
    a map costs more than to look whether a value is there.
    """
    decided: list[tuple[Place, Value]] = []
    maps: list[Map] = []
    for (place, short), (_, value) in zip(soon, full, strict=True):
        if isinstance(value, str):
            decided.append((place, value))
            continue
        parts = value.parts if isinstance(value, Joined) else (value,)
        result = names.variable("place", looked_at, short, value)
        maps.append(Map(Joined(looked_at), result, Joined((*parts, *fork)), (Row("", short),)))
        decided.append((place, result))
    return tuple(decided), tuple({made.result: made for made in maps}.values())


def _override(
    found: Sequence[Rule], asked: Sequence[tuple[Place, Value]]
) -> tuple[tuple[tuple[Place, Value], ...], tuple[Map, ...]]:
    """One place: the chain ends in its weight. Several: the chain is shared, and a map a place adds its weight."""
    if not found:
        return tuple(asked), ()
    if len(asked) == 1:
        [(place, value)] = asked
        decision, maps = chain(found, value)
        return ((place, decision),), maps
    override, maps = chain(found, "")
    decided: list[tuple[Place, Value]] = []
    for place, value in asked:
        result = names.variable("route", override, value)
        maps += (Map(override, result, value, (Row(CANARY, CANARY), Row(STABLE, STABLE))),)
        decided.append((place, result))
    return tuple(decided), tuple({made.result: made for made in maps}.values())
