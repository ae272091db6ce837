"""explain: who decides for a request, by the weights asked for, or by those that the hosts serve now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nginxgen.errors import InputError, Refused
from nginxgen.explain import Dialect, Explanation, explain
from nginxgen.explain import Request as HttpRequest
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.service import Service, Source
from nginxgen.model.state import HostState
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request, resolve
from nginxgen.workflow.scope import Scope

_WEIGHT_HINT = "say the weight with --weight: then no host is asked"


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer, and the weights that it rests on."""

    service: str
    basis: str  # where the weights come from, for people
    explanation: Explanation


def by_weight(service: Service, weight: Weight, request: HttpRequest) -> Explained:
    """No host is asked. The canary is on, and all routes have this weight. Raises InputError."""
    intent = resolve([service], {}, Request(weight)).services[service.name]
    return Explained(service.name, f"weight {weight}", explain(service, intent, request))


def by_hosts(service: Service, scope: Scope, request: HttpRequest) -> Explained:
    """By what is live. Raises Refused where a host can't be reached, or the hosts disagree."""
    with scope.work() as work:
        states = work.observe()
    intent = _agreed(service.name, states)
    dialect = Dialect.of(next((state.nginx_version for state in states.values()), ""))
    shown = f"live on {', '.join(states)}"
    return Explained(service.name, shown, explain(service, intent, request, dialect))


def chosen(services: Sequence[Service], name: str | None) -> Service:
    """The service of this name; without a name the only one. Raises InputError."""
    known = {service.name: service for service in services}
    if name is None and len(services) == 1:
        return services[0]
    if name is None:
        raise InputError("which service?", hint=did_you_mean("", known))
    if name not in known:
        raise InputError(f'there is no service "{name}" in the inventory', hint=did_you_mean(name, known))
    return known[name]


def as_user(service: Service, request: HttpRequest, user: str) -> HttpRequest:
    """The id where the service reads it: where `users` looks, else where `sticky` does. Raises InputError."""
    read = service.override.users or service.sticky
    if read is None:
        raise InputError(f"service {service.name} reads no user ids", hint="it has neither override.users nor sticky")
    match read.source:
        case Source.HEADER:
            return replace(request, headers=(*request.headers, (read.name, user)))
        case Source.COOKIE:
            return replace(request, cookies=(*request.cookies, (read.name, user)))
        case Source.QUERY:
            return replace(request, query="&".join(filter(None, (request.query, f"{read.name}={user}"))))
        case Source.ADDRESS:
            raise InputError(f"service {service.name} knows clients by their address", hint="give it with --address")


def _agreed(service: str, states: Mapping[str, HostState]) -> ServiceIntent:
    """What every host has of the service."""
    found: dict[str, ServiceIntent] = {}
    for host, state in states.items():
        if state.intent is None or service not in state.intent.services:
            raise Refused(f"{host} does not serve {service}", hint=_WEIGHT_HINT)
        found[host] = state.intent.services[service]
    first = next(iter(found.values()))
    others = [host for host, intent in found.items() if intent != first]
    if others:
        raise Refused(
            f"the hosts disagree about {service}: {next(iter(found))} and {others[0]}", hint="name one with --host"
        )
    return first
