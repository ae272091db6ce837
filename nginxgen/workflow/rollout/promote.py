"""The end of a rollout: the canary is the new stable, on the hosts and then in the inventory file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nginxgen import files, inventory
from nginxgen.errors import Refused
from nginxgen.model.outcome import FleetOutcome, Outcome
from nginxgen.model.plan import Plan
from nginxgen.model.record import Happening
from nginxgen.model.rollout import Fleet, Phase, RolloutPlan, Standing
from nginxgen.ports import Note
from nginxgen.rollout.entries import written
from nginxgen.smoke.health import health
from nginxgen.workflow.carry import carried_out
from nginxgen.workflow.plan import Order, against
from nginxgen.workflow.rollout.act import Deed, NotCarriedOut, say
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import sight
from nginxgen.workflow.rollout.tick import write


@dataclass(frozen=True, slots=True)
class Edit:
    """The inventory file before and after."""

    path: Path
    before: str
    after: str


Confirm = Callable[[Plan, Edit], bool]


def edited(path: Path, service: str, canary: str) -> Edit:
    """The file with this canary as stable, and nothing else changed. Raises InputError where that can't be done."""
    before = inventory.text_of(path)
    return Edit(path, before, inventory.promoted(before, path, service, canary))


def promote(rolling: Rolling, plans: tuple[RolloutPlan, ...], edit: Edit, confirm: Confirm, *, full: bool) -> Outcome:
    """Apply it to the fleet, then write the file: a file that is ahead of the fleet would mislead the next apply.

    Cut off between the two, or at any host, it is said again and goes on. Raises Refused.
    """
    service = rolling.service(plans[0])
    after = inventory.parse(edit.after, edit.path).services
    with rolling.scope.work() as work:
        seen = sight(work)
        standings = [seen.standing(plan) for plan in plans]
        done = all(seen.view(plan).fleet is Fleet.PROMOTED for plan in plans)
        if not full and not done:
            _all_finished(plans, standings)
        planned = against(work, Order(after, templates=rolling.templates))
        if planned.unsafe:
            raise Refused(f"not by a promotion: {'; '.join(planned.unsafe)}", hint="nginxgen plan shows it")
        if not confirm(planned, edit):
            raise Refused("not confirmed: nothing was changed")
        text = f"{service.canary} is the new stable of {service.name}"
        entries = [
            Deed(rolling, plan, standing, seen).entry(Happening.PROMOTED, text)
            for plan, standing in zip(plans, standings, strict=True)
            if standing.phase is not Phase.NONE
        ]
        outcome = Outcome(())
        if planned.changed:
            told = written(entries[0]) if entries else ""
            note = Note("promote", rolling.who, text, rolling.token(), told)
            outcome = carried_out(
                work, planned.hosts, planned.changes(), note, well=health(after), agreed=seen.agreed()
            )
            if outcome.interrupted:
                raise KeyboardInterrupt
            if outcome.fleet not in (FleetOutcome.APPLIED, FleetOutcome.UNCHANGED):
                raise NotCarriedOut(outcome)
        elif entries:
            say(work, Deed(rolling, plans[0], standings[0], seen), *entries)
    _save(edit)
    _others(rolling, plans[1:] if planned.changed else (), text)
    _hooks(rolling, plans, standings)
    return outcome


def _all_finished(plans: tuple[RolloutPlan, ...], standings: list[Standing]) -> None:
    for plan, standing in zip(plans, standings, strict=True):
        if standing.phase not in (Phase.FINISHED, Phase.PROMOTED):
            hint = "let it finish, or say --full"
            raise Refused(f"the rollout of {plan.name} is {standing.phase}, not finished", hint=hint)


def _others(rolling: Rolling, plans: tuple[RolloutPlan, ...], text: str) -> None:
    for plan in plans:
        write(rolling, plan, Happening.PROMOTED, text)


def _hooks(rolling: Rolling, plans: tuple[RolloutPlan, ...], standings: list[Standing]) -> None:
    for plan, standing in zip(plans, standings, strict=True):
        told = {
            "NGINXGEN_SERVICE": plan.service,
            "NGINXGEN_GROUP": plan.group,
            "NGINXGEN_STABLE": standing.canary,
            "NGINXGEN_CANARY": "",
        }
        for command in plan.hooks.on_promote:
            trouble = rolling.hook(command, told)
            if trouble:
                write(rolling, plan, Happening.TROUBLE, f"the hook {command!r} failed: {trouble}")


def _save(edit: Edit) -> None:
    if edit.after != edit.before:
        hint = "the fleet has it already: write `stable:` by hand, and take `canary:` out"
        files.write(edit.path, edit.after, what="the inventory", hint=hint)
