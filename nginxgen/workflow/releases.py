"""Rendered and checked: the releases of hosts, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from nginxgen import check
from nginxgen.errors import Finding, InvalidInput, Severity
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.release import Release
from nginxgen.model.service import Service
from nginxgen.model.state import HostState
from nginxgen.render import render


def known(hosts: Sequence[Host], states: Mapping[str, HostState]) -> list[Host]:
    """The hosts that have a state, with what they say of their nginx: what is rendered for one is what it can do."""
    return [
        replace(host, nginx=replace(host.nginx, build=states[host.name].build)) for host in hosts if host.name in states
    ]


def fitting(hosts: Sequence[Host], services: Sequence[Service]) -> None:
    """Raise InvalidInput where a host's nginx lacks what a service needs."""
    builds = {host.name: host.nginx.build for host in hosts if host.nginx.build is not None}
    errors = [one for one in check.features(services, builds) if one.severity is Severity.ERROR]
    if errors:
        raise InvalidInput(errors)


def rendered(
    hosts: Sequence[Host], services: Sequence[Service], intent: Intent, templates: Path | None
) -> Mapping[str, Release]:
    """Each host's release, by the host's name. Raises InputError."""
    return {host.name: render(services, intent, host, templates) for host in hosts}


def findings(
    hosts: Sequence[Host], services: Sequence[Service], releases: Mapping[str, Release], templates: Path | None
) -> tuple[Finding, ...]:
    """What check has to say; hosts that have the same release are looked at once."""
    first = {releases[host.name].id: host for host in reversed(hosts)}
    again = partial(render, templates=templates)
    found = (
        finding
        for host in reversed(first.values())
        for finding in check.check(services, host, releases[host.name], again)
    )
    return tuple(dict.fromkeys(found))


def sound(
    hosts: Sequence[Host], services: Sequence[Service], intent: Intent, templates: Path | None
) -> Mapping[str, Release]:
    """Rendered, and with no error in it. Raises InvalidInput with everything that is wrong."""
    releases = rendered(hosts, services, intent, templates)
    errors = [one for one in findings(hosts, services, releases, templates) if one.severity is Severity.ERROR]
    if errors:
        raise InvalidInput(errors)
    return releases
