"""rollout run and tick: look, judge, decide, act."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.output import complain, emit, emit_json
from nginxgen.commands.progress import watching
from nginxgen.commands.result import refusal_as_json
from nginxgen.commands.rollout.hands import scale_option
from nginxgen.commands.rollout.listening import Address, listen_option, listening
from nginxgen.commands.rollout.shared import chosen, which
from nginxgen.commands.rollout.shown import document, line, sentence
from nginxgen.errors import Aborted, InputError
from nginxgen.model.progress import nobody

if TYPE_CHECKING:
    from nginxgen.workflow.rollout.tick import Told


dry_option = click.option("--dry-run-alerts", is_flag=True, help="Say which alerts would go out, and send none.")


@click.command("run")
@which
@click.option("--start", "begin", is_flag=True, help="Start it first, unless it runs already.")
@click.option("--to-pause", is_flag=True, help="End also where nothing goes on without a person.")
@dry_option
@listen_option
@scale_option
def run(
    begin: bool, to_pause: bool, dry_run_alerts: bool, listen: Address | None, time_scale: float, **words: Any
) -> None:
    """Look, judge and act until the rollout has ended.

    It can be killed at any time and run again, here or elsewhere: nothing is lost, and two at once do no harm.
    Example: nginxgen rollout run --start
    """
    from nginxgen.workflow.rollout import hands
    from nginxgen.workflow.rollout.run import run as go
    from nginxgen.workflow.rollout.tick import look

    with ExitStack() as until_the_end:
        with refusal_as_json(words["as_json"]):
            about = chosen(words, nobody, say_alerts=dry_run_alerts)
            show = until_the_end.enter_context(listening(listen, about))  # a port that is taken: nothing has begun
            if begin and not any(look(about.rolling, plan).standing.open for plan in about.plans):
                hands.start(about.rolling, about.plans, "", time_scale)
            elif time_scale != 1.0:
                raise InputError("--time-scale is said when a rollout starts", hint="it is kept with the rollout")
        heed = _Heed(as_json=words["as_json"], verbose=words["verbose"])
        try:
            go(about.rolling, about.plans, heed, time.sleep, to_pause=to_pause, show=show)
        except KeyboardInterrupt:
            complain("nobody looks after the rollout now: nginxgen rollout run goes on with it")
            raise
    heed.end()


@click.command("tick")
@which
@dry_option
def tick(dry_run_alerts: bool, **words: Any) -> None:
    """Look, judge and act once: for cron or a systemd timer.

    Leaves with 7 where it has aborted the rollout. Example: * * * * * nginxgen rollout tick
    """
    from nginxgen.workflow.rollout.tell import tell
    from nginxgen.workflow.rollout.tick import tick as once

    with refusal_as_json(words["as_json"]), watching(verbose=words["verbose"]) as watch:
        about = chosen(words, watch, say_alerts=dry_run_alerts)
        told = [once(about.rolling, plan) for plan in about.plans]
        for one in told:
            tell(about.rolling, one)
    if words["as_json"]:
        emit_json({"rollouts": [document(one) for one in told]})
    else:
        for one in told:
            complain(line(one, about.rolling.clock()))
    _raise_for(told)


class _Heed:
    """Says what is new; with -v every look."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._said: dict[str, str] = {}
        self._last: Sequence[Told] = ()

    def __call__(self, told: Sequence[Told]) -> None:
        self._last = told
        for one in told:
            # numbers move at every look; what is new is another step, another word or another act
            new = f"{one.standing.sequence} {one.decision.act} {one.decision.happening} {one.error is None}"
            if not self._verbose and self._said.get(one.plan.name) == new:
                continue
            self._said[one.plan.name] = new
            if self._as_json:
                emit(json.dumps(document(one)) + "\n")
            else:
                complain(line(one, time.time()))

    def end(self) -> None:
        """Raises Aborted where a rollout is."""
        from nginxgen.model.rollout import Phase

        aborted = [one for one in self._last if one.standing.phase is Phase.ABORTED]
        if aborted:
            raise _aborted(aborted[0])


def _raise_for(told: Sequence[Told]) -> None:
    for one in told:
        if one.aborted:
            raise _aborted(one)
        if one.error is not None:
            raise one.error


def _aborted(told: Told) -> Aborted:
    reason = sentence(told) if told.decision.acts else told.standing.reason
    hint = f"stable serves; nginxgen rollout status --service {told.plan.service} shows it"
    return Aborted(f"the rollout of {told.plan.name} was aborted: {reason.removeprefix('abort: ')}", hint=hint)
