"""apply: the plan, a question, and the fleet transaction, over the same sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nginxgen.errors import InputError, Refused, SeveralRefused
from nginxgen.model.host import Host
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.plan import Plan
from nginxgen.model.service import Service
from nginxgen.plan.intent import asked_routes
from nginxgen.plan.stale import moved
from nginxgen.ports import Note
from nginxgen.smoke.health import Health, health
from nginxgen.workflow.carry import Applied, carried_out
from nginxgen.workflow.plan import Order, against
from nginxgen.workflow.scope import Scope, Work

Confirm = Callable[[Plan], bool]


def apply(scope: Scope, order: Order, note: Note, confirm: Confirm, *, force: bool = False) -> Applied:
    """Bring every host of the scope to what is ordered, all or none.

    `confirm` is asked while nothing is locked. Raises Refused where it says no, a host can't be reached, or the plan
    is unsafe and not forced.
    """
    asked_routes(order.services, order.request)
    with scope.work() as work:
        return _agreed(work, against(work, order), note, confirm, force=force, well=health(order.services))


def apply_saved(
    scope: Scope, plan: Plan, services: Sequence[Service], note: Note, confirm: Confirm, *, force: bool = False
) -> Applied:
    """Exactly this plan, made earlier. Raises Refused where a host has moved since, even one that was to stay.

    `services`: those of the inventory now; their smoke requests are asked.
    """
    with scope.work() as work:
        states = work.observe()
        present = replace(plan, hosts=tuple(host for host in plan.hosts if host.host in states))
        stale = moved(present, states)
        if stale:
            raise SeveralRefused(stale)
        return _agreed(work, present, note, confirm, force=force, well=health(services))


def hosts_of(plan: Plan, hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts that a saved plan is for. Raises InputError where the inventory does not have one."""
    known = {host.name: host for host in hosts}
    for name in (host.host for host in plan.hosts):
        if name not in known:
            raise InputError(
                f'the plan is for a host "{name}" that the inventory does not have', hint=did_you_mean(name, known)
            )
    return tuple(known[host.host] for host in plan.hosts)


def _agreed(work: Work, plan: Plan, note: Note, confirm: Confirm, *, force: bool, well: Health | None) -> Applied:
    if plan.unsafe and not force:
        raise Refused(f"not without --force: {'; '.join(plan.unsafe)}", hint="look at it with nginxgen plan")
    if plan.changed and not confirm(plan):
        raise Refused("not confirmed: nothing was changed")
    return Applied(plan.hosts, carried_out(work, plan.hosts, plan.changes(), note, well=well))
