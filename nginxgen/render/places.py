"""Routes as nginx sees them: one location a path, in which the method picks the route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nginxgen.errors import InputError
from nginxgen.model.service import PathMatch, Route
from nginxgen.render import names
from nginxgen.render.maps import Map, Row, Value
from nginxgen.render.quote import Var
from nginxgen.render.rules import STABLE

Decide = Callable[[Route], Value]
"""Where the weight of a route sends a request: the name of a location, or the variable that holds it."""


@dataclass(frozen=True, slots=True)
class Place:
    """All routes of one path."""

    match: PathMatch
    path: str
    routes: tuple[Route, ...]


def places(routes: Sequence[Route]) -> tuple[Place, ...]:
    """In the order in which their paths come first. Raises InputError."""
    found: dict[tuple[PathMatch, str], list[Route]] = {}
    for route in routes:
        if route.match is not PathMatch.REGEX:
            names.path(route.path)
        found.setdefault((route.match, route.path), []).append(route)
    made = tuple(Place(match, path, tuple(its)) for (match, path), its in found.items())
    for place in made:
        _refuse_twice(place)
    return made


def weigh(place: Place, decide: Decide) -> tuple[Value, tuple[Map, ...]]:
    """The weight's decision in a place, with the map that makes it where the method matters.

    A method that no route of the place lists goes to its route without methods; where there is none, to stable: a
    request that stable can serve is never refused.
    """
    by_method = dict(_by_method(place, decide))
    rest = next((decide(route) for route in place.routes if not route.methods), STABLE)
    differ = {method: value for method, value in by_method.items() if value != rest}
    if not differ:
        return rest, ()
    rows = tuple(Row(method, value) for method, value in differ.items())
    result = names.variable("methods", rest, rows)
    return result, (Map(Var("request_method"), result, rest, rows),)


def _by_method(place: Place, decide: Decide) -> Iterator[tuple[str, Value]]:
    """HEAD goes with GET, as everywhere in nginx, unless a route lists it by itself."""
    listed = {method for route in place.routes for method in route.methods}
    for route in place.routes:
        for method in route.methods:
            yield names.method(method), decide(route)
            if method == "GET" and "HEAD" not in listed:
                yield "HEAD", decide(route)


def _refuse_twice(place: Place) -> None:
    listed = Counter(method for route in place.routes for method in route.methods or ("any method",))
    twice = [method for method, times in listed.items() if times > 1]
    if twice:
        both = " and ".join(route.name for route in place.routes if twice[0] in (route.methods or ("any method",)))
        raise InputError(f"routes {both} both take {twice[0]} of {place.path[:80]}")
