"""explain: the way of one request through the rules, from the first to the one that decides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nginxgen.explain import headers
from nginxgen.explain.address import client
from nginxgen.explain.dialect import Dialect
from nginxgen.explain.explanation import Decider, Explanation
from nginxgen.explain.overrides import Read, opinions
from nginxgen.explain.places import Place, place_of, places, route_of
from nginxgen.explain.request import Request
from nginxgen.explain.uri import Uri, parse
from nginxgen.explain.weights import share
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import Route, Service
from nginxgen.model.weight import FULL, ZERO, Weight

_OLDEST = Dialect()
_STATIC = frozenset({"GET", "HEAD", "POST"})  # what nginx looks for a file for, where no location takes a path
_NOT_ALLOWED = frozenset({"TRACE", "CONNECT"})


def explain(service: Service, intent: ServiceIntent, request: Request, dialect: Dialect = _OLDEST) -> Explanation:
    """Who decides, and why. What `server_extra` does to a request is not looked at.

    Raises InputError where a regular expression of a route can't be judged here, or an address is none.
    """
    uri = parse(headers.to_bytes(request.target))
    if uri is None:
        return _refused(400, "nginx refuses this path")
    if request.method in _NOT_ALLOWED:
        return _refused(405, f"nginx does not pass on {request.method}")
    place = place_of(uri.path, places(service.routes))
    path = uri.path.decode("utf-8", "backslashreplace")
    if place is None:
        return replace(_refused(404 if request.method in _STATIC else 405, f"no route takes {path}"), path=path)
    found = _decided(_Way(service, intent, _read(service, request, uri, dialect), place, request.method))
    return replace(found, path=path)


@dataclass(frozen=True, slots=True)
class _Way:
    """What the decision is made of."""

    service: Service
    intent: ServiceIntent
    read: Read
    place: Place
    method: str

    @property
    def route(self) -> Route | None:
        return route_of(self.method, self.place)

    @property
    def weight(self) -> Weight:
        return ZERO if self.route is None else self.intent.weights.get(self.route.name, ZERO)


def _refused(status: int, why: str) -> Explanation:
    return Explanation(Decider.NGINX, (f"{why}: it answers {status}",), status=status)


def _read(service: Service, request: Request, uri: Uri, dialect: Dialect) -> Read:
    return Read(request, uri.args, client(request, service.real_ip), dialect)


def _decided(way: _Way) -> Explanation:
    reasons = [_taken(way)]
    if way.intent.canary is None:
        return _version(way, Decider.NO_CANARY, [*reasons, "there is no canary"], canary=False)
    if not way.intent.canary_on:
        return _version(way, Decider.CANARY_OFF, [*reasons, f"the canary {way.intent.canary} is off"], canary=False)
    for opinion in opinions(way.service.override, way.read):
        reasons.append(opinion.why)
        if opinion.canary is not None:
            return _version(way, opinion.rule, reasons, canary=opinion.canary)
    return _by_weight(way, reasons, way.intent.canary)


def _by_weight(way: _Way, reasons: list[str], canary: str) -> Explanation:
    drawn = share(way.service, canary, way.weight, way.read)
    if drawn.canary is not None:
        rule = Decider.CONTROL if drawn.control else Decider.WEIGHT
        found = _version(way, rule, [*reasons, drawn.why], canary=drawn.canary)
        return replace(found, bucket=drawn.bucket)
    rest = Weight(FULL.hundredths - way.weight.hundredths)
    assert way.route is not None  # noqa: S101  (for the type checker: only a route has a weight that isn't 0)
    return Explanation(
        Decider.WEIGHT,
        (*reasons, f"{drawn.why}: {way.weight} % to {canary}, {rest} % to {way.intent.stable}"),
        shares={canary: way.weight, way.intent.stable: rest},
        route=way.route.name,
        upstream=f"{way.service.name}.{way.route.name}.split" if drawn.by_request else None,
    )


def _version(way: _Way, rule: Decider, reasons: list[str], *, canary: bool) -> Explanation:
    version = way.intent.canary if canary else way.intent.stable
    *before, last = reasons
    return Explanation(
        rule,
        (*before, f"{last}: {'canary' if canary else 'stable'} {version}"),
        version=version,
        route=None if way.route is None else way.route.name,
        upstream=f"{way.service.name}.{'canary' if canary else 'stable'}",
    )


def _taken(way: _Way) -> str:
    if way.route is None:
        return f"no route of {way.place.says} takes {way.method}: its weight is 0"
    return f"route {way.route.name} ({way.place.says}) takes the path"
