"""revert"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import down_option, fleet_options, load_inventory, reach, why_option, yes_option
from nginxgen.commands.output import say
from nginxgen.commands.person import asked, note, require_consent
from nginxgen.commands.progress import Watch, watching
from nginxgen.commands.result import refusal_as_json, report
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.plan import HostPlan


@click.command("revert")
@fleet_options
@down_option
@click.option("--to", metavar="RELEASE", help="To this release (its id or the beginning of it), not to the previous.")
@yes_option
@click.option("--force", is_flag=True, help="Also where the hosts would not end up with the same.")
@why_option
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    to: str | None,
    down: int,
    yes: bool,
    force: bool,
    why: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Bring every host back to the release that was live before.

    All hosts at once. Again: forward to where you were.
    """
    from nginxgen.workflow.revert import revert
    from nginxgen.workflow.scope import Scope

    with refusal_as_json(as_json) as about:
        chosen = load_inventory(inventory).hosts(hosts)
        require_consent("revert", yes=yes)
        about.hosts = tuple(host.name for host in chosen)
        with watching(verbose=verbose) as watch:
            scope = Scope(chosen, listener=watch, reach=reach(), max_unreachable=down)
            done = revert(scope, to, note("revert", why), _confirm(watch, yes=yes), force=force)
    report(done.outcome, done.hosts, as_json=as_json)


def _confirm(watch: Watch, *, yes: bool) -> Callable[[tuple[HostPlan, ...]], bool]:
    from nginxgen.model.plan import Action
    from nginxgen.plan.text import hosts_text

    def confirm(hosts: tuple[HostPlan, ...]) -> bool:
        watch.pause()
        say(hosts_text(hosts).removeprefix("\n") + "\n")
        number = sum(host.action is not Action.NONE for host in hosts)
        return yes or asked(f"bring {counted(number, 'host')} back?")

    return confirm
