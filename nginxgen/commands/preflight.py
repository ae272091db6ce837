"""preflight"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import fleet_options, load_inventory, reach, templates_option
from nginxgen.commands.output import emit, emit_json, table
from nginxgen.commands.progress import watching
from nginxgen.errors import Refused

if TYPE_CHECKING:
    from nginxgen.plan.preflight import Item


@click.command("preflight")
@fleet_options
@templates_option
@click.option("-s", "--service", "services", multiple=True, metavar="NAME", help="Only this service; repeatable.")
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    services: tuple[str, ...],
    templates: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Look at everything that a rollout needs, before it begins.

    Hosts, drift, the way back, space, memory, clocks, backends, the config, the sources of metrics and your own
    commands. Leaves with 4 where something critical failed; what is advisory is only told. Changes nothing.

    \b
    nginxgen preflight --service shop
    """
    from nginxgen.model.preflight import Level
    from nginxgen.workflow.preflight import preflight
    from nginxgen.workflow.scope import Scope

    read = load_inventory(inventory)
    with watching(verbose=verbose) as listener:
        scope = Scope(read.hosts(hosts), listener=listener, reach=reach())
        found = preflight(scope, read.select(services), templates, checks=read.checks)
    failed = [item for item in found if not item.well and item.level is Level.CRITICAL]
    if as_json:
        emit_json({"ok": not failed, "items": [_document(item) for item in found]})
    else:
        ordered = sorted(found, key=lambda item: (item.well, item.level is not Level.CRITICAL))
        emit(table([("", "what", "where", "level", "found"), *map(_row, ordered)]))
    if failed:
        said = "; ".join(f"{item.where}: {item.name}: {item.told}" for item in failed[:3])
        more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""  # noqa: PLR2004  (the first three)
        raise Refused(f"not ready: {said}{more}", hint=failed[0].hint)


def _row(item: Item) -> tuple[str, ...]:
    mark = "ok" if item.well else "FAIL" if item.level == "critical" else "note"
    return mark, item.name, item.where, item.level, item.told


def _document(item: Item) -> dict[str, object]:
    return {
        "name": item.name, "where": item.where, "level": item.level, "ok": item.well, "message": item.told,
        "hint": None if item.well else item.hint,
    }  # fmt: skip
