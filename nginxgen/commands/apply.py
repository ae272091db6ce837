"""apply"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginxgen.commands import plan as plan_verb
from nginxgen.commands.options import (
    down_option,
    fleet_options,
    load_inventory,
    reach,
    request,
    templates_option,
    weight_options,
    why_option,
    yes_option,
)
from nginxgen.commands.output import coloured, complain, say
from nginxgen.commands.person import asked, note, require_consent
from nginxgen.commands.progress import Watch, watching
from nginxgen.commands.result import About, refusal_as_json, report
from nginxgen.errors import InputError
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.host import Host
    from nginxgen.model.plan import Plan
    from nginxgen.workflow.apply import Confirm
    from nginxgen.workflow.carry import Applied
    from nginxgen.workflow.plan import Order


@dataclass(frozen=True, slots=True)
class Words:
    """The command line of apply, as it was given."""

    file: Path | None
    inventory: str | None
    hosts: tuple[str, ...]
    weight: str | None
    services: tuple[str, ...]
    routes: tuple[str, ...]
    templates: Path | None
    down: int
    why: str
    yes: bool
    force: bool
    prove: bool
    verbose: bool


@click.command("apply")
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@fleet_options
@weight_options
@templates_option
@down_option
@click.option("--dry-run", is_flag=True, help="The same as nginxgen plan.")
@click.option("--format", "form", type=plan_verb.FORMS, help="Of the dry run; markdown: for a merge request.")
@yes_option
@click.option("--prove", is_flag=True, help="First try the config in a private nginx on this machine.")
@click.option("--force", is_flag=True, help="Also where a service that is served now would be gone.")
@why_option
def command(dry_run: bool, form: str | None, as_json: bool, **words: object) -> None:
    """Bring every host to what the inventory says, all or none.

    With --weight the canary gets that share; without it every weight stays as it is on the hosts. FILE is a plan that
    nginxgen plan -o saved: exactly that is done, or nothing where a host has moved since.
    """
    given = Words(**words)  # type: ignore[arg-type]  # click hands over exactly the parameters declared above
    if given.file is not None:
        _refuse_beside_file(given, dry_run=dry_run)
    if dry_run:
        _plan_instead(given, form or "text", as_json=as_json)
        return
    if form is not None:
        raise InputError("--format is for a dry run", hint="add --dry-run, or take --json for the result of an apply")
    with refusal_as_json(as_json) as about:
        done = _from_inventory(given, about) if given.file is None else _from_file(given, given.file, about)
    report(done.outcome, done.hosts, as_json=as_json)


def _refuse_beside_file(given: Words, *, dry_run: bool) -> None:
    beside = {
        "--weight": given.weight,
        "--service": given.services,
        "--route": given.routes,
        "--host": given.hosts,
        "--templates": given.templates,
        "--dry-run": dry_run,
        "--prove": given.prove,
    }
    for option, value in beside.items():
        if value:
            raise InputError(f"{option} does not go with a saved plan: the plan says it all", hint="leave it out")


def _plan_instead(given: Words, form: str, *, as_json: bool) -> None:
    if given.prove:
        raise InputError("--prove does not go with --dry-run", hint="nginxgen prove tries the config, and only that")
    click.get_current_context().invoke(
        plan_verb.command,
        inventory=given.inventory,
        hosts=given.hosts,
        weight=given.weight,
        services=given.services,
        routes=given.routes,
        templates=given.templates,
        down=given.down,
        form=form,
        as_json=as_json,
        verbose=given.verbose,
    )


def _from_inventory(given: Words, about: About) -> Applied:
    from nginxgen.workflow.apply import apply
    from nginxgen.workflow.plan import Order
    from nginxgen.workflow.scope import Scope

    asked_for = request(given.weight, given.services, given.routes)
    known = load_inventory(given.inventory)
    hosts = known.hosts(given.hosts)
    order = Order(known.services, asked_for, given.templates)
    require_consent("apply", yes=given.yes)
    with watching(verbose=given.verbose) as watch:
        scope = Scope(hosts, listener=watch, reach=reach(), max_unreachable=given.down)
        about.hosts = scope.names
        confirm = _proved(given, order, hosts[0], _confirm(given, watch))
        return apply(scope, order, note("apply", given.why), confirm, force=given.force)


def _from_file(given: Words, file: Path, about: About) -> Applied:
    from nginxgen.workflow.apply import apply_saved, hosts_of
    from nginxgen.workflow.planfile import read
    from nginxgen.workflow.scope import Scope

    plan = read(file)
    known = load_inventory(given.inventory)
    hosts = hosts_of(plan, known.hosts())
    require_consent("apply", yes=given.yes)
    with watching(verbose=given.verbose) as watch:
        scope = Scope(hosts, listener=watch, reach=reach(), max_unreachable=given.down)
        about.hosts = scope.names
        confirm = _confirm(given, watch)
        return apply_saved(scope, plan, known.services, note("apply", given.why), confirm, force=given.force)


def _proved(given: Words, order: Order, host: Host, confirm: Confirm) -> Confirm:
    """With --prove nobody is asked, and no host is locked, before the config has been tried."""
    if not given.prove:
        return confirm

    def proved(plan: Plan) -> bool:
        from nginxgen.workflow.prove import prove_plan

        done = prove_plan(host, order.services, plan, order.templates)
        done.raise_failed()
        complain(f"proved by {counted(done.requests, 'request')} to {done.nginx}")
        return confirm(plan)

    return proved


def _confirm(given: Words, watch: Watch) -> Callable[[Plan], bool]:
    """Show the plan; ask a person, whose time at it nothing is locked for."""
    from nginxgen.plan.text import plan_text

    def confirm(plan: Plan) -> bool:
        watch.pause()
        say(coloured(plan_text(plan, diffs=not given.yes)) + "\n")
        number = len(plan.changes())
        return given.yes or asked(f"change {counted(number, 'host')}?")

    return confirm
