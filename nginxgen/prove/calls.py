"""Claims about gRPC: calls over HTTP/2 to every version that one certainly goes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginxgen.explain import Request
from nginxgen.prove.claim import Ask, Claim, Expected
from nginxgen.prove.roads import Case, road_to

_TRAILERS = ("TE", "trailers")


def calls(case: Case) -> Iterator[Claim]:
    """With stubs that speak HTTP/2 only."""
    if case.service.protocol.is_grpc:
        for name, call in _calls(case):
            says = f"{case.service.protocol}: a call reaches {name} over HTTP/2"
            yield Claim(case.service.name, says, (Ask(call, Expected(name)),))


def refused_calls(case: Case) -> Iterator[Claim]:
    """With nobody behind the canary's addresses: nothing was sent, so that every call is saved."""
    fallback = case.service.fallback
    if case.service.protocol.is_grpc and fallback is not None and "error" in fallback.on:
        for name, call in _calls(case):
            if name == case.intent.canary:
                says = f"{case.service.protocol}: the canary is gone: a call is served by stable over HTTP/2"
                yield Claim(case.service.name, says, (Ask(call, Expected(case.intent.stable)),))


def _calls(case: Case) -> Iterator[tuple[str, Request]]:
    canary = case.intent.canary if case.intent.canary_on else None
    for name, to_canary in ((case.intent.stable, False), (canary, True)):
        road = None if name is None else road_to(case, canary=to_canary)
        if name is not None and road is not None:
            call = replace(road, method="POST", headers=(*road.headers, _TRAILERS))
            if case.explain(call).upstream == case.explain(road).upstream:
                yield name, call
