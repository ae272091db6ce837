"""alerts test: does anybody hear it?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import load_inventory
from nginxgen.commands.output import emit, emit_json, table
from nginxgen.commands.rollout.shared import group_option, plans_of, service_option, shown
from nginxgen.commands.where import inventory_option
from nginxgen.errors import InputError, Refused
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.gates import Severity
    from nginxgen.model.record import Alert
    from nginxgen.model.rollout import RolloutPlan


@click.group("alerts", epilog="Example: nginxgen alerts test --level P1")
def command() -> None:
    """Find out whether anybody hears a rollout's alerts."""


@command.command("test")
@inventory_option
@service_option
@group_option
@click.option("--level", type=click.Choice(["P1", "P2", "P3"]), help="Only the channels of this level.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(
    *, inventory: str | None, service: str | None, group: str | None, level: str | None, dry_run: bool, as_json: bool
) -> None:
    """Send a test message to every channel, and say which took it.

    Leaves with 4 where one did not. Example: nginxgen alerts test --service shop
    """
    from nginxgen.alerts.send import send
    from nginxgen.model.record import AlertFate

    plans = plans_of(load_inventory(inventory), service, group)
    asked = [
        (plan, url, one.level)
        for plan in plans
        for one in plan.alerts
        for url in one.urls
        if level in (None, str(one.level))
    ]
    if not asked:
        about = f" of level {level}" if level else ""
        raise InputError(f"no channel{about} is given", hint="add `alerts: {P1: [mailto://...]}` to the rollout")
    tell = shown if dry_run else send
    sent = [(plan, tell(_message(plan, kind), (url,))) for plan, url, kind in asked]
    if as_json:
        emit_json({"alerts": [_document(plan, one) for plan, one in sent]})
    elif not dry_run:
        emit(table([("rollout", "level", "channel", "result"), *(_row(plan, one) for plan, one in sent)]))
    failed = [one for _, one in sent if one.fate is AlertFate.FAILED]
    if failed:
        kinds = ", ".join(dict.fromkeys(channel for one in failed for channel in one.channels))
        message = f"{counted(len(failed), 'channel')} of {len(sent)} took nothing: {kinds}"
        raise Refused(message, hint="is the address right?")


def _message(plan: RolloutPlan, level: Severity) -> Alert:
    from nginxgen.model.record import Alert

    body = "This is a test: nothing is wrong. Alerts of this level come here.\nnext: nothing to do"
    return Alert(time.time(), level, f"{plan.name} test", f"[{level}] {plan.name}: test", body)


def _row(plan: RolloutPlan, sent: Alert) -> tuple[str, str, str, str]:
    return plan.name, str(sent.level), ", ".join(sent.channels), sent.error or str(sent.fate)


def _document(plan: RolloutPlan, sent: Alert) -> dict[str, object]:
    return {
        "rollout": plan.name,
        "level": str(sent.level),
        "channels": list(sent.channels),
        "fate": str(sent.fate),
        "error": sent.error,
    }
