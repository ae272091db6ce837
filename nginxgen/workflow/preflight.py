"""preflight: the checklist before a rollout. Changes nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from nginxgen.errors import NginxgenError
from nginxgen.metrics.command import Command, opinion
from nginxgen.model.preflight import Level, OwnCheck
from nginxgen.model.progress import Phase
from nginxgen.model.samples import Window
from nginxgen.model.service import Server, Service
from nginxgen.model.state import HostState
from nginxgen.model.vitals import Vitals
from nginxgen.plan.preflight import Item, backend_item, host_items, metrics_items
from nginxgen.ports import HostSession
from nginxgen.workflow.looks import live, look
from nginxgen.workflow.measure import Measurer
from nginxgen.workflow.plan import Order, against
from nginxgen.workflow.scope import Scope, Work

_BACK = 300.0  # seconds that metrics are looked for
_CONNECT = 3.0  # seconds for a backend to take a connection


def preflight(
    scope: Scope,
    services: Sequence[Service],
    templates: Path | None = None,
    clock: Callable[[], float] = time.time,
    checks: Sequence[OwnCheck] = (),
) -> tuple[Item, ...]:
    """Everything that was looked at, what failed included; a host that can't be reached hides no other.

    `checks` are run on this machine, one after the other, whatever the hosts say.
    """
    with scope.work() as work:
        found = tuple(_items(work, services, templates, clock))
    told = {"NGINXGEN_HOSTS": ",".join(scope.names), "NGINXGEN_SERVICES": ",".join(one.name for one in services)}
    return (*found, *(_own(one, told) for one in checks))


def _own(check: OwnCheck, told: Mapping[str, str]) -> Item:
    said = opinion(Command(check.argv, check.timeout), told)
    hint = f"{' '.join(check.argv)[:200]} runs where nginxgen runs, and 0 is its only way to say well"
    return Item(check.name, check.level, "here", said.well, said.told, hint)


def _items(
    work: Work, services: Sequence[Service], templates: Path | None, clock: Callable[[], float]
) -> Iterator[Item]:
    states = work.sessions.observe()
    for name in work.scope.names:
        error = work.sessions.failed.get(name)
        told = "answers" if error is None else error.message.removeprefix(f"{name}: ")
        yield Item("reachable", Level.CRITICAL, name, error is None, told, None if error is None else error.hint)
    begun = clock()
    vitals = work.sessions.each(Phase.OBSERVE, states, lambda session: session.vitals())
    middle = (begun + clock()) / 2
    for name, state in states.items():
        found = vitals[name]
        if isinstance(found, NginxgenError):
            yield Item("vitals", Level.CRITICAL, name, well=False, told=found.message, hint=found.hint)
        else:
            yield from host_items(name, state, found, _skew(found, middle))
    yield from _backends(work, services, states)
    if len(states) == len(work.scope.names):
        yield _config(work, services, templates)
        yield from _metrics(work, services, states, clock)


def _skew(vitals: Vitals, now: float) -> float:
    """A clock of whole seconds is right by half of one."""
    return vitals.now + 0.5 - now


def _config(work: Work, services: Sequence[Service], templates: Path | None) -> Item:
    try:
        plan = against(work, Order(tuple(services), templates=templates))
    except NginxgenError as error:
        told = "; ".join(finding.message for finding in error.findings())
        return Item("config", Level.CRITICAL, "inventory", well=False, told=told, hint=error.hint or "nginxgen check")
    told = "valid, and live on every host" if not plan.changed else "valid, and not applied yet: nginxgen plan"
    return Item("config", Level.ADVISORY if plan.changed else Level.CRITICAL, "inventory", not plan.changed, told)


def _metrics(
    work: Work, services: Sequence[Service], states: Mapping[str, HostState], clock: Callable[[], float]
) -> Iterator[Item]:
    now = clock()
    for service in services:
        try:
            seen = look(service, live(service, states), (), Window(now - _BACK, now))
            measured = Measurer(work.scope.hosts, [service], clock).measure(work.sessions, seen).measured
        except NginxgenError as error:
            yield Item("metrics", Level.ADVISORY, service.name, well=False, told=error.message, hint=error.hint)
            continue
        yield from metrics_items(service.name, measured, _BACK)


def _backends(work: Work, services: Sequence[Service], states: Mapping[str, HostState]) -> Iterator[Item]:
    """From each host, since that is where nginx is."""

    def ask(session: HostSession) -> tuple[Item, ...]:
        return tuple(_backend(session, service) for service in services)

    for name, items in work.sessions.each(Phase.HEALTH, states, ask).items():
        if isinstance(items, NginxgenError):
            yield Item("backends", Level.CRITICAL, name, well=False, told=items.message, hint=items.hint)
        else:
            yield from items


def _backend(session: HostSession, service: Service) -> Item:
    names = [name for name in (service.stable, service.canary) if name is not None]
    servers = [server for name in names for server in service.version(name).servers]
    asked = [server for server in servers if not server.address.startswith("unix:")]
    down = {server.address: why for server in asked if (why := _closed(session, server)) is not None}
    if not asked:
        return Item(
            f"backends of {service.name}", Level.ADVISORY, session.name, well=True, told="unix sockets, not asked"
        )
    return backend_item(session.name, service.name, down, len(asked))


def _closed(session: HostSession, server: Server) -> str | None:
    """Why it takes no connection; None where it does."""
    _, _, port = server.address.rpartition(":")
    try:
        with contextlib.closing(session.dial(server.host, int(port), time.monotonic() + _CONNECT)):
            return None
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
