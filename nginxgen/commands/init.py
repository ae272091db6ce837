"""init"""

from __future__ import annotations

from pathlib import Path

import click

from nginxgen.commands.output import complain, emit
from nginxgen.errors import InputError, Place, Refused

_FOLDER = Path("inventory")
_NAME = "fleet.yml"


@click.command("init")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="Where to; by default inventory/fleet.yml."
)
def command(output: Path | None) -> None:
    """Write a commented inventory to start from.

    It never overwrites a file.
    """
    from nginxgen import inventory

    path = _FOLDER / _NAME if output is None else output
    if output is None:
        _refuse_second()
    _write_new(path, inventory.template_text())
    emit(f"{path}\n")
    complain("next: change what is marked with <- in it, then run nginxgen check and nginxgen plan")


def _refuse_second() -> None:
    """A second file in ./inventory would leave every other verb without a default."""
    there = sorted(_FOLDER.glob("*.yml"))
    if there:
        raise Refused(
            "there is an inventory already: nothing was written",
            place=Place(str(there[0])),
            hint="give another path with -o PATH",
        )


def _write_new(path: Path, text: str) -> None:
    place = Place(str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make its folder: {error.strerror}", place=place) from error
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(
            "it exists already: nothing was written", place=Place(str(path)), hint="give another path"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", place=place) from error
