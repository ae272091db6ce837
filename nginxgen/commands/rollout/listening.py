"""`--listen`: what the last look showed, for a browser and for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from nginxgen.commands.output import complain
from nginxgen.errors import NginxgenError

if TYPE_CHECKING:
    from nginxgen.commands.rollout.shared import Chosen
    from nginxgen.live.board import Board
    from nginxgen.workflow.rollout.tick import Told

_LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535
_LOOKS = 3  # as many may be missed, and _LEAST seconds pass, before nobody looks: as the rule for Prometheus has it
_LEAST = 120.0

Show = Callable[["Sequence[Told]"], None]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int  # 0: any that is free


def _address(_context: click.Context, _option: click.Parameter, text: str | None) -> Address | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= _LAST_PORT) or text.startswith(":"):
        raise click.BadParameter(f"{text!r} is no [ADDR:]PORT, such as 9180 or 127.0.0.1:9180")
    return Address(host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port))


listen_option = click.option(
    "--listen",
    metavar="[ADDR:]PORT",
    callback=_address,
    help="Serve a live page, /metrics, /health, /alerts; ADDR: 127.0.0.1.",
)


@contextmanager
def listening(address: Address | None, about: Chosen) -> Iterator[Show]:
    """What to call after each look. Raises InputError where the port is taken."""
    if address is None:
        yield lambda _told: None
        return
    from nginxgen.live.board import Board
    from nginxgen.live.server import serving

    every = max(step.watch.every for plan in about.plans for step in plan.steps)
    board = Board(max(_LEAST, _LOOKS * every))
    with serving(address.host, address.port, board) as url:
        complain(f"live page: {url}")
        yield lambda told: _show(about, board, told)


def _show(about: Chosen, board: Board, told: Sequence[Told]) -> None:
    """Hosts are asked again only where something was just written. A page that cannot be drawn stops no rollout."""
    from nginxgen.live.board import Shown
    from nginxgen.workflow.rollout.story import record, record_of

    rolling = about.rolling
    trouble = [f"{one.plan.name}: {one.error}" for one in told if one.error is not None]
    try:
        shown = tuple(
            Shown(one.plan.group, record(rolling, one.plan) if one.outdated else record_of(rolling, one))
            for one in told
        )
    except NginxgenError as error:
        shown = ()
        trouble.append(str(error))
    board.show(shown, "; ".join(trouble))
