"""set"""

from __future__ import annotations

from typing import Any

import click

from nginxgen.commands import apply as apply_verb
from nginxgen.commands.options import fleet_options, route_option, services_option, why_option, yes_option


@click.command("set")
@click.argument("weight", metavar="PERCENT")
@fleet_options
@services_option
@route_option
@yes_option
@why_option
def command(**words: Any) -> None:
    """Give the canary this share: short for apply --weight.

    A rollout that runs would go on by itself: it sees the change and pauses. Example: nginxgen set 30
    """
    click.get_current_context().invoke(apply_verb.command, **words)
