"""One service and its intent, worked out to what its file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nginxgen.errors import InputError
from nginxgen.model.host import Host
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import PathMatch, RealIp, Service, Version
from nginxgen.render import logged, names
from nginxgen.render.decide import WEBSOCKET, Decisions, decide, is_split, weight_of
from nginxgen.render.maps import Map, Value
from nginxgen.render.places import Place
from nginxgen.render.pools import Tries, Upstream, canary_pool, checked, pool, split_pool, tries
from nginxgen.render.quote import Joined, Var
from nginxgen.render.rules import CANARY, CONTROL, STABLE, network
from nginxgen.render.served import served
from nginxgen.render.view import Headers, Hop, Location, Mirror, Named, Telling, View

_ASKED = Var("nginxgen_asked")  # the version that was decided on
_MIRROR = "mirror"
# A reload closes the idle connections of clients, who may have just sent a request on one (2,000 of 2,000 such requests
# failed); longer than a client of the like of a proxy waits between two requests, shorter than old workers should stay.
_SPARED = "10s"
_KEEPALIVE_MIN_TIMEOUT = (1, 27, 4)
_MIRROR_TIMEOUT = "3s"


@dataclass(frozen=True, slots=True)
class _Case:
    """What everything below is worked out from."""

    service: Service
    intent: ServiceIntent
    stable: Version
    canary: Version | None  # None: there is none, or it is off
    decisions: Decisions
    deciders: logged.Deciders  # for the metrics log
    forks: bool  # a WebSocket goes on in a location of its own

    @property
    def hops_differ(self) -> bool:
        """Whether hops have headers of their own. The user's would be lost there."""
        return self.canary is not None and not self.service.may_set_headers

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
    if service.mirror and service.protocol.is_grpc:
        raise InputError("mirror: nginx can't copy gRPC, which is all POST", hint="leave mirror out")
    stable = _version(service, intent.stable)
    canary = _version(service, intent.canary) if intent.canary is not None and intent.canary_on else None
    forks = _forks(service, canary)
    decisions = decide(service, intent, canary, forks=forks)
    case = _Case(service, intent, stable, canary, decisions, logged.deciders(service, intent, decisions), forks)
    upstreams, made = tuple(_upstreams(case)), _served(case)
    locations = [_location(case, place, value) for place, value in decisions.places]
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
            *((made,) if made else ()),
            *case.deciders.maps,
            *dict.fromkeys(one for _, maps in locations for one in maps),
        ),
        listens=tuple(_listen(listen, host.bind) for listen in service.listen),
        server_names=tuple(names.server_name(name) for name in service.server_names),
        real_ip=_real_ip(service.real_ip),
        telling=_telling(case, made),
        spared=_SPARED if host.nginx.build is not None and host.nginx.build.is_from(_KEEPALIVE_MIN_TIMEOUT) else None,
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


def _served(case: _Case) -> Map | None:
    """Who answered, by address; None where the hop says it all."""
    if not case.service.version_header or case.canary is None:
        return None
    pools = tuple(upstream.name for upstream in _upstreams(case))
    weighted = any(is_split(route, case.intent) for route in case.service.routes) and not case.service.sticky
    if not case.tries and not weighted:
        return None
    otherwise: Value = "" if case.tries or case.hops_differ else _ASKED
    return served((case.stable, case.canary), pools, otherwise)


def _telling(case: _Case, made: Map | None) -> Telling | None:
    if not case.service.version_header:
        return None
    if case.canary is None:
        only = Joined((case.stable.name,))
        return Telling(None, only, only)
    if case.hops_differ:
        return Telling(None, None, "")
    return Telling(_ASKED, made.result if made else _ASKED, _ASKED)


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
        return Location(place.match, place.path, _hop(case, value, route, direct=True), None), maps
    parts = value.parts if isinstance(value, Joined) else (value,)
    fork = (WEBSOCKET,) if case.forks and isinstance(value, str) else ()  # a variable has it already
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


def _forks(service: Service, canary: Version | None) -> bool:
    """The limit of time that fallback needs would cut a WebSocket that is silent; and all other requests are spared the
    variables of its headers.
    """
    return canary is not None and not service.protocol.is_grpc and bool(service.fallback or not service.may_set_headers)


def _named(case: _Case) -> Iterator[Named]:
    if all(_is_direct(case, place, value) for place, value in case.decisions.places):
        return
    reached = case.decisions.reached()
    for name in reached:
        yield Named(name, _hop(case, name, logged.route_of(case.service, name)))
    if case.forks:
        for name in reached:
            yield Named(f"{name}.websocket", _hop(case, name, logged.route_of(case.service, name), patient=True))


def _hop(case: _Case, name: str, route: Value, *, direct: bool = False, patient: bool = False) -> Hop:
    """`direct`: for requests of every kind; `patient`: for WebSockets; else for all others."""
    stable = name in (STABLE, CONTROL)
    versions = {name: case.stable.name} if stable else {CANARY: case.canary.name if case.canary else ""}
    version = versions.get(name, "")
    told = version if case.service.version_header else None
    websocket = direct or patient or not case.forks
    return Hop(
        upstream=names.upstream(case.service.name, STABLE if stable else name),
        version=version,
        tries=None if stable else case.tries,
        patient=patient,
        mirrored=case.mirrors and stable and not patient,
        headers=Headers(websocket, told) if case.hops_differ and not (websocket and told is None) else None,
        answer=tuple(_answer(case, name, version)),
        logged=_logged(case, name, route, version),
    )


def _answer(case: _Case, name: str, version: str) -> Iterator[tuple[str, Value]]:
    """What the client is told. All of it, as a location with one such header has none of the server's."""
    if not case.service.version_header or not case.hops_differ:
        return
    made = _served(case)
    sure = name in (STABLE, CONTROL) or (name == CANARY and case.tries is None)
    yield "X-Gray-Version", Joined((version,)) if sure or made is None else made.result
    if case.decisions.draw.issue:
        yield "Set-Cookie", case.decisions.draw.issue.result


def _logged(case: _Case, name: str, route: Value, version: str) -> Value | None:
    if not case.service.metrics.log:
        return None
    rule = "-" if case.canary is None else case.deciders.of.get(name, "weight")  # no override leads to a split
    rule = CONTROL if name == CONTROL else rule
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
