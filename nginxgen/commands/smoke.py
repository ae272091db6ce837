"""smoke"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import fleet_options, load_inventory, reach
from nginxgen.commands.output import emit, emit_json, table
from nginxgen.commands.progress import watching
from nginxgen.errors import Unwell

if TYPE_CHECKING:
    from nginxgen.workflow.smoke import Tried


@click.command("smoke")
@fleet_options
@click.option("-s", "--service", "services", multiple=True, metavar="NAME", help="Only this service; repeatable.")
def command(
    *, inventory: str | None, hosts: tuple[str, ...], services: tuple[str, ...], as_json: bool, verbose: bool
) -> None:
    """Ask every service's smoke requests through every host.

    Each goes to stable and to canary by an override, from the host itself. Leaves with 5 where an answer is not as the
    inventory says; changes nothing.

    \b
    nginxgen smoke --service shop
    """
    from nginxgen.workflow.scope import Scope
    from nginxgen.workflow.smoke import smoke

    read = load_inventory(inventory)
    with watching(verbose=verbose) as listener:
        scope = Scope(read.hosts(hosts), listener=listener, reach=reach())
        found = smoke(scope, read.select(services))
    failed = [one for one in found if one.wrong is not None]
    if as_json:
        emit_json({"ok": not failed, "requests": [_document(one) for one in found]})
    else:
        emit(table([("host", "service", "to", "path", "seconds", "answer"), *map(_row, found)]))
    if failed:
        first = failed[0]
        many = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise Unwell(f"{first.host}: {first.service}{first.path} ({first.to}): {first.wrong}{many}", hint=first.hint)


def _row(one: Tried) -> tuple[str, ...]:
    return one.host, one.service, one.to, one.path, f"{one.seconds:.3f}", one.wrong or "ok"


def _document(one: Tried) -> dict[str, object]:
    return {
        "host": one.host, "service": one.service, "to": one.to, "path": one.path,
        "seconds": round(one.seconds, 6), "ok": one.wrong is None, "message": one.wrong, "hint": one.hint,
    }  # fmt: skip
