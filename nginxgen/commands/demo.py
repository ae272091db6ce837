"""demo: a private fleet on this machine, and the whole job done in front of the reader."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

import click

from nginxgen.commands.options import json_option
from nginxgen.commands.output import emit, emit_json
from nginxgen.errors import InputError

if TYPE_CHECKING:
    from nginxgen.demo.story import Told


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the fleet up afterwards, for commands of your own.")
@click.option("--stop", is_flag=True, help="End the fleet that --keep left up.")
@json_option
def command(*, keep: bool, stop: bool, as_json: bool) -> None:
    """Play the whole story on a private fleet on this machine.

    Three hosts, each with its own sshd and nginx on loopback, and two backends: plan, apply, split, cookie, refusal,
    revert. What it says of them is checked by requests; it ends with an error where something is not so. With --json
    the story goes to stderr, and what was proved and how long it took to stdout.
    """
    if keep and stop:
        raise InputError("--keep and --stop exclude each other")
    if stop:
        _stop(as_json=as_json)
        return
    told = _told(sys.stderr if as_json else sys.stdout, keep=keep)
    if as_json:
        commands = [{"line": line, "seconds": round(seconds, 3)} for line, seconds in told.seconds]
        emit_json({"commands": commands, "proved": told.proved, "kept": keep})


def _told(out: TextIO, *, keep: bool) -> Told:
    from nginxgen.demo.fleet import fleet
    from nginxgen.demo.story import tell
    from nginxgen.demo.voice import Voice

    voice = Voice(out)
    begin = time.perf_counter()
    with fleet(keep=keep) as lab:
        told = tell(lab, voice, time.perf_counter() - begin)
        if keep:
            voice.kept(lab.root / "demo.yml", lab.hosts[0].web)
    return told


def _stop(*, as_json: bool) -> None:
    from nginxgen.demo.fleet import ROOT, stop_kept

    stopped = stop_kept()
    if as_json:
        emit_json({"stopped": stopped})
    else:
        emit(f"ended, and {ROOT} is gone\n" if stopped else "no demo fleet is up\n")
