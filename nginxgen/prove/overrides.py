"""Claims about the rules that beat the weight: each word, each network, and who beats whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from itertools import combinations

from nginxgen.explain import Request
from nginxgen.model.service import Networks, Signal, Users
from nginxgen.prove.claim import Ask, Claim, Expected
from nginxgen.prove.roads import Case, base_of, sendable

_MANY = 200  # of a longer list so many words are tried, evenly chosen


def overrides(case: Case, base: Request) -> Iterator[Claim]:
    """`base` is a request that carries nothing yet."""
    for rule in _rules(case):
        for canary in (True, False):
            yield from _words(case, base, rule, canary=canary)
        yield _no_opinion(case, base, rule)
    if case.service.override.networks is not None:
        yield from _networks(case, base, case.service.override.networks)
    yield from _precedence(case, base)


def after_emergency(case: Case) -> Iterator[Claim]:
    """What asked for the canary gets stable."""
    base = base_of(case)
    if base is None:
        return
    requests = [base, *(request for rule in _rules(case) for request in sendable(base, rule, rule.canary[:1]))]
    if case.service.override.networks is not None:
        requests += [
            replace(base, address=str(ip_network(one)[0])) for one in case.service.override.networks.canary[:1]
        ]
    asks = tuple(Ask(request, Expected(case.intent.stable)) for request in requests)
    yield Claim(case.service.name, "after emergency nobody reaches the canary", asks)


def _rules(case: Case) -> tuple[Signal | Users, ...]:
    override = case.service.override
    return tuple(rule for rule in (override.header, override.cookie, override.users) if rule is not None)


def _version(case: Case, *, canary: bool) -> str:
    return (case.intent.canary if canary else None) or case.intent.stable


def _says(rule: Signal | Users) -> str:
    return f"{'users by ' if isinstance(rule, Users) else ''}{rule.source} {rule.name}"


def _words(case: Case, base: Request, rule: Signal | Users, *, canary: bool) -> Iterator[Claim]:
    words = rule.canary if canary else rule.stable
    if not words:
        return
    chosen = _evenly(words)
    # nginx compares without case: so does the proof
    asks = sendable(base, rule, tuple(dict.fromkeys((*chosen, *map(_swapped, chosen)))))
    version = _version(case, canary=canary)
    listed = ", ".join(words) if len(words) <= 6 else f"{len(chosen)} of {len(words)} ids"  # noqa: PLR2004  (fits a line)
    yield Claim(
        case.service.name, f"{_says(rule)} = {listed}: {version}", tuple(Ask(one, Expected(version)) for one in asks)
    )


def _no_opinion(case: Case, base: Request, rule: Signal | Users) -> Claim:
    """Neither word: decided as if the value were not there."""
    requests = sendable(base, rule, ("nginxgen-proof", "truee", "00"))
    asks = (_as_explained(case, request) for request in requests)
    return Claim(case.service.name, f"{_says(rule)} with any other value: the next rule decides", tuple(asks))


def _as_explained(case: Case, request: Request) -> Ask:
    found = case.explain(request)
    return Ask(request, Expected(found.version, pool=found.upstream))


def _networks(case: Case, base: Request, networks: Networks) -> Iterator[Claim]:
    for canary, texts in ((True, networks.canary), (False, networks.stable)):
        version = _version(case, canary=canary)
        asks = [
            Ask(replace(base, address=address), Expected(version))
            for text in _evenly(texts)
            for address in _own_addresses(text, (*networks.canary, *networks.stable))
        ]
        if texts:
            yield Claim(case.service.name, f"networks {', '.join(texts[:4])}: {version}", tuple(asks))


def _own_addresses(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Its first and its last address, if no narrower network of the list has them."""
    network = ip_network(text)
    narrower = [
        other for one in known if (other := ip_network(one)).version == network.version
        and other.prefixlen > network.prefixlen
    ]  # fmt: skip
    ends = dict.fromkeys((network[0], network[-1]))
    return tuple(str(address) for address in ends if not any(address in other for other in narrower))


def _precedence(case: Case, base: Request) -> Iterator[Claim]:
    for first, second in combinations(_rules(case), 2):
        if (first.source, first.name.lower()) == (second.source, second.name.lower()):
            continue
        asks = []
        for canary in (True, False):
            ours, theirs = (first.canary, second.stable) if canary else (first.stable, second.canary)
            for one in sendable(base, first, ours[:1]):
                both = sendable(one, second, theirs[:1])
                asks += [Ask(request, Expected(_version(case, canary=canary))) for request in both]
        if asks:
            yield Claim(case.service.name, f"{_says(first)} beats {_says(second)}", tuple(asks))


def _evenly(words: Sequence[str]) -> tuple[str, ...]:
    step = max(1, -(-len(words) // _MANY))
    return tuple(words[::step])


def _swapped(word: str) -> str:
    """ASCII letters only, as nginx compares them."""
    return word.swapcase() if word.isascii() else word
