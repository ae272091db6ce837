"""plan: what would change on each host, against what is live there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nginxgen.model.intent import Intent
from nginxgen.model.plan import Plan
from nginxgen.model.release import Release
from nginxgen.model.service import Service
from nginxgen.model.state import HostState
from nginxgen.plan import build as planning
from nginxgen.plan.intent import NOTHING_ASKED, Request, asked_routes, resolve
from nginxgen.workflow.releases import fitting, known, sound
from nginxgen.workflow.scope import Scope, Work


@dataclass(frozen=True, slots=True)
class Order:
    """What the hosts of a scope should serve, as far as the inventory and the command line say it."""

    services: tuple[Service, ...]
    request: Request = NOTHING_ASKED
    templates: Path | None = None
    off: tuple[str, ...] = ()  # services whose canary is turned off, overrides too


def plan(scope: Scope, order: Order) -> Plan:
    """Reads from the hosts and changes nothing. Raises Refused, naming each host that can't be reached."""
    asked_routes(order.services, order.request)
    with scope.work() as work:
        return against(work, order)


def against(work: Work, order: Order) -> Plan:
    """The plan, against what these open sessions show."""
    states = work.observe()
    with work.watch.phase("plan"):
        intent = _turned_off(resolve(order.services, states, order.request), order.off)
        hosts = known(work.scope.hosts, states)
        fitting(hosts, order.services)
        releases = sound(hosts, order.services, intent, order.templates)
    targets = _targets(work, states, releases)
    with work.watch.phase("plan"):
        return planning.build(targets)


def _turned_off(intent: Intent, services: Collection[str]) -> Intent:
    return Intent({name: one.without_canary() if name in services else one for name, one in intent.services.items()})


def _targets(work: Work, states: Mapping[str, HostState], releases: Mapping[str, Release]) -> Sequence[planning.Target]:
    wanted = {
        name: state.live
        for name, state in states.items()
        if state.live is not None and planning.needs_files(state, releases[name])
    }
    files = work.sessions.read(wanted) if wanted else {}
    work.all_or_refuse()
    return [planning.Target(name, states[name], releases[name], files.get(name, ())) for name in work.names]
