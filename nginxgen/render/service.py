"""One service and its intent, worked out to what its file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nginxgen.errors import InputError
from nginxgen.model.host import Host
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import PathMatch, Protocol, RealIp, Service, Version
from nginxgen.render import logged, names
from nginxgen.render.decide import Decisions, decide, is_split, weight_of
from nginxgen.render.maps import Map, Value
from nginxgen.render.places import Place
from nginxgen.render.pools import Tries, Upstream, canary_pool, checked, pool, split_pool, tries
from nginxgen.render.quote import Joined, Var
from nginxgen.render.rules import CANARY, STABLE, network
from nginxgen.render.served import served
from nginxgen.render.view import Hop, Location, Mirror, Named, Telling, View

_WEBSOCKET = Var("nginxgen_websocket")  # ".websocket" for a request that asks for one, else nothing
_ASKED = Var("nginxgen_asked")  # the version that was decided on
_MIRROR = "mirror"
_MIRROR_TIMEOUT = "3s"
_GRPC = (Protocol.GRPC, Protocol.GRPCS)


@dataclass(frozen=True, slots=True)
class _Case:
    """What everything below is worked out from."""

    service: Service
    intent: ServiceIntent
    stable: Version
    canary: Version | None  # None: there is none, or it is off
    decisions: Decisions
    deciders: logged.Deciders  # for the metrics log

    @property
    def tries(self) -> Tries | None:
        fallback = self.service.fallback
        return tries(fallback, self.canary) if fallback and self.canary else None

    @property
    def mirrors(self) -> bool:
        return self.service.mirror and self.canary is not None


def view(service: Service, intent: ServiceIntent, host: Host) -> View:
    """Raises InputError where the service and the intent do not fit, or a value can't be expressed in nginx."""
    names.safe(service.name, "service")
    for route in service.routes:
        names.safe(route.name, "route")
    if service.mirror and service.protocol in _GRPC:
        raise InputError("mirror: nginx can't copy gRPC, which is all POST", hint="leave mirror out")
    stable = _version(service, intent.stable)
    canary = _version(service, intent.canary) if intent.canary is not None and intent.canary_on else None
    decisions = decide(service, intent, canary)
    case = _Case(service, intent, stable, canary, decisions, logged.deciders(service, intent, decisions))
    upstreams = tuple(_upstreams(case))
    locations = [_location(case, place, value) for place, value in decisions.places]
    telling, made = _telling(case, upstreams)
    return View(
        name=service.name,
        title=tuple(_title(service, intent, canary)),
        protocol=service.protocol,
        upstreams=upstreams,
        precedence=tuple(_precedence(case)),
        keys=decisions.draw.key,
        splits=decisions.draw.splits,
        geos=decisions.geos,
        maps=(
            *decisions.maps,
            *made,
            *case.deciders.maps,
            *dict.fromkeys(one for _, maps in locations for one in maps),
        ),
        listens=tuple(_listen(listen, host.bind) for listen in service.listen),
        server_names=tuple(names.server_name(name) for name in service.server_names),
        real_ip=_real_ip(service.real_ip),
        telling=telling,
        salt=decisions.draw.salt,
        issue=decisions.draw.issue.result if decisions.draw.issue else None,
        mirror=_mirror(case),
        locations=tuple(location for location, _ in locations),
        named=tuple(_named(case)),
        extra=service.server_extra,
    )


def _version(service: Service, name: str) -> Version:
    version = next((version for version in service.versions if version.name == name), None)
    if version is None:
        known = ", ".join(version.name for version in service.versions)
        raise InputError(f"there is no version {name!r}", hint=f"its versions: {known}")
    return checked(version)


def _real_ip(asked: RealIp | None) -> RealIp | None:
    if asked is None:
        return None
    names.header(asked.header)
    return RealIp(tuple(dict.fromkeys(network(proxy) for proxy in asked.proxies)), asked.header)


def _title(service: Service, intent: ServiceIntent, canary: Version | None) -> Iterator[str]:
    if canary is None:
        off = f" (canary {intent.canary} is off)" if intent.canary else ""
        yield f"{service.name}: {intent.stable}{off}"
        return
    yield f"{service.name}: stable {intent.stable}, canary {canary.name}"
    for route in service.routes:
        yield f"route {route.name}: {weight_of(route, intent)} % to {canary.name}"


def _precedence(case: _Case) -> Iterator[str]:
    yield from (rule.says for rule in case.decisions.rules)
    sticky = case.service.sticky
    if sticky and case.decisions.draw.splits:
        yield f"weight by {sticky.source} {sticky.name}".rstrip()
    elif case.decisions.rules:
        yield "weight"


def _upstreams(case: _Case) -> Iterator[Upstream]:
    service, canary = case.service, case.canary
    yield pool(names.upstream(service.name, STABLE), case.stable)
    if canary is None:
        return
    named = names.upstream(service.name, CANARY)
    yield canary_pool(named, case.stable, canary) if service.fallback else pool(named, canary)
    for route in service.routes:
        if is_split(route, case.intent) and not service.sticky:
            weight = weight_of(route, case.intent)
            yield split_pool(service.name, route.name, weight, case.stable, canary, fallback=service.fallback)
    if service.mirror and service.fallback:
        yield pool(names.upstream(service.name, _MIRROR), canary)  # without stable behind it


def _telling(case: _Case, upstreams: Sequence[Upstream]) -> tuple[Telling | None, tuple[Map, ...]]:
    if not case.service.version_header:
        return None, ()
    if case.canary is None:
        return Telling(None, Joined((case.stable.name,))), ()
    asked = _ASKED
    sure = not case.tries and not any(upstream.weighted for upstream in upstreams)
    if sure:
        return Telling(asked, asked), ()
    pools = tuple(upstream.name for upstream in upstreams)
    otherwise: Value = "" if case.tries else asked
    made = served((case.stable, case.canary), pools, otherwise)
    return Telling(asked, made.result), (made,)


def _mirror(case: _Case) -> Mirror | None:
    if not case.mirrors or case.canary is None:
        return None
    fallback = case.service.fallback
    part, timeout = (_MIRROR, fallback.timeout) if fallback else (CANARY, _MIRROR_TIMEOUT)
    return Mirror(names.upstream(case.service.name, part), case.canary.name, timeout)


def _location(case: _Case, place: Place, value: Value) -> tuple[Location, tuple[Map, ...]]:
    """With the maps that it needs for the metrics log."""
    route, maps = logged.route_here(place) if case.service.metrics.log else ("", ())
    if isinstance(value, str) and _is_direct(case, place, value):
        return Location(place.match, place.path, _hop(case, value, route), None), maps
    parts = value.parts if isinstance(value, Joined) else (value,)
    fork = (_WEBSOCKET,) if _forks(case) else ()
    shared = route if case.service.metrics.log and len(case.service.routes) > 1 else None
    return Location(place.match, place.path, None, Joined(("@", *parts, *fork)), shared), maps


def _is_direct(case: _Case, place: Place, value: Value) -> bool:
    """Whether nothing is to be decided.

    A location whose path ends in / and that passes on by itself answers /x with a redirect to /x/ (proxy_pass sets
    auto_redirect), and one with a decision does not: such a place always goes by the named location, so that a weight
    changes no answer.
    """
    redirects = place.match is not PathMatch.REGEX and place.path != "/" and place.path.endswith("/")
    return isinstance(value, str) and (value == STABLE or case.tries is None) and not redirects


def _forks(case: _Case) -> bool:
    """The limit of time that fallback needs would cut a WebSocket that is silent."""
    return case.tries is not None and case.service.protocol not in _GRPC


def _named(case: _Case) -> Iterator[Named]:
    if all(_is_direct(case, place, value) for place, value in case.decisions.places):
        return
    reached = case.decisions.reached()
    for name in reached:
        yield Named(name, _hop(case, name, logged.route_of(case.service, name)))
    if _forks(case):
        for name in reached:
            yield Named(f"{name}.websocket", _hop(case, name, logged.route_of(case.service, name), patient=True))


def _hop(case: _Case, name: str, route: Value, *, patient: bool = False) -> Hop:
    versions = {STABLE: case.stable.name, CANARY: case.canary.name if case.canary else ""}
    return Hop(
        upstream=names.upstream(case.service.name, name),
        version=versions.get(name, ""),
        tries=None if name == STABLE else case.tries,
        patient=patient,
        mirrored=case.mirrors and name == STABLE and not patient,
        logged=_logged(case, name, route, versions.get(name, "")),
    )


def _logged(case: _Case, name: str, route: Value, version: str) -> Value | None:
    if not case.service.metrics.log:
        return None
    rule = "-" if case.canary is None else case.deciders.of.get(name, "weight")  # no override leads to a split
    return logged.line(case.service.name, route, rule, version)


def _listen(listen: str, bind: str | None) -> tuple[str, ...]:
    """The arguments of one `listen`; a bare port is bound to the host's address, if it has one."""
    arguments: Sequence[str] = listen.split()
    if not arguments:
        raise InputError("an empty listen")
    if bind is None or not arguments[0].isdecimal():
        return tuple(arguments)
    address = f"[{bind}]" if ":" in bind and not bind.startswith("[") else bind
    return (f"{address}:{arguments[0]}", *arguments[1:])
