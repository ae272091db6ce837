"""rollout status"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.output import emit, emit_json, table
from nginxgen.commands.progress import watching
from nginxgen.commands.rollout.shared import Chosen, chosen, which
from nginxgen.commands.rollout.shown import document, sentence, where
from nginxgen.model.progress import nobody
from nginxgen.plan.words import visible

if TYPE_CHECKING:
    from nginxgen.workflow.rollout.tick import Told

_EVERY = 2.0  # seconds between two looks


@click.command("status")
@which
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl-C.")
def status(watch: bool, **words: Any) -> None:
    """Show how it stands, and what comes next.

    What a look would decide now, and why; nothing is changed. Example: nginxgen rollout status --watch
    """
    if not watch:
        with watching(verbose=words["verbose"]) as listener:
            about = chosen(words, listener)
            told = _look(about)
        emit_json(_document(told)) if words["as_json"] else emit(_text(told))
        return
    about = chosen(words, nobody)
    with suppress(KeyboardInterrupt):
        while True:
            told = _look(about)
            if words["as_json"]:
                emit(json.dumps(_document(told)) + "\n")
            else:
                click.clear()  # does nothing where stdout is no terminal
                emit(f"{datetime.now().astimezone():%H:%M:%S}\n{_text(told)}")
            time.sleep(_EVERY)


def _look(about: Chosen) -> list[Told]:
    from nginxgen.workflow.rollout.tick import look

    return [look(about.rolling, plan) for plan in about.plans]


def _document(told: Sequence[Told]) -> dict[str, Any]:
    return {"rollouts": [document(one) for one in told]}


def _text(told: Sequence[Told]) -> str:
    from nginxgen.rollout.story import next_command

    rows = [("rollout", "is", "at", "verdict"), *(_row(one) for one in told)]
    lines = []
    for one in told:
        lines.append(f"{one.plan.name}: {sentence(one)}")
        if one.judged is not None:
            lines += [f"  {result.outcome}  {result.sentence}" for result in one.judged.verdict.results]
        command = next_command(one.plan, one.standing)
        lines += [f"  next: {command}"] if command else []
    return table(rows) + "".join(f"{visible(line)}\n" for line in lines)


def _row(told: Told) -> tuple[str, str, str, str]:
    verdict = "-" if told.judged is None else str(told.judged.verdict.outcome)
    return told.plan.name, str(told.standing.phase), where(told), verdict
