"""Requests that lead somewhere: to a service, a location, a version. Pure; `explain` says where a request goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from itertools import islice
from urllib.parse import quote

from nginxgen.errors import InputError
from nginxgen.explain import Explanation, Request, explain
from nginxgen.explain.headers import to_bytes
from nginxgen.explain.places import Place, place_of, places, route_of
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import PathMatch, Route, Service, Signal, Source, Users

STRANGER = Request(address="192.0.2.1")  # RFC 5737: an address that nobody has
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
_KEYS = 2_000
_SIMPLE = (
    (r"\(\?<?[!=][^()]*\)", ""), (r"\(\?(?:<\w+>|:)", "("), (r"\\[dD]", "1"), (r"\\w", "a"), (r"\\b", ""),
    (r"\[\^[^\]]*\]", "~"), (r"\[\\?(.)[^\]]*\]", r"\1"), (r"\{(\d+)(?:,\d*)?\}", ""),
    (r"\(([^()|]*)(?:\|[^()]*)?\)", r"\1"), (r"(?<!\\)\.[*+]?", "x"), (r"(?<!\\)[\^$]", ""),
    (r"(?<!\\)[?*+]", ""), (r"\\(.)", r"\1"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A service as asked for."""

    service: Service
    intent: ServiceIntent

    @property
    def places(self) -> tuple[Place, ...]:
        return places(self.service.routes)

    def explain(self, request: Request) -> Explanation:
        return explain(self.service, self.intent, request)


def host_of(service: Service) -> str:
    """A Host header that belongs to it."""
    name = next(iter(service.server_names), "_")
    if name == "_":
        return "nginxgen.invalid"
    return name.replace("*.", "proof.").removesuffix("*") + ("com" if name.endswith(".*") else "")


def path_to(case: Case, place: Place) -> str | None:
    """A path that this location takes and no other; None where none was found."""
    base = place.path if place.match is not PathMatch.REGEX else _from_regex(place.path)
    tails = ("", "nginxgen-proof", "/nginxgen-proof", "/nginxgen/proof")
    tried = [f"{base}{tail}" for tail in tails] + [smoke.path for smoke in case.service.smoke]
    for path in tried:
        if path.startswith("/") and place_of(to_bytes(path), case.places) == place and "//" not in path:
            return quote(to_bytes(path), safe="/-._~!$&'()*+,;=:@")
    return None


def _from_regex(pattern: str) -> str:
    """A guess that is right for the patterns that people write; who uses it looks whether it matches."""
    text = pattern
    for look, instead in _SIMPLE:
        text = re.sub(look, instead, text)
    return text if text.startswith("/") else f"/{text}"


def base_of(case: Case) -> Request | None:
    """A request that carries nothing."""
    paths = (path_to(case, place) for place in case.places)
    return next((replace(STRANGER, path=path) for path in paths if path is not None), None)


def way_to(case: Case, route: Route) -> Request | None:
    """A request that this route takes."""
    for place in case.places:
        if route in place.routes and (path := path_to(case, place)) is not None:
            for method in (*route.methods, *_METHODS):
                if route_of(method, place) == route:
                    return replace(STRANGER, path=path, method=method)
    return None


def road_to(case: Case, *, canary: bool) -> Request | None:
    """A GET that certainly goes to this version's own pool."""
    wanted = f"{case.service.name}.{'canary' if canary else 'stable'}"
    return next((request for request in _roads(case) if case.explain(request).upstream == wanted), None)


def _roads(case: Case) -> Iterator[Request]:
    paths = [path for place in case.places if (path := path_to(case, place)) is not None]
    for path in paths:
        base = replace(STRANGER, path=path)
        yield base
        override = case.service.override
        for rule in (override.header, override.cookie, override.users):
            if rule is not None:
                yield from (carrying(base, rule, word) for word in (*rule.canary[:1], *rule.stable[:1]))
        if override.networks is not None:
            for network in (*override.networks.canary, *override.networks.stable):
                yield replace(base, address=str(ip_network(network)[0]))
        if case.service.sticky is not None:
            yield from islice(clients(case.service, base), 200)


def carrying(base: Request, rule: Signal | Users, word: str) -> Request:
    return with_value(base, rule.source, rule.name, word)


def with_value(base: Request, source: Source, name: str, value: str) -> Request:
    """The request with one thing more in it. Raises InputError where HTTP can't have it there."""
    match source:
        case Source.HEADER:
            made = replace(base, headers=(*base.headers, (name, value)))
        case Source.COOKIE:
            made = replace(base, cookies=(*base.cookies, (name, value)))
        case Source.QUERY:
            made = replace(base, query="&".join(filter(None, (base.query, f"{name}={value}"))))
        case Source.ADDRESS:
            made = replace(base, address=value)
    return made.checked()


def clients(service: Service, base: Request) -> Iterator[Request]:
    """Requests of many clients, each with a key of its own for `sticky`."""
    sticky = service.sticky
    if sticky is None:
        return
    for number in range(_KEYS):
        key = str(ip_address("10.0.0.1") + number) if sticky.source is Source.ADDRESS else f"nginxgen-proof-{number}"
        yield with_value(base, sticky.source, sticky.name, key)


def sendable(base: Request, rule: Signal | Users, words: tuple[str, ...]) -> tuple[Request, ...]:
    """A request a word, without the words that HTTP can't carry there."""
    found = []
    for word in words:
        try:
            found.append(carrying(base, rule, word))
        except InputError:
            continue
    return tuple(found)
