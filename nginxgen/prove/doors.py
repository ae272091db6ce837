"""Claims about TLS, on both sides, and about the copies of `mirror`; and what is not tried, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginxgen.explain import Request
from nginxgen.model.service import Protocol
from nginxgen.prove.claim import Ask, Claim, Expected
from nginxgen.prove.extra import left_out
from nginxgen.prove.moved import has_tls
from nginxgen.prove.roads import Case, base_of, host_of, road_to

_UNTRIED = ("http2", "quic", "proxy_protocol")  # words of `listen` that the client here does not speak
_MOST = 5  # directives that are named


def doors(case: Case) -> Iterator[Claim]:
    """TLS listeners, and https to the backends."""
    ways = tuple(_ways(case))
    if has_tls(case.service) and ways:
        says = "over TLS (a certificate of the proof's own) each version answers, and is told https"
        expected = {} if "X-Forwarded-Proto" in case.service.server_extra else {"x-nginxgen-scheme": "https"}
        asks = tuple(Ask(way, Expected(name, headers=expected), tls=True) for way, name in ways)
        yield Claim(case.service.name, says, asks)
    own = any(word in case.service.server_extra for word in ("proxy_ssl_name", "proxy_ssl_server_name", "include"))
    if case.service.protocol is Protocol.HTTPS and ways and own:
        yield Claim(case.service.name, "SNI to the backends", left_out="server_extra may have a name of its own for it")
    elif case.service.protocol is Protocol.HTTPS and ways:
        sni = {"x-nginxgen-sni": host_of(case.service)}
        asks = tuple(Ask(way, Expected(name, headers=sni)) for way, name in ways)
        yield Claim(case.service.name, "the backends are asked by https, with the name of the request (SNI)", asks)


def copies(case: Case) -> Iterator[Claim]:
    """The canary gets a copy of what stable answers, and what it says of that is dropped."""
    canary = case.intent.canary
    if not case.service.mirror or canary is None or not case.intent.canary_on:
        return
    road = road_to(case, canary=False)
    if road is None:
        yield Claim(case.service.name, "mirror", left_out="no request is known that certainly goes to stable")
        return
    safe = Expected(case.intent.stable, copied=(canary,))
    asks = (Ask(road, safe), Ask(road, safe, "500"), Ask(road, safe, "close"))
    says = f"mirror: a copy of a GET reaches {canary}, whose answer is dropped, also where it fails"
    yield Claim(case.service.name, says, asks)
    post = replace(road, method="POST")
    if case.explain(post).upstream == case.explain(road).upstream:
        only = Expected(case.intent.stable, copied=())
        yield Claim(case.service.name, "mirror: no copy of a POST is made", (Ask(post, only),))


def untried(case: Case) -> Iterator[Claim]:
    """What is taken out, or stands in for something else: nobody shall think that it was tried."""
    service = case.service
    words = dict.fromkeys(word for listen in service.listen for word in listen.split()[1:] if word in _UNTRIED)
    if words:
        yield Claim(service.name, f"listen: {', '.join(words)}", left_out="the client here speaks HTTP/1.1 only")
    if service.protocol.is_grpc:
        why = "these were tried over HTTP in its place; a call to each version, and to one that is gone, over HTTP/2"
        yield Claim(service.name, f"{service.protocol}: routes, rules and shares", left_out=why)
    taken = left_out(service.server_extra)
    if taken:
        more = f" and {len(taken) - _MOST} more" if len(taken) > _MOST else ""
        why = "what says who may come in, and what only the host has, was taken out, so that the rest could be tried"
        yield Claim(service.name, f"server_extra: {'; '.join(taken[:_MOST])}{more}", left_out=why)


def _ways(case: Case) -> Iterator[tuple[Request, str | None]]:
    """A request to each version that one certainly goes to; else any request."""
    found: list[tuple[Request, str | None]] = []
    names = (case.intent.stable, case.intent.canary if case.intent.canary_on else None)
    for name, canary in zip(names, (False, True), strict=True):
        road = None if name is None else road_to(case, canary=canary)
        if road is not None:
            found.append((road, name))
    base = base_of(case)
    yield from found or ([(base, None)] if base is not None else [])
