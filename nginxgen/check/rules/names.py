"""Addresses, names and paths that meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginxgen.check.hashes import DEFAULT, bucket_for, longest_key
from nginxgen.check.tree import Config, Node, named
from nginxgen.errors import Finding, Place, Severity
from nginxgen.model.host import Host

_NEVER = re.compile(r"//|/\.\.?(?:/|$)|%[0-9A-Fa-f]{2}")
_ANY_ADDRESS = ("*:", "0.0.0.0:")


def same_server(configs: Sequence[Config], host: Host) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Of two services with one name on one address nginx serves the first and only warns."""
    owners: dict[tuple[str, str], Config] = {}
    for config in configs:
        addresses = {address for address, _ in _listens(config)}
        for node in named(config.server.block, "server_name"):
            for key in sorted((address, name.lower()) for address in addresses for name in set(node.args)):
                owner = owners.setdefault(key, config)
                if owner is not config:
                    yield Finding(
                        "NG005",
                        f"services {owner.service.name} and {config.service.name} both serve {key[1]} on {key[0]}",
                        Place(config.file, node.line),
                        hint="give one of them another name or another listen",
                    )


def two_defaults(configs: Sequence[Config], host: Host) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Two default servers on one address are fatal for the whole host."""
    owners: dict[str, Config] = {}
    for config in configs:
        for address, node in _listens(config):
            if {"default_server", "default"} & set(node.args) and owners.setdefault(address, config) is not config:
                other = owners[address].service.name
                message = f"services {other} and {config.service.name} are both the default server on {address}"
                yield Finding("NG015", message, Place(config.file, node.line))


def no_certificate(configs: Sequence[Config], host: Host) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A `listen ... ssl` without a certificate is fatal for the whole host, unless its nginx.conf has one."""
    for config in configs:
        if any(named(config.extra, "ssl_certificate", "ssl_reject_handshake")):
            continue
        for _, node in _listens(config):
            if "ssl" in node.args:
                yield Finding(
                    "NG010",
                    f"service {config.service.name} listens with ssl and names no certificate",
                    Place(config.file, node.line),
                    hint="add ssl_certificate and ssl_certificate_key to its server_extra",
                    severity=Severity.WARNING,
                )


def same_location(config: Config) -> Iterator[Finding]:
    """A second location with the same path is fatal for the whole host; the first is a route's, or ours."""
    first: dict[tuple[str, ...], Node] = {}
    for node in named(config.server.block, "location"):
        path = node.args if node.args[0] != "^~" else node.args[1:]  # nginx counts `^~ /a` and `/a` as one
        if first.setdefault(path, node) is not node:
            message = f"location {' '.join(node.args)} is already there, at line {first[path].line}"
            yield Finding("NG007", message, Place(config.file, node.line))


def long_server_name(config: Config) -> Iterator[Finding]:
    """A name over 46 bytes needs a larger server_names_hash_bucket_size than the default, else nothing starts."""
    for node in named(config.server.block, "server_name"):
        for name in node.args:
            needs = bucket_for(name)
            if needs > DEFAULT and "*" not in name:
                yield Finding(
                    "NG011",
                    f"the server name {name} is longer than 46 bytes",
                    Place(config.file, node.line),
                    hint=f"the host's nginx.conf needs server_names_hash_bucket_size {needs} in http {{}}",
                    severity=Severity.WARNING,
                )


def long_key(config: Config) -> Iterator[Finding]:
    """A word, id or address over 46 bytes needs a larger map_hash_bucket_size than the default, else nothing starts."""
    longest = longest_key(config.service)
    needs = bucket_for(longest)
    if needs > DEFAULT and config.intent.canary_on:
        yield Finding(
            "NG051",
            f"service {config.service.name} looks for {longest[:80]}, which is longer than 46 bytes",
            Place(config.file, config.server.line),
            hint=f"the host's nginx.conf needs map_hash_bucket_size {needs} in http {{}}",
            severity=Severity.WARNING,
        )


def uncovered_path(config: Config) -> Iterator[Finding]:
    """Paths that no route takes are answered 404 by nginx itself; that may be meant, or not."""
    locations = [node for node in named(config.server.block, "location") if not node.args[0].startswith("@")]
    if not any(node.args[-1] == "/" and len(node.args) == 1 for node in locations):
        yield Finding(
            "NG016",
            f"service {config.service.name}: a path that none of its routes takes is answered 404",
            Place(config.file, config.server.line),
            hint="a route with `path: /` takes all others",
            severity=Severity.NOTE,
        )


def unreachable_path(config: Config) -> Iterator[Finding]:
    """Nginx compares paths after it has decoded %41, resolved `..` and merged `//`: a path with these never matches."""
    for node in named(config.server.block, "location"):
        path = node.args[-1]
        if path.startswith("/") and "~" not in node.args[0] and _NEVER.search(path):
            yield Finding(
                "NG017",
                f"no request ever has the path {path}",
                Place(config.file, node.line),
                hint="write it as it is when nginx has decoded it: without %, //, /./ and /../",
                severity=Severity.WARNING,
            )


def _listens(config: Config) -> Iterator[tuple[str, Node]]:
    """Each listen with its address in one form: "80" for `80`, `*:80` and `0.0.0.0:80`."""
    for node in named(config.server.block, "listen"):
        address = node.args[0]
        for prefix in _ANY_ADDRESS:
            address = address.removeprefix(prefix)
        yield address, node
