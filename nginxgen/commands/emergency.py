"""emergency"""

from __future__ import annotations

import click

from nginxgen.commands.options import fleet_options, load_inventory, reach, why_option
from nginxgen.commands.person import note
from nginxgen.commands.progress import watching
from nginxgen.commands.result import refusal_as_json, report


@click.command("emergency")
@fleet_options
@why_option
def command(*, inventory: str | None, hosts: tuple[str, ...], why: str, as_json: bool, verbose: bool) -> None:
    """Turn every canary off, everywhere, at once.

    Overrides too, and no questions: the hosts have kept the release for it. A host that can't be reached keeps no other
    waiting, and is named with exit code 6. The weights go to 0: apply --weight turns the canary on again.
    """
    from nginxgen.workflow.emergency import emergency
    from nginxgen.workflow.scope import Scope

    with refusal_as_json(as_json) as about:
        chosen = load_inventory(inventory).hosts(hosts)
        about.hosts = tuple(host.name for host in chosen)
        with watching(verbose=verbose) as watch:
            outcome = emergency(Scope(chosen, listener=watch, reach=reach()), note("emergency", why))
    report(outcome, as_json=as_json)
