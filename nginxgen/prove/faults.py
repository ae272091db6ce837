"""Claims about a canary that fails, with fallback: what stable can save is saved, and nothing unsafe runs twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginxgen.explain import Request
from nginxgen.model.service import Fallback
from nginxgen.model.weight import FULL, ZERO
from nginxgen.prove.claim import Ask, Claim, Expected
from nginxgen.prove.roads import Case, road_to, way_to

_SAFE = ("GET", "PUT")  # nginx sends PUT and DELETE again too: they are idempotent (RFC 9110, 9.2.2)
_BY_WORD = {"error": "close", "timeout": "hang"}
_STATUS = {"close": 502, "hang": 504}
_DRAWN = 40


def faults(case: Case) -> Iterator[Claim]:
    """With the canary's stubs told to fail."""
    fallback = case.service.fallback
    if fallback is None or not _is_on(case):
        return
    road = road_to(case, canary=True)
    for word in fallback.on:
        fault = _BY_WORD.get(word) or word.removeprefix("http_")
        if fault not in _STATUS and not fault.isdecimal():
            continue
        if road is not None:
            yield _saved(case, road, fault)
            yield from _not_twice(case, road, fault, fallback)
        if fault != "hang":  # one after the other that would take long
            yield from _drawn(case, _says(fault), fault)
    if road is None and not any(_split(case)):
        yield Claim(case.service.name, "fallback", left_out="no request goes to the canary at this weight")


def refusals(case: Case) -> Iterator[Claim]:
    """With nobody behind the canary's addresses: nothing was sent, so that a POST is saved too."""
    fallback = case.service.fallback
    if fallback is None or "error" not in fallback.on or not _is_on(case):
        return
    road = road_to(case, canary=True)
    if road is not None:
        requests = _with_methods(case, road, *_SAFE, "POST")
        says = f"the canary is gone: {_listed(requests)} served by stable"
        yield Claim(case.service.name, says, tuple(_ask(case, request, "") for request in requests))
    yield from _drawn(case, "the canary is gone", "")


def _is_on(case: Case) -> bool:
    return case.intent.canary is not None and case.intent.canary_on


def _canary_servers(case: Case) -> int:
    return sum(not server.backup for server in case.service.version(case.intent.canary or "").servers)


def _ask(case: Case, request: Request, fault: str) -> Ask:
    saved = Expected(case.intent.stable, pool=case.explain(request).upstream, tries=_canary_servers(case) + 1)
    return Ask(request, saved, fault)


def _saved(case: Case, road: Request, fault: str) -> Claim:
    requests = _with_methods(case, road, *_SAFE)
    says = f"{_says(fault)}: {_listed(requests)} served by stable"
    return Claim(case.service.name, says, tuple(_ask(case, request, fault) for request in requests))


def _with_methods(case: Case, road: Request, *methods: str) -> tuple[Request, ...]:
    """The same request with each of these methods, if it still goes to the same pool: a route may list methods."""
    wanted = case.explain(road).upstream
    made = (replace(road, method=method) for method in methods)
    return tuple(request for request in made if case.explain(request).upstream == wanted)


def _listed(requests: tuple[Request, ...]) -> str:
    """For a sentence: "GET is", "GET and PUT are"."""
    *most, last = (request.method for request in requests)
    return f"{', '.join(most)} and {last} are" if most else f"{last} is"


def _not_twice(case: Case, road: Request, fault: str, fallback: Fallback) -> Iterator[Claim]:
    for post in _with_methods(case, road, "POST"):
        if fallback.retry_unsafe:
            says = f"{_says(fault)}: POST is served by stable (retry_unsafe)"
            yield Claim(case.service.name, says, (_ask(case, post, fault),))
        else:
            ask = Ask(post, Expected(status=_STATUS.get(fault) or int(fault), tries=1), fault)
            yield Claim(case.service.name, f"{_says(fault)}: POST is not sent twice", (ask,))


def _says(fault: str) -> str:
    return {"close": "the canary closes the connection", "hang": "the canary hangs"}.get(
        fault, f"the canary answers {fault}"
    )


def _split(case: Case) -> Iterator[Request]:
    for route in case.service.routes:
        if case.service.sticky is None and ZERO < case.intent.weights.get(route.name, ZERO) < FULL:
            way = way_to(case, route)
            if way is not None and way.method == "GET":
                yield way


def _drawn(case: Case, says: str, fault: str) -> Iterator[Claim]:
    for way in _split(case):
        asks = (Ask(way, Expected(case.intent.stable), fault),) * _DRAWN
        yield Claim(case.service.name, f"{says}: no GET of {way.path} fails in the split", asks)
