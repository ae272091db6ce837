"""monitor"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginxgen.commands.numbers import Figure
from nginxgen.commands.options import host_option, load_inventory, reach, spread_options, verbose_option
from nginxgen.commands.outfile import STDOUT, give, refuse_unwritable
from nginxgen.commands.output import complain, emit, json_text
from nginxgen.commands.progress import watching
from nginxgen.commands.where import inventory_option
from nginxgen.errors import InputError, Refused, Unwell

if TYPE_CHECKING:
    from nginxgen.model.baseline import Baseline
    from nginxgen.model.gates import Gate
    from nginxgen.model.service import Service
    from nginxgen.workflow.monitor import Frames

_HERE = str(STDOUT)


@click.command("monitor")
@click.argument("seconds", type=Figure(0, 7 * 86_400, "nginxgen monitor 300"))
@inventory_option
@host_option
@verbose_option
@spread_options
@click.option("-s", "--service", "services", multiple=True, metavar="NAME", help="Only this service; repeatable.")
@click.option("-r", "--route", "routes", multiple=True, metavar="NAME", help="Only this route; repeatable.")
@click.option(
    "--every", type=Figure(1, 3600, "--every 5"), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option("--back", type=Figure(0, 7 * 86_400, "--back 3600"), default=0.0, help="Begin so many seconds ago.")
@click.option(
    "-g", "--gate", "gates", multiple=True, metavar="TEXT", help='What must hold, like "error_rate: < 1%"; repeatable.'
)
@click.option("--json", "json_file", is_flag=False, flag_value=_HERE, metavar="[FILE]", help="JSON, here or to FILE.")
@click.option("--csv", "csv_file", is_flag=False, flag_value=_HERE, metavar="[FILE]", help="CSV, here or to FILE.")
@click.option("--save", metavar="NAME", help="Keep what stable did as the baseline of this name.")
def command(
    *,
    seconds: float,
    inventory: str | None,
    hosts: tuple[str, ...],
    verbose: bool,
    services: tuple[str, ...],
    routes: tuple[str, ...],
    every: float,
    back: float,
    gates: tuple[str, ...],
    json_file: str | None,
    csv_file: str | None,
    save: str | None,
) -> None:
    """Watch canary and stable side by side, and judge them by gates.

    Reads the metrics logs of the hosts, or the source that the inventory names; changes nothing. The gates are those
    of --gate; without it (and without --save) those of the live step of the service's rollout. With gates
    it leaves with 0 where every one is shown to hold, with 5 where one is shown not to, and with 4 where too little was
    seen to tell, or a source is down.

    \b
    nginxgen monitor 300 --gate "error_rate: < 1%" --gate "p95: <= stable + 50%"
    nginxgen monitor 0 --back 3600 --json
    """
    from nginxgen.metrics.baselines import checked, folder_of
    from nginxgen.workflow.monitor import Watching, baselines, monitor
    from nginxgen.workflow.scope import Scope

    for name in filter(None, (json_file, csv_file)):
        refuse_unwritable(Path(name))
    read = load_inventory(inventory)
    chosen = _chosen(read.select(services), named=bool(services))
    if save is not None:
        checked(save)
    asked = Watching(
        chosen,
        seconds,
        every,
        back,
        _known_routes(chosen, routes),
        _gates(chosen, gates),
        folder_of(read.path),
        by_rollout=not gates and save is None,
    )
    kept: list[Frames] = []
    with watching(verbose=verbose) as listener:
        scope = Scope(read.hosts(hosts), listener=listener, reach=reach())
        with _shown(kept, quiet=_HERE in (json_file, csv_file), pause=listener.pause) as show:
            try:
                last = monitor(scope, asked, show)
            except KeyboardInterrupt:  # what was seen until then is worth as much
                _write(json_file, csv_file, kept)
                raise
        found = baselines(last, scope) if save is not None else ()
    _write(json_file, csv_file, kept)
    if save is not None:
        _keep(folder_of(read.path), save, found)
    _leave(last)


def _keep(folder: Path, name: str, found: Sequence[Baseline]) -> None:
    """Raises Refused where nothing was seen."""
    from nginxgen.metrics.baselines import save

    for baseline in found:
        if not baseline.of(()).counts.requests:
            raise Refused(f"{baseline.service}: no request was seen, so there is no baseline to keep")
        complain(f"kept {save(folder, name, baseline)}")


def _chosen(services: Sequence[Service], *, named: bool) -> tuple[Service, ...]:
    """Those that were named, else those with a canary, else all."""
    with_canary = tuple(service for service in services if service.canary is not None)
    return tuple(services) if named or not with_canary else with_canary


def _known_routes(services: Sequence[Service], routes: tuple[str, ...]) -> tuple[str, ...]:
    from nginxgen.model.nearest import did_you_mean

    known = {route.name for service in services for route in service.routes}
    for name in routes:
        if name not in known:
            raise InputError(f'there is no route "{name}"', hint=did_you_mean(name, sorted(known)))
    return routes


def _gates(services: Sequence[Service], texts: Sequence[str]) -> Mapping[str, tuple[Gate, ...]]:
    """Each gate for every service; a number of one service's own only there."""
    from nginxgen.gates.grammar import gate

    pairs = []
    for text in texts:
        metric, colon, condition = text.partition(":")
        if not colon:
            raise InputError(f"--gate {text[:80]!r} has no colon", hint='like --gate "error_rate: < 1%"')
        pairs.append((metric.strip(), condition.strip()))
    numbers = {name for service in services for name in service.metrics.numbers}
    return {
        service.name: tuple(
            gate(metric, condition, numbers)
            for metric, condition in pairs
            if metric not in numbers or metric in service.metrics.numbers
        )
        for service in services
    }


@contextmanager
def _shown(kept: list[Frames], *, quiet: bool, pause: Callable[[], None]) -> Iterator[Callable[[Frames], None]]:
    """At a terminal a table that changes in place; in a pipe the last one, after an interrupt too."""
    from rich.console import Console
    from rich.live import Live

    from nginxgen.commands.figures import renderable

    console = Console(highlight=False, markup=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    live = Live(console=console, refresh_per_second=4) if sys.stdout.isatty() and not quiet else None

    def show(frames: Frames) -> None:
        kept.append(frames)
        if live is not None:
            pause()
            if not live.is_started:
                live.start()
            live.update(renderable(frames))

    try:
        yield show
    finally:
        if live is not None and live.is_started:
            live.stop()
        if live is None and not quiet and kept:
            wide = Console(highlight=False, markup=False, width=160, no_color=True)
            with wide.capture() as captured:
                wide.print(renderable(kept[-1]))
            emit("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _write(json_file: str | None, csv_file: str | None, kept: Sequence[Frames]) -> None:
    from nginxgen.commands.figures import document, table_of_numbers

    if not kept:
        return
    if json_file is not None:
        give(json_text(document(kept[-1])), Path(json_file))
    if csv_file is not None:
        give(table_of_numbers(kept), Path(csv_file))


def _leave(last: Frames) -> None:
    """Raise what the verdict means for the exit code."""
    from nginxgen.model.verdict import Outcome, worst

    verdicts = [(frame.look.service.name, frame.verdict) for frame in last if frame.verdict is not None]
    if not verdicts:
        down = [frame.measured.error for frame in last if frame.measured.error]
        if down:
            raise Refused(f"not everything could be measured: {down[0]}", hint="nginxgen preflight")
        return
    outcome = worst(verdict.outcome for _, verdict in verdicts)
    said = "; ".join(f"{name}: {verdict.sentence}" for name, verdict in verdicts if verdict.outcome is outcome)
    if outcome is Outcome.FAIL:
        raise Unwell(f"a gate does not hold: {said}")
    if outcome is not Outcome.PASS:
        raise Refused(f"{outcome}: {said}", hint="watch for longer, or ask for less")
