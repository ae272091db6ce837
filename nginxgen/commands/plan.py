"""plan"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import (
    down_option,
    fleet_options,
    load_inventory,
    reach,
    request,
    templates_option,
    weight_options,
)
from nginxgen.commands.output import coloured, complain, emit, emit_json
from nginxgen.commands.progress import watching
from nginxgen.errors import Changes

if TYPE_CHECKING:
    from nginxgen.model.plan import Plan


FORMS = click.Choice(["text", "markdown", "json"])


@click.command("plan")
@fleet_options
@weight_options
@templates_option
@down_option
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan for apply FILE.")
@click.option(
    "--format",
    "form",
    type=FORMS,
    default="text",
    show_default=True,
    help="markdown: for a merge request.",
)
@click.option("--full-diff", is_flag=True, help="Every line, also of what changes in the same way.")
@click.option("--exit-code", is_flag=True, help="Leave with 3 where something would change.")
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    weight: str | None,
    services: tuple[str, ...],
    routes: tuple[str, ...],
    templates: Path | None,
    down: int,
    output: Path | None,
    form: str,
    full_diff: bool,
    exit_code: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show what would change on each host.

    Against what is live there: a summary in words, then a unified diff. Nothing is changed.
    """
    from nginxgen.workflow.plan import Order, plan
    from nginxgen.workflow.planfile import save
    from nginxgen.workflow.scope import Scope

    asked = request(weight, services, routes)
    known = load_inventory(inventory)
    with watching(verbose=verbose) as watch:
        made = plan(
            Scope(known.hosts(hosts), listener=watch, reach=reach(), max_unreachable=down),
            Order(known.services, asked, templates),
        )
    show(made, "json" if as_json else form, full=full_diff)
    if output is not None:
        save(made, output)
        complain(f"saved; carry out exactly this with: nginxgen apply {output}")
    if exit_code and made.changed:
        raise Changes("")


def show(plan: Plan, form: str, *, full: bool = False) -> None:
    from nginxgen.plan import document
    from nginxgen.plan.markdown import plan_markdown
    from nginxgen.plan.text import plan_text

    match form:
        case "json":
            emit_json(document.summary(plan))
        case "markdown":
            emit(plan_markdown(plan, full=full))
        case _:
            emit(coloured(plan_text(plan, full=full)))
