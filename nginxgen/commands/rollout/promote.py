"""rollout promote"""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.numbers import Whole
from nginxgen.commands.options import why_option, yes_option
from nginxgen.commands.output import coloured, complain, emit_json, say
from nginxgen.commands.person import asked, require_consent
from nginxgen.commands.progress import Watch, watching
from nginxgen.commands.result import refusal_as_json, report
from nginxgen.commands.rollout.shared import Chosen, chosen, one, reason, which
from nginxgen.errors import InputError
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.plan import Plan
    from nginxgen.workflow.rollout.promote import Confirm, Edit


@click.command("promote")
@which
@click.option("--to", "step", type=Whole(1, "--to 2"), metavar="STEP", help="Serve this step now; counted from 1.")
@click.option("--full", is_flag=True, help="Make the canary stable now, wherever the rollout stands.")
@yes_option
@why_option
def promote(step: int | None, full: bool, yes: bool, why: str, **words: Any) -> None:
    """Serve the next step now; at the end make the canary stable.

    While it runs: the next step, or the one that --to names, whatever its gates say. Once every step has passed, or
    with --full: the canary becomes stable, on the hosts and in the inventory file.
    Example: nginxgen rollout promote --to 3
    """
    if full and step is not None:
        raise InputError("--to and --full are given", hint="--full ends the rollout")
    require_consent("promote", yes=yes)
    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        ends = full or (step is None and _all_passed(about))
        if not ends:
            number = _step(about, step, reason(why), yes=yes)
    if ends:
        _stable(about, words, full=full, yes=yes)
    elif words["as_json"]:
        emit_json({"rollouts": [plan.name for plan in about.plans], "outcome": "applied", "step": number})
    else:
        complain(f"{about.plans[0].name}: step {number} is served")


def _all_passed(about: Chosen) -> bool:
    from nginxgen.model.rollout import Phase
    from nginxgen.workflow.rollout.sight import sight

    with about.rolling.scope.work() as work:
        seen = sight(work)
    return all(seen.standing(plan).phase in (Phase.FINISHED, Phase.PROMOTED) for plan in about.plans)


def _step(about: Chosen, step: int | None, why: str, *, yes: bool) -> int:
    from nginxgen.errors import Refused
    from nginxgen.workflow.rollout import hands

    plan = one(about.plans)
    told = "the next step" if step is None else f"step {step}"
    if not yes and not asked(f"serve {told} of {plan.name} now, whatever its gates say?"):
        raise Refused("not confirmed: nothing was changed")
    return hands.promote(about.rolling, plan, None if step is None else step - 1, why)


def _stable(about: Chosen, words: dict[str, Any], *, full: bool, yes: bool) -> None:
    from nginxgen.workflow.rollout import promote as ending

    plans = about.rolling.service(about.plans[0]).rollouts
    service = about.rolling.service(about.plans[0])
    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        canary = service.canary or service.stable
        edit = ending.edited(about.inventory.path, service.name, canary)
        outcome = ending.promote(about.rolling, plans, edit, _confirm(watch, yes=yes), full=full)
    if outcome.hosts:
        report(outcome, as_json=words["as_json"])
    elif words["as_json"]:
        emit_json({"outcome": "unchanged", "hosts": []})
    complain(f"{about.inventory.path}: {canary} is stable now" if edit.after != edit.before else "nothing to write")


def _confirm(watch: Watch, *, yes: bool) -> Confirm:
    """Show what changes on the hosts and in the file; ask a person."""
    from nginxgen.plan.text import plan_text

    def confirm(plan: Plan, edit: Edit) -> bool:
        watch.pause()
        say(coloured(plan_text(plan, diffs=not yes) + "\n" + _diff(edit)))
        return yes or asked(f"change {counted(len(plan.changes()), 'host')} and the inventory?")

    return confirm


def _diff(edit: Edit) -> str:
    """Indented as the diffs of a plan are, which colours it."""
    name = str(edit.path)
    lines = unified_diff(edit.before.splitlines(), edit.after.splitlines(), name, name, lineterm="", n=1)
    return "".join(f"    {line}\n" for line in lines)
