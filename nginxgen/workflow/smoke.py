"""smoke: the requests of the inventory through every host, to stable and to canary by the override."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.errors import InputError, NginxgenError
from nginxgen.model.host import Host
from nginxgen.model.progress import Phase
from nginxgen.model.service import Service, Smoke
from nginxgen.ports import HostSession
from nginxgen.smoke.answer import ask, wrong
from nginxgen.smoke.door import door, server_name
from nginxgen.workflow.scope import Scope
from nginxgen.workflow.sources import override_headers

_PATIENCE = 5.0  # seconds for one answer, and what `within` asks more


@dataclass(frozen=True, slots=True)
class Tried:
    """One request, and what came of it."""

    host: str
    service: str
    to: str  # stable, canary, or either where no override can choose
    path: str
    seconds: float
    wrong: str | None  # why it is not as it must be
    hint: str | None = None  # what to do about it


def smoke(scope: Scope, services: Sequence[Service]) -> tuple[Tried, ...]:
    """A host that can't be reached has failed all of them. Raises InputError where there is nothing to ask."""
    if not any(service.smoke for service in services):
        raise InputError("no service has a smoke request", hint="smoke: [{path: /health, status: 200}]")
    with scope.work() as work:

        def run(session: HostSession) -> tuple[Tried, ...]:
            return tuple(_through(session, work.sessions.hosts[session.name], services))

        found = work.sessions.each(Phase.HEALTH, scope.names, run)
    return tuple(one for name in scope.names for one in _told(name, found[name], services))


def _told(host: str, found: tuple[Tried, ...] | NginxgenError, services: Sequence[Service]) -> Sequence[Tried]:
    if not isinstance(found, NginxgenError):
        return found
    why = found.message.removeprefix(f"{host}: ")
    return _all_wrong(host, services, why, found.hint)


def _all_wrong(host: str, services: Sequence[Service], why: str, hint: str | None) -> Sequence[Tried]:
    return [Tried(host, service.name, "-", one.path, 0.0, why, hint) for service in services for one in service.smoke]


def _through(session: HostSession, host: Host, services: Sequence[Service]) -> Sequence[Tried]:
    """Only of what the host has from us: else somebody else's server would answer in our name, or nobody."""
    state, found = session.observe(), list[Tried]()
    for service in services:
        if state.live is None or (state.intent is not None and service.name not in state.intent.services):
            found += _all_wrong(host.name, [service], "it is not on this host yet", "nginxgen apply brings it there")
        else:
            found += _asked(session, host, service)
    return found


def _asked(session: HostSession, host: Host, service: Service) -> Sequence[Tried]:
    return [
        _one(session, host, service, one, to=to, headers=headers)
        for one in service.smoke
        for to, headers in ways(service)
    ]


def ways(service: Service) -> Sequence[tuple[str, Mapping[str, str]]]:
    """To whom, and the headers that choose it."""
    if service.canary is None:
        return [("stable", {})]
    try:
        return [(name, override_headers(service, to_canary=name == "canary")) for name in ("stable", "canary")]
    except InputError:
        return [("either", {})]


def _one(
    session: HostSession, host: Host, service: Service, asked: Smoke, *, to: str, headers: Mapping[str, str]
) -> Tried:
    at, begun = door(service, host), time.monotonic()
    if at is None:
        return Tried(host.name, service.name, to, asked.path, 0.0, "it has no TCP port to ask")
    deadline = begun + _PATIENCE + (asked.within or 0.0)
    try:
        with contextlib.closing(session.dial(at.address, at.port, deadline)) as stream:
            answer = ask(stream, at, server_name(service), asked, deadline, headers=headers)
    except OSError as error:
        why: str | None = error.strerror or str(error) or type(error).__name__
    else:
        why = wrong(asked, answer, time.monotonic() - begun)
    return Tried(host.name, service.name, to, asked.path, time.monotonic() - begun, why)
