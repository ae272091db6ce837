"""What the verbs of rollout share: which rollout, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nginxgen.commands.options import fleet_options, load_inventory, reach, templates_option
from nginxgen.commands.output import complain
from nginxgen.commands.person import who
from nginxgen.errors import InputError
from nginxgen.model.nearest import did_you_mean

if TYPE_CHECKING:
    from nginxgen.inventory import Inventory
    from nginxgen.model.progress import Listener
    from nginxgen.model.record import Alert
    from nginxgen.model.rollout import RolloutPlan
    from nginxgen.workflow.rollout.rolling import Rolling

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_WHY = 500

service_option = click.option("-s", "--service", metavar="NAME", help="The service; needed where several have a plan.")
group_option = click.option("--group", metavar="NAME", help="Only this group of its routes.")


def which(verb: F) -> F:
    """The options of every verb about a rollout."""
    return fleet_options(templates_option(service_option(group_option(verb))))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line is about."""

    rolling: Rolling
    plans: tuple[RolloutPlan, ...]
    inventory: Inventory


def chosen(words: dict[str, Any], listener: Listener, *, say_alerts: bool = False) -> Chosen:
    """`words`: the options of `which`. `say_alerts`: here, instead of sending them. Raises InputError."""
    import time

    from nginxgen.alerts.send import send
    from nginxgen.metrics.baselines import folder_of
    from nginxgen.workflow.rollout.gather import Gatherer
    from nginxgen.workflow.rollout.rolling import Rolling
    from nginxgen.workflow.scope import Scope

    known = load_inventory(words["inventory"])
    hosts = known.hosts(words["hosts"])
    plans = plans_of(known, words["service"], words["group"])
    templates: Path | None = words["templates"]
    rolling = Rolling(
        Scope(hosts, listener=listener, reach=reach()),
        known.services,
        Gatherer(hosts, time.time, folder_of(known.path)),
        who(),
        templates,
        tell=shown if say_alerts else send,
    )
    return Chosen(rolling, plans, known)


def plans_of(known: Inventory, service: str | None, group: str | None) -> tuple[RolloutPlan, ...]:
    """Of the service, or of the only one that has any. Raises InputError."""
    with_plan = [one.name for one in known.services if one.rollouts]
    if service is None and len(with_plan) == 1:
        service = with_plan[0]
    if service is None:
        if not with_plan:
            raise InputError("no service of the inventory has a rollout", hint="add `rollout: standard` to one")
        raise InputError("which service?", hint=f"add --service: {', '.join(with_plan)}")
    plans = known.service(service).rollouts
    if not plans:
        raise InputError(f"service {service} has no rollout", hint="add `rollout: standard` to it in the inventory")
    if group is None:
        return plans
    found = tuple(plan for plan in plans if plan.group == group)
    if not found:
        names = [plan.group for plan in plans if plan.group]
        hint = did_you_mean(group, names) or "its rollout has no groups"
        raise InputError(f'there is no group "{group}" in the rollout of {service}', hint=hint)
    return found


def one(plans: tuple[RolloutPlan, ...]) -> RolloutPlan:
    """The plan, where there is only one. Raises InputError."""
    if len(plans) > 1:
        raise InputError("which group?", hint=f"add --group: {', '.join(plan.group for plan in plans)}")
    return plans[0]


def reason(why: str) -> str:
    """Raises InputError for one that is too long for a journal."""
    if len(why) > LONGEST_WHY:
        raise InputError(f"--why has {len(why)} characters, at most {LONGEST_WHY} go into the journal")
    return why


def shown(alert: Alert, urls: Sequence[str]) -> Alert:
    """An alert that is not sent, for a person's eyes."""
    from nginxgen.alerts.send import kinds
    from nginxgen.model.record import AlertFate

    channels = kinds(urls)
    body = alert.body.replace("\n", "\n  ")
    complain(f"would be sent to {', '.join(channels)}: {alert.title}\n  {body}")
    return replace(alert, fate=AlertFate.DRY_RUN, channels=channels)
