"""history"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.numbers import Whole
from nginxgen.commands.options import fleet_options, load_inventory, reach
from nginxgen.commands.output import emit, emit_json, table, width
from nginxgen.commands.progress import watching
from nginxgen.errors import SeveralRefused
from nginxgen.plan.words import ago, listed

if TYPE_CHECKING:
    from nginxgen.workflow.history import FleetEntry, History


_FOR_WHY = 20  # columns that the reason must have, or less interesting ones go
_NARROW = (0, 2, 3, 6)  # when, verb, result, why


@click.command("history")
@fleet_options
@click.option("-n", "--last", type=Whole(1, "-n 20", 10_000), default=20, show_default=True, help="So many changes.")
def command(*, inventory: str | None, hosts: tuple[str, ...], last: int, as_json: bool, verbose: bool) -> None:
    """Show who changed what, when and why.

    From the journals of the hosts, newest last. Leaves with 4 where a host can't be reached.
    """
    from nginxgen.workflow.history import history
    from nginxgen.workflow.scope import Scope

    chosen = load_inventory(inventory).hosts(hosts)
    with watching(verbose=verbose) as watch:
        found = history(Scope(chosen, listener=watch, reach=reach()), last)
    if as_json:
        emit_json(_document(found))
    else:
        emit(_text(found, datetime.now(UTC), width()))
    if found.failed:
        raise SeveralRefused(found.failed)


def _text(found: History, now: datetime, within: int | None) -> str:
    if not found.changes:
        return "no change yet\n" if not found.failed else ""
    head = ("when", "who", "verb", "result", "hosts", "from -> to", "why")
    rows = [head, *(_row(change, now) for change in found.changes)]
    longest = max(len(line) for line in table([row[:-1] for row in rows]).splitlines())
    if within is not None and longest > within - _FOR_WHY:
        rows = [tuple(row[column] for column in _NARROW) for row in rows]
    return table(rows, within)


def _row(change: FleetEntry, now: datetime) -> tuple[str, ...]:
    entry = change.hosts[0].entry
    step = f"{entry.from_release or 'nothing'} -> {entry.to_release}"
    if any(
        (one.entry.from_release, one.entry.to_release) != (entry.from_release, entry.to_release) for one in change.hosts
    ):
        step += " and others"  # releases differ where the hosts do: in an address, say
    names = listed([host.host for host in change.hosts])
    return ago(entry.at, now), entry.who, entry.verb, entry.result, names, step, entry.why


def _document(found: History) -> dict[str, Any]:
    return {
        "changes": [
            {
                "at": change.at,
                "verb": change.hosts[0].entry.verb,
                "who": change.hosts[0].entry.who,
                "why": change.hosts[0].entry.why,
                "result": change.hosts[0].entry.result,
                "txn": change.hosts[0].entry.txn,
                "hosts": [
                    {"name": one.host, "at": one.entry.at, "from": one.entry.from_release, "to": one.entry.to_release}
                    for one in change.hosts
                ],
            }
            for change in found.changes
        ],
        "errors": [{"message": error.message, "hint": error.hint} for error in found.failed],
    }
