"""render"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import (
    host_option,
    inventory_option,
    json_option,
    load_inventory,
    request,
    templates_option,
    weight_options,
)
from nginxgen.commands.output import complain, emit, emit_json
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.model.release import Release


@click.command("render")
@inventory_option
@host_option
@weight_options
@templates_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write a folder a host there, print nothing."
)
@json_option
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    weight: str | None,
    services: tuple[str, ...],
    routes: tuple[str, ...],
    templates: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Show or write the config of every host, offline.

    Weights that are not given are 0: what is live is known to the hosts only, see nginxgen plan.
    """
    from nginxgen.workflow import render as workflow

    known = load_inventory(inventory)
    asked = request(weight, services, routes)
    releases = workflow.render(known.hosts(hosts), known.services, asked, templates)
    if output is not None:
        written = workflow.write(releases, output)
        complain(f"{counted(len(written), 'file')} for {counted(len(releases), 'host')} in {output}")
    if as_json:
        emit_json({"hosts": [_row(name, release) for name, release in releases.items()]})
    elif output is None:
        emit(_text(releases))


def _row(name: str, release: Release) -> dict[str, object]:
    return {"name": name, "release": release.id, "files": {file.name: file.text for file in release.files}}


def _text(releases: Mapping[str, Release]) -> str:
    """Nginx's text only, a release once, with the names of its hosts."""
    hosts: dict[str, list[str]] = {}
    for name, release in releases.items():
        hosts.setdefault(release.id, []).append(name)
    by_id = {release.id: release for release in releases.values()}
    return "\n".join(
        f"# ---- {', '.join(names)}: {file.name}\n{file.text}"
        for release, names in hosts.items()
        for file in by_id[release].files
        if file.name.endswith(".conf")
    )
