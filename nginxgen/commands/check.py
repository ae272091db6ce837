"""check"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.options import (
    fleet_options,
    load_inventory,
    reach,
    request,
    templates_option,
    weight_options,
)
from nginxgen.commands.output import complain, emit, emit_json
from nginxgen.commands.progress import watching
from nginxgen.errors import Exit, Finding, InvalidInput, Severity
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.host import Host
    from nginxgen.model.service import Service
    from nginxgen.workflow.check import Checked


@click.command("check")
@fleet_options
@weight_options
@templates_option
@click.option(
    "--tree",
    metavar="FILE",
    help="Judge the config around ours too: an nginx.conf on this machine, or what `nginx -T` printed (-: stdin).",
)
@click.option(
    "--live", is_flag=True, help="Judge the config around ours too, as it is on each host now; --host for some of them."
)
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    weight: str | None,
    services: tuple[str, ...],
    routes: tuple[str, ...],
    templates: Path | None,
    tree: str | None,
    live: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Look for faults in the inventory and in the config that it gives.

    No host is asked, but with --live, which reads there what `nginx -T` prints. Where nginx is on this machine, it
    tests the config as well.

    \b
    nginxgen check
    nginxgen check --tree /etc/nginx/nginx.conf
    ssh edge-1 sudo nginx -T | nginxgen check --tree -
    nginxgen check --live --host edge-1
    """
    from nginxgen.workflow import check as workflow

    asked = request(weight, services, routes)
    try:
        known = load_inventory(inventory)
        done = workflow.check(known.hosts(hosts), known.services, asked, templates)
        around = workflow.around(*_tree(tree), known.services) if tree is not None else ()
        chosen = known.hosts(hosts)
        around += _of_hosts(chosen, known.services, verbose=verbose) if live else ()
        read = tuple(host.name for host in chosen) if live else ()
        done = workflow.Checked((*done.findings, *around), done.nginx, read)
    except InvalidInput as error:
        done = workflow.Checked(tuple(error.findings()), None)
    _show(done, as_json=as_json)
    if not done.sound:
        click.get_current_context().exit(Exit.INPUT)


def _of_hosts(hosts: tuple[Host, ...], services: tuple[Service, ...], *, verbose: bool) -> tuple[Finding, ...]:
    from nginxgen.workflow import check as workflow
    from nginxgen.workflow.scope import Scope

    with watching(verbose=verbose) as listener:
        return workflow.live(Scope(hosts, listener=listener, reach=reach()), services)


def _tree(given: str) -> tuple[Path, str | None]:
    """The file, or its name for findings and the text of standard input."""
    if given != "-":
        return Path(given), None
    return Path("standard input"), sys.stdin.buffer.read().decode("utf-8", "replace")


def _show(done: Checked, *, as_json: bool) -> None:
    if as_json:
        rows = [_row(finding) for finding in done.findings]
        emit_json({"ok": done.sound, "nginx": done.nginx, "hosts_read": list(done.read), "findings": rows})
        return
    for finding in done.findings:
        emit(_text(finding))
    numbers = {severity: sum(finding.severity is severity for finding in done.findings) for severity in Severity}
    told = [counted(number, severity) for severity, number in numbers.items() if number]
    if done.sound:
        told.append(f"tested by {done.nginx} as well" if done.nginx else "no nginx here to test it as well")
    if done.read:
        told.append(f"{counted(len(done.read), 'host')} read")
    complain(", ".join(told if done.findings else ["no faults found", *told]))


def _text(finding: Finding) -> str:
    place = f"  at {finding.place}\n" if finding.place is not None else ""
    hint = f"  hint: {finding.hint}\n" if finding.hint is not None else ""
    return f"{finding.severity}: {finding.message} [{finding.rule}]\n{place}{hint}"


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        "file": finding.place.file if finding.place else None,
        "line": finding.place.line if finding.place else None,
        "hint": finding.hint,
    }
