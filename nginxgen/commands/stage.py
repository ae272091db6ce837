"""stage"""

from __future__ import annotations

from typing import Any

import click

from nginxgen.commands.numbers import Whole
from nginxgen.commands.options import why_option, yes_option
from nginxgen.commands.output import complain, emit_json
from nginxgen.commands.person import asked, require_consent
from nginxgen.commands.progress import watching
from nginxgen.commands.result import refusal_as_json
from nginxgen.commands.rollout.shared import chosen, one, reason, which
from nginxgen.errors import Refused


@click.command("stage")
@click.argument("number", type=Whole(1, "nginxgen stage 2"), metavar="N")
@which
@yes_option
@why_option
def command(number: int, yes: bool, why: str, **words: Any) -> None:
    """Serve step N of the rollout now: short for rollout promote --to N.

    A rollout that has not begun is started first. Example: nginxgen stage 2
    """
    from nginxgen.workflow.rollout import hands

    require_consent("stage", yes=yes)
    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        plan = one(about.plans)
        watch.pause()
        if not yes and not asked(f"serve step {number} of {plan.name} now, whatever its gates say?"):
            raise Refused("not confirmed: nothing was changed")
        hands.start_unless_open(about.rolling, plan, reason(why))
        hands.promote(about.rolling, plan, number - 1, reason(why))
    if words["as_json"]:
        emit_json({"rollouts": [plan.name], "outcome": "applied", "step": number})
    else:
        complain(f"{plan.name}: step {number} is served")
