"""status"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.options import fleet_options, load_inventory, reach
from nginxgen.commands.output import emit, emit_json, table
from nginxgen.commands.progress import watching
from nginxgen.errors import Changes, HostRefused, NginxgenError
from nginxgen.model.progress import Listener, nobody
from nginxgen.plan.words import visible

if TYPE_CHECKING:
    from nginxgen.model.host import Host
    from nginxgen.model.intent import Intent
    from nginxgen.workflow.status import FleetStatus, HostStatus

_EVERY = 2.0  # seconds between two looks


@click.command("status")
@fleet_options
@click.option("--exit-code", is_flag=True, help="Leave with 3 where a host has drifted.")
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl-C.")
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    exit_code: bool,
    watch: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show what every host has and serves.

    live is what a reboot would serve, running what nginx serves now. Leaves with 4 where a host can't be reached.
    """
    chosen = load_inventory(inventory).hosts(hosts)
    if watch:
        _watch(chosen, as_json=as_json)
        return
    with watching(verbose=verbose) as listener:
        fleet = _ask(chosen, listener)
    if as_json:
        emit_json(_document(fleet))
    else:
        emit(_text(fleet))
    fleet.raise_unreachable()
    if exit_code and fleet.drifted:
        raise Changes("")


def _ask(hosts: tuple[Host, ...], listener: Listener) -> FleetStatus:
    from nginxgen.workflow.scope import Scope
    from nginxgen.workflow.status import status

    return status(Scope(hosts, listener=listener, reach=reach()))


def _watch(hosts: tuple[Host, ...], *, as_json: bool) -> None:
    """At a terminal in one place, else one after the other; as JSON a document a line."""
    with suppress(KeyboardInterrupt):
        while True:
            fleet = _ask(hosts, nobody)
            if as_json:
                emit(json.dumps(_document(fleet)) + "\n")
            else:
                click.clear()  # does nothing where stdout is no terminal
                emit(f"{datetime.now().astimezone():%H:%M:%S}\n{_text(fleet)}{_away(fleet)}")
            time.sleep(_EVERY)


def _away(fleet: FleetStatus) -> str:
    return "".join(f"{visible(host.error.message)}\n" for host in fleet.hosts if host.error is not None)


def _text(fleet: FleetStatus) -> str:
    rows = [("host", "live", "running", "weights", "drift"), *(_row(host) for host in fleet.hosts)]
    return table(rows) + "".join(f"{line}\n" for line in _remarks(fleet))


def _row(host: HostStatus) -> tuple[str, str, str, str, str]:
    if host.state is None:
        return host.host, "?", "?", _trouble(host.error), "?"
    state = host.state
    drift = ", ".join(state.drift) or "none"
    return host.host, state.live or "-", state.running or "-", _weights(state.intent), drift


def _trouble(error: NginxgenError | None) -> str:
    return error.code if isinstance(error, HostRefused) else "no answer"


def _weights(intent: Intent | None) -> str:
    if intent is None:
        return "-"
    told = []
    for name, service in sorted(intent.services.items()):
        if service.canary is None:
            told.append(f"{name} {service.stable}")
        else:
            weights = " ".join(f"{route}={weight}" for route, weight in service.weights.items())
            told.append(f"{name} {service.canary} {weights if service.canary_on else f'off ({weights})'}")
    return ", ".join(told)


def _remarks(fleet: FleetStatus) -> Iterator[str]:
    for host in fleet.hosts:
        if host.state is not None:
            yield from (f"{host.host}: {detail}" for detail in host.state.details)
    if not fleet.consistent and not fleet.drifted and len(fleet.states) == len(fleet.hosts):
        yield "the hosts were given different things: one nginxgen apply brings them together"


def _document(fleet: FleetStatus) -> dict[str, Any]:
    return {"consistent": fleet.consistent, "hosts": [_host(host) for host in fleet.hosts]}


def _host(host: HostStatus) -> Mapping[str, Any]:
    state = host.state
    return {
        "name": host.host,
        "reachable": state is not None,
        "live": state.live if state else None,
        "running": state.running if state else None,
        "previous": state.previous if state else None,
        "emergency": state.emergency if state else None,
        "drift": [str(drift) for drift in state.drift] if state else [],
        "details": list(state.details) if state else [],
        "services": state.intent.to_json() if state and state.intent else {},
        "nginx": {"version": state.nginx_version, "master": state.master, "workers": list(state.workers)}
        if state
        else None,
        "releases": list(state.releases) if state else [],
        "error": host.error.message if host.error else None,
        "hint": host.error.hint if host.error else None,
    }
