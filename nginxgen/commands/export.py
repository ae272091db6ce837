"""export: what other programs read about a rollout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nginxgen.commands.options import inventory_option, load_inventory
from nginxgen.commands.outfile import give
from nginxgen.commands.output import complain, emit
from nginxgen.commands.rollout.shared import plans_of, service_option
from nginxgen.errors import InputError
from nginxgen.files import write

F = TypeVar("F", bound=Callable[..., Any])

_file = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there, print nothing.",
)


def _about(verb: F) -> F:
    return inventory_option(service_option(verb))


@click.group("export", epilog="Example: nginxgen export prometheus-rules -o /etc/prometheus/rules/shop.yml")
def command() -> None:
    """Write alert rules, a dashboard or systemd units for a rollout.

    Of a service whose inventory has a rollout; no host is asked. Rules and dashboard are over the metrics that
    nginxgen rollout run --listen serves.
    """


@command.command("prometheus-rules")
@_about
@_file
def prometheus_rules(inventory: str | None, service: str | None, output: Path | None) -> None:
    """Alert rules for Prometheus.

    They tell that a rollout is aborted, paused, blind or left alone; whether the canary is well is for its gates.
    Example: nginxgen export prometheus-rules --service shop -o shop.yml && promtool check rules shop.yml
    """
    from nginxgen.export import rules

    give(rules.text(plans_of(load_inventory(inventory), service, None)), output, folders=True)


@command.command("grafana")
@_about
@_file
def grafana(inventory: str | None, service: str | None, output: Path | None) -> None:
    """A dashboard for Grafana, as JSON for its import.

    The data source is chosen in the dashboard. Example: nginxgen export grafana --service shop -o shop.json
    """
    from nginxgen.export import grafana as dashboard

    plans = plans_of(load_inventory(inventory), service, None)
    give(dashboard.text(plans[0].service), output, folders=True)


@command.command("systemd")
@_about
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the two files there, print nothing.",
)
@click.option("--user", metavar="NAME", help="Who looks, with whose SSH keys; by default you.")
@click.option("--program", metavar="PATH", help="Where nginxgen is; by default the one that runs now.")
def systemd(
    inventory: str | None, service: str | None, output: Path | None, user: str | None, program: str | None
) -> None:
    """A service and a timer that run nginxgen rollout tick.

    As often as the plan's closest watch asks. Example: nginxgen export systemd --user deploy -o /etc/systemd/system
    """
    from nginxgen.export import systemd as unit_files

    known = load_inventory(inventory)
    plans = plans_of(known, service, None)
    caller = unit_files.Caller(_program(program), str(known.path.resolve()), _user(user))
    here = unit_files.reaches(plans, known.service(plans[0].service).metrics, known.hosts(()))
    units = unit_files.units(plans, caller, here)
    if output is None:
        emit("\n".join(f"# ---- {unit.name}\n{unit.text}" for unit in units))
        return
    for unit in units:
        write(output / unit.name, unit.text, folders=True)
    for path in unit_files.unseen(caller):
        complain(
            f"warning: {path} lies where the unit sees a directory of its own (PrivateTmp); move it and export again"
        )
    complain(f"next: systemctl daemon-reload && systemctl enable --now {units[-1].name}")


def _program(option: str | None) -> str:
    """The absolute path of nginxgen. Raises InputError."""
    import shutil
    import sys

    found = shutil.which(option or sys.argv[0])
    if found is None:
        message = f"there is no program {option}" if option else "it cannot be told where nginxgen is"
        raise InputError(message, hint="name it with --program PATH")
    return str(Path(found).absolute())  # not resolved: a link may be what an upgrade turns


def _user(option: str | None) -> str:
    """Whoever types, if nobody is named. Raises InputError for what would be more than a name in a unit."""
    import getpass
    import os
    import re

    if option is not None and not re.fullmatch(r"[\w.@\\+-]+\$?", option):
        raise InputError(f"{option!r} can't be the name of a user")
    try:
        return option or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a container may run as a user without a name
