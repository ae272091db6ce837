"""Which inventory: an option of every verb, and of the whole command, whose help is to start soon."""

from __future__ import annotations

import click

inventory_option = click.option(
    "-i",
    "--inventory",
    metavar="PATH",
    help="The inventory; else $NGINXGEN_INVENTORY, else the one *.yml in ./inventory.",
)
