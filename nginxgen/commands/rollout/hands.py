"""rollout start, pause, resume, approve, abort, retry: what people say to a rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.numbers import Figure
from nginxgen.commands.options import why_option
from nginxgen.commands.output import complain, emit_json
from nginxgen.commands.progress import watching
from nginxgen.commands.result import refusal_as_json, report
from nginxgen.commands.rollout.shared import Chosen, chosen, one, reason, which

if TYPE_CHECKING:
    from nginxgen.model.outcome import Outcome
    from nginxgen.model.rollout import RolloutPlan

scale_option = click.option(
    "--time-scale",
    type=Figure(1.0, 1e6, "--time-scale 60"),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="A rehearsal: every duration of the plan is divided by it.",
)


@click.command("start")
@which
@scale_option
@why_option
def start(why: str, time_scale: float, **words: Any) -> None:
    """Begin: the next look serves the first step.

    With groups all of them are started, and those that come after others wait. Example: nginxgen rollout start
    """
    from nginxgen.workflow.rollout import hands

    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        hands.start(about.rolling, about.plans, reason(why), time_scale)
    _done(about, words, "started; nginxgen rollout run goes on with it")


@click.command("pause")
@which
@why_option
def pause(why: str, **words: Any) -> None:
    """Stay at this step until somebody says resume.

    A canary that fails is still taken back. Example: nginxgen rollout pause --why "stock taking"
    """
    from nginxgen.workflow.rollout import hands

    _each(words, lambda about, plan: hands.pause(about.rolling, plan, reason(why)), "paused")


@click.command("resume")
@which
@why_option
def resume(why: str, **words: Any) -> None:
    """Go on from where it stood.

    Where somebody has changed the weight meanwhile, the step is served again first, and bakes anew.
    Example: nginxgen rollout resume
    """
    from nginxgen.workflow.rollout import hands

    _each(words, lambda about, plan: hands.resume(about.rolling, plan, reason(why)), "resumed")


@click.command("approve")
@which
@why_option
def approve(why: str, **words: Any) -> None:
    """Let the next step begin.

    It begins when the step before it has passed, at the next look. Example: nginxgen rollout approve --why "seen"
    """
    from nginxgen.workflow.rollout import hands

    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        number = hands.approve(about.rolling, one(about.plans), reason(why))
    _done(about, words, f"step {number} may begin")


@click.command("abort")
@which
@click.option("--emergency", is_flag=True, help="Canary off, overrides too, whatever the plan says.")
@why_option
def abort(why: str, emergency: bool, **words: Any) -> None:
    """Back to stable, and end it.

    Weight 0, or canary off where the plan says on_fail: emergency. Example: nginxgen rollout abort --why "wrong build"
    """
    from nginxgen.model.rollout import WayOut
    from nginxgen.workflow.rollout import hands

    found: list[Outcome] = []
    way = WayOut.EMERGENCY if emergency else None
    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        found = [hands.abort(about.rolling, plan, reason(why), way) for plan in _open(about)]
    _reported(found, words)


@click.command("retry")
@which
@scale_option
@why_option
def retry(why: str, time_scale: float, **words: Any) -> None:
    """Begin anew after an abort, or go on after a pause.

    Example: nginxgen rollout retry --why "v2.0.1 is deployed"
    """
    from nginxgen.model.rollout import Phase
    from nginxgen.workflow.rollout import hands

    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        paused = [plan for plan, phase in _phases(about) if phase is Phase.PAUSED]
        if paused:
            for plan in paused:
                hands.resume(about.rolling, plan, reason(why))
        else:
            hands.start(about.rolling, about.plans, reason(why), time_scale)
    _done(about, words, "resumed" if paused else "started anew")


def _each(words: dict[str, Any], act: Any, told: str) -> None:
    """For every rollout that it can be said to; where it can be said to none, the reason of the first."""
    from nginxgen.errors import Refused

    refused: list[Refused] = []
    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch)
        for plan in about.plans:
            try:
                act(about, plan)
            except Refused as error:
                refused.append(error)
        if len(refused) == len(about.plans):
            raise refused[0]
    _done(about, words, told)


def _phases(about: Chosen) -> list[tuple[RolloutPlan, Any]]:
    from nginxgen.workflow.rollout.sight import sight

    with about.rolling.scope.work() as work:
        seen = sight(work)
    return [(plan, seen.standing(plan).phase) for plan in about.plans]


def _open(about: Chosen) -> list[RolloutPlan]:
    """Those that can be aborted; where there is none all, so that the refusal says why."""
    from nginxgen.model.rollout import ENDED

    return [plan for plan, phase in _phases(about) if phase not in ENDED] or list(about.plans)


def _done(about: Chosen, words: dict[str, Any], told: str) -> None:
    if words["as_json"]:
        emit_json({"rollouts": [plan.name for plan in about.plans], "outcome": told})
    else:
        complain(f"{', '.join(plan.name for plan in about.plans)}: {told}")


def _reported(found: list[Outcome], words: dict[str, Any]) -> None:
    touched = [outcome for outcome in found if outcome.hosts]
    if touched:
        report(touched[-1], as_json=words["as_json"])
    elif words["as_json"]:
        emit_json({"outcome": "unchanged", "hosts": []})
    else:
        complain("aborted; no host had to change")
