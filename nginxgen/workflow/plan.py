"""plan: what would change on each host, against what is live there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nginxgen.errors import InputError
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.plan import Plan
from nginxgen.model.release import File, Release
from nginxgen.model.service import Service
from nginxgen.model.state import Drift, HostState
from nginxgen.plan import build as planning
from nginxgen.plan.intent import NOTHING_ASKED, Request, asked_routes, resolve
from nginxgen.workflow.releases import fitting, known, rendered, sound
from nginxgen.workflow.scope import Scope, Work

_Files = Mapping[str, tuple[File, ...]]
_Again = Callable[[Mapping[str, HostState]], _Files]


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
    targets = _targets(work, states, releases, partial(_rendered_again, hosts, order, releases))
    with work.watch.phase("plan"):
        return planning.build(targets)


def _turned_off(intent: Intent, services: Collection[str]) -> Intent:
    return Intent({name: one.without_canary() if name in services else one for name, one in intent.services.items()})


def _targets(
    work: Work, states: Mapping[str, HostState], releases: Mapping[str, Release], render_again: _Again
) -> Sequence[planning.Target]:
    compared = {name: state for name, state in states.items() if planning.needs_files(state, releases[name])}
    with work.watch.phase("plan"):
        again = render_again(compared)
    wanted = {name: state.live for name, state in compared.items() if state.live is not None and name not in again}
    files = {**again, **(work.sessions.read(wanted) if wanted else {})}
    work.all_or_refuse()
    return [planning.Target(name, states[name], releases[name], files.get(name, ())) for name in work.names]


def _rendered_again(
    hosts: Sequence[Host], order: Order, wanted: Mapping[str, Release], states: Mapping[str, HostState]
) -> _Files:
    """The files of live releases that this inventory gives once more: a host need not send what has the same id.

    An id is the content, so that only what is the same can have it. Files that somebody has edited are not what their
    id says, and are read.
    """
    found: dict[str, tuple[File, ...]] = {}
    rest = [host for host in hosts if host.name in states and Drift.EDITED not in states[host.name].drift]
    while rest:
        intent = states[rest[0].name].intent
        same = [host for host in rest if states[host.name].intent == intent]
        rest = [host for host in rest if states[host.name].intent != intent]
        with suppress(InputError):  # the inventory has moved on, and does not know that service or version any more
            releases = {} if intent is None else rendered(same, order.services, intent, order.templates, wanted)
            for name, release in releases.items():
                for one in (release, release.emergency):
                    if one is not None and one.id == states[name].live:
                        found[name] = one.files
    return found
