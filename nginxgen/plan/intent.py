"""What is intended: the weights asked for now, over those that the hosts have, over 0 for what is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nginxgen.errors import InputError, NginxgenError, Refused, SeveralRefused
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.service import Service
from nginxgen.model.state import HostState
from nginxgen.model.weight import ZERO, Weight
from nginxgen.plan.words import listed


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for. No weight: keep what is live. No names: every service, every route."""

    weight: Weight | None = None
    services: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


NOTHING_ASKED = Request()


def asked_routes(services: Sequence[Service], request: Request) -> Mapping[str, frozenset[str]]:
    """The routes whose weight is given, by service. Raises InputError where the request names what is not there."""
    known = {service.name: service for service in services}
    for name in request.services:
        if name not in known:
            raise InputError(f'there is no service "{name}" in the inventory', hint=did_you_mean(name, known))
    if request.weight is None:
        return _no_weight(request)
    chosen = [known[name] for name in dict.fromkeys(request.services)] or [s for s in services if s.canary is not None]
    if not chosen:
        raise InputError("no service has a canary: there is no weight to set", hint="name one with `canary:`")
    for service in chosen:
        if service.canary is None:
            raise InputError(
                f'service "{service.name}" has no canary: there is no weight to set',
                hint="name one of its versions with `canary:` in the inventory",
            )
    return _chosen_routes(chosen, request.routes)


def _no_weight(request: Request) -> Mapping[str, frozenset[str]]:
    for option, names in (("--service", request.services), ("--route", request.routes)):
        if names:
            raise InputError(f"{option} says whose weight is set, and no weight is given", hint="add --weight")
    return {}


def _chosen_routes(services: Sequence[Service], routes: Sequence[str]) -> Mapping[str, frozenset[str]]:
    known = {route.name for service in services for route in service.routes}
    for name in routes:
        if name not in known:
            where = listed([service.name for service in services])
            raise InputError(f'there is no route "{name}" in {where}', hint=did_you_mean(name, known))
    wanted = frozenset(routes) or known
    chosen = {service.name: wanted & {route.name for route in service.routes} for service in services}
    return {name: frozenset(names) for name, names in chosen.items() if names}


def resolve(services: Sequence[Service], states: Mapping[str, HostState], request: Request) -> Intent:
    """The one intent for all of these hosts (by name).

    Raises InputError for a request that names what is not there; Refused where the hosts disagree about a weight that
    the request leaves to them.
    """
    asked = asked_routes(services, request)
    weight = ZERO if request.weight is None else request.weight
    intents: dict[str, ServiceIntent] = {}
    problems: list[NginxgenError] = []
    for service in services:
        try:
            intents[service.name] = _intended(service, states, asked.get(service.name, frozenset()), weight)
        except Refused as problem:
            problems.append(problem)
    if problems:
        raise SeveralRefused(problems)
    return Intent(intents)


def _intended(
    service: Service, states: Mapping[str, HostState], asked: Collection[str], weight: Weight
) -> ServiceIntent:
    if service.canary is None:
        return ServiceIntent(service.stable)
    kept = _kept(service, states, asked)
    weights = {route.name: weight if route.name in asked else kept.weights[route.name] for route in service.routes}
    return ServiceIntent(service.stable, service.canary, bool(asked) or kept.canary_on, weights)


def _kept(service: Service, states: Mapping[str, HostState], asked: Collection[str]) -> ServiceIntent:
    """What the hosts have of this canary. A host that does not know the service has no say in it."""
    fresh = ServiceIntent(service.stable, service.canary, True, dict.fromkeys(_names(service), ZERO))
    if set(_names(service)) <= set(asked):
        return fresh
    _refuse_unknown(service, states)
    votes = _votes(service, {host: state.intent for host, state in states.items()})
    opinions = {host: _opinion(vote, asked) for host, vote in votes.items()}
    if len(set(opinions.values())) <= 1:
        return next(iter(votes.values()), fresh)
    before = _votes(service, {host: state.previous_intent for host, state in states.items()})
    newest = _newest(opinions, {host: _opinion(vote, asked) for host, vote in before.items()})
    missed = listed([host for host in opinions if newest is not None and opinions[host] != opinions[newest]])
    raise Refused(
        f"the hosts disagree about {service.name}: {_sides(opinions)}",
        hint="say the weight with --weight, or name the hosts that should change with --host"
        if newest is None
        else f"{missed} missed the last change: apply with --weight brings every host to {opinions[newest]}",
    )


def _votes(service: Service, intents: Mapping[str, Intent | None]) -> dict[str, ServiceIntent]:
    return {
        host: _carried(service, intent.services[service.name])
        for host, intent in intents.items()
        if intent is not None and service.name in intent.services
    }


def _newest(now: Mapping[str, str], before: Mapping[str, str]) -> str | None:
    """A host that has the last change, where the others plainly missed just that one: they were down, or left out.

    Those that have it came from where the others still are, and the others have not just come from there. It is a hint
    for a person and no more: a change that was meant for one host looks the same.
    """
    for host, leading in now.items():
        behind = {other for other, opinion in now.items() if opinion != leading}
        old = {now[other] for other in behind}
        came_from = {before.get(other) for other in now if other not in behind}
        if len(old) == 1 and came_from == old and all(before.get(other) != leading for other in behind):
            return host
    return None


def _names(service: Service) -> tuple[str, ...]:
    return tuple(route.name for route in service.routes)


def _carried(service: Service, live: ServiceIntent) -> ServiceIntent:
    """A host's live intent, carried over to the service as the inventory has it now."""
    if live.canary != service.canary:
        return ServiceIntent(service.stable, service.canary, True, dict.fromkeys(_names(service), ZERO))
    weights = {name: live.weights.get(name, ZERO) for name in _names(service)}
    return ServiceIntent(service.stable, service.canary, live.canary_on, weights)


def _refuse_unknown(service: Service, states: Mapping[str, HostState]) -> None:
    unknown = [host for host, state in states.items() if state.live is not None and state.intent is None]
    if unknown:
        raise Refused(
            f"the manifest of the live release cannot be read on {listed(unknown)}: "
            f"the weights of {service.name} are not known there",
            hint="say the weight with --weight",
        )


def _opinion(vote: ServiceIntent, asked: Collection[str]) -> str:
    """In words, what a host says of that which the request leaves open."""
    weights = ", ".join(f"{route} {weight}" for route, weight in vote.weights.items() if route not in asked)
    return weights if asked or vote.canary_on else f"{weights} (canary off)"


def _sides(opinions: Mapping[str, str]) -> str:
    sides: dict[str, list[str]] = {}
    for host, opinion in opinions.items():
        sides.setdefault(opinion, []).append(host)
    return "; ".join(f"{listed(hosts)} {'has' if len(hosts) == 1 else 'have'} {side}" for side, hosts in sides.items())
