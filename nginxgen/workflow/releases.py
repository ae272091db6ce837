"""Rendered and checked: the releases of hosts, or everything that is wrong with them.

A fleet has many hosts and few kinds of them. Hosts of one kind are rendered once; hosts that differ in nothing but the
address that they bind to and the folder of their logs are checked once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from nginxgen import check
from nginxgen.errors import Finding, InvalidInput, Severity
from nginxgen.model.host import Become, Host, Nginx, Transport
from nginxgen.model.intent import Intent
from nginxgen.model.release import MANIFEST, SUMS, Release
from nginxgen.model.service import Service
from nginxgen.model.state import HostState
from nginxgen.render import render

# A host of which nothing is known: rendering may look at no more of one than `_kind` tells.
_NOWHERE = Host(
    name="",
    address="",
    port=None,
    user=None,
    transport=Transport.LOCAL,
    become=Become.NONE,
    identity_file=None,
    known_hosts=None,
    bind=None,
    wave=1,
    nginx=Nginx("", "", ""),
    state_dir="",
    run_dir="",
    log_dir="",
)


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
    hosts: Sequence[Host],
    services: Sequence[Service],
    intent: Intent,
    templates: Path | None,
    like: Mapping[str, Release] | None = None,
) -> Mapping[str, Release]:
    """Each host's release, by the host's name. `like`: the same for another intent, if known. Raises InputError."""
    kinds: dict[Host, Release] = {}
    for host in hosts:
        if (kind := _kind(host)) not in kinds:
            kinds[kind] = render(services, intent, kind, templates, (like or {}).get(host.name))
    return {host.name: kinds[_kind(host)] for host in hosts}


def findings(
    hosts: Sequence[Host], services: Sequence[Service], releases: Mapping[str, Release], templates: Path | None
) -> tuple[Finding, ...]:
    """What check has to say; hosts that have the same release are looked at once."""
    first = {releases[host.name].id: host for host in reversed(hosts)}
    again, kept = partial(render, templates=templates), check.own_folder(os.environ)
    found = (
        finding
        for host in _each_once(tuple(reversed(first.values())), services, releases)
        for finding in check.check(services, host, releases[host.name], again, kept)
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


def _kind(host: Host) -> Host:
    """All of a host that its release depends on."""
    nginx = replace(_NOWHERE.nginx, build=host.nginx.build)
    return replace(_NOWHERE, bind=host.bind, log_dir=host.log_dir, nginx=nginx)


def _each_once(hosts: Sequence[Host], services: Sequence[Service], releases: Mapping[str, Release]) -> Iterator[Host]:
    """The hosts, without those whose release is another's but for the address and the folder of the logs."""
    said = {word for service in services for listen in service.listen for word in listen.split()}
    seen: set[bytes] = set()
    for host in hosts:
        address = host.bind
        if address is not None and any(address in word for word in said):  # it may meet a `listen` that says it in full
            yield host
            continue
        content = _content(host, releases[host.name])
        if content not in seen:
            seen.add(content)
            yield host


def _content(host: Host, release: Release) -> bytes:
    """Of the config and of its twin, with words for the address, the logs and what names the release: a digest."""
    total = sha256(b"" if release.emergency is None else _content(host, release.emergency))
    for file in release.files:
        if file.name not in {MANIFEST, SUMS}:
            text = file.text.replace(f"{host.log_dir}/", "@logs@/").replace(release.id, "@id@")
            text = text if host.bind is None else text.replace(host.bind, "@address@")
            total.update(f"{file.name}\0{text}\0".encode())
    return total.digest()
