"""The options that several verbs share, and from their words to values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nginxgen.commands import where
from nginxgen.commands.numbers import Whole

if TYPE_CHECKING:
    from nginxgen.fleet.sessions import Reach
    from nginxgen.inventory import Inventory
    from nginxgen.plan.intent import Request

F = TypeVar("F", bound=Callable[..., Any])
Option = Callable[[F], F]


def _kept(context: click.Context, option: click.Parameter, value: object) -> None:
    """For `reach`: which processes connect is no matter of the verb."""
    context.meta[f"nginxgen.{option.name}"] = value


inventory_option = where.inventory_option
host_option = click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="Only this host; may be given several times."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
templates_option = click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Templates that take the place of the packaged ones of the same name.",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Say each step of each host.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
why_option = click.option("--why", default="", metavar="TEXT", help="The reason, for the journal of the hosts.")
down_option = click.option(
    "--max-unreachable",
    "down",
    type=Whole(0, "--max-unreachable 1"),
    default=0,
    metavar="N",
    help="Go on when up to N hosts are down; the next apply brings them in line.",
)
_workers = click.option(
    "--workers",
    type=Whole(1, "--workers 4"),
    metavar="N",
    help="Processes that hold the connections; by default more than one beyond some 250 hosts.",
    expose_value=False,
    callback=_kept,
)
_scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    envvar="NGINXGEN_SCHEDULER",
    help="A Dask scheduler (tcp://...), whose workers hold the connections.",
    expose_value=False,
    callback=_kept,
)
_weight = click.option("-w", "--weight", metavar="PERCENT", help="Percent for the canary, 0 to 100, two decimals.")
services_option = click.option(
    "-s", "--service", "services", multiple=True, metavar="NAME", help="Only this service's weight; repeatable."
)
route_option = click.option(
    "-r", "--route", "routes", multiple=True, metavar="NAME", help="Only this route's weight; repeatable."
)


def weight_options(command: F) -> F:
    return _weight(services_option(route_option(command)))


def fleet_options(command: F) -> F:
    """Of every verb that speaks with hosts."""
    return inventory_option(host_option(json_option(verbose_option(spread_options(command)))))


def spread_options(command: F) -> F:
    return _workers(_scheduler(command))


def reach() -> Reach:
    """How the hosts are reached: what --workers and --scheduler say."""
    from functools import partial

    from nginxgen.fleet import spread

    meta = click.get_current_context().meta
    asked = spread.Spread(meta.get("nginxgen.workers"), meta.get("nginxgen.scheduler"))
    return partial(spread.reach, spread=asked)


def load_inventory(option: str | None) -> Inventory:
    """The inventory of -i after the verb, or before it, or of the environment."""
    import os

    from nginxgen import inventory

    before_verb = click.get_current_context().find_root().params.get("inventory")
    return inventory.load(inventory.find(option or before_verb, os.environ, Path.cwd()))


def request(weight: str | None, services: tuple[str, ...], routes: tuple[str, ...]) -> Request:
    """Raises InputError for a weight that is none."""
    from nginxgen.model.weight import Weight
    from nginxgen.plan.intent import Request

    return Request(None if weight is None else Weight.parse(weight), services, routes)
