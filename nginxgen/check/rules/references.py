"""What points at what, and who serves what."""

from __future__ import annotations

from collections.abc import Iterator

from nginxgen.check.tree import Config, Node, named, walk
from nginxgen.errors import Finding, Place, Severity

_SCHEMES = ("http://", "https://", "grpc://", "grpcs://")


def dangling(config: Config) -> Iterator[Finding]:
    """A location or an upstream that nothing declares answers 500 or 502 at run time, and `nginx -t` sees nothing
    where the name comes from a variable.
    """
    places = {node.args[0] for node in named(config.server.block, "location") if node.args[0].startswith("@")}
    upstreams = {node.args[0] for node in named(config.nodes, "upstream")}
    maps = {node.args[1]: node for node in named(config.nodes, "map")}
    for node in walk(config.nodes):
        if node.name == "try_files" and node.args[-1].startswith("@$"):
            for row in _reached(maps, node.args[-1][1:]):
                if f"@{row.args[-1]}" not in places:
                    yield _missing(f"location @{row.args[-1]}", config.file, row.line)
        elif node.name == "proxy_pass":
            name = _upstream(node.args[0])
            if name.startswith(f"{config.service.name}.") and name not in upstreams:
                yield _missing(f"upstream {name}", config.file, node.line)


def shared_server(config: Config) -> Iterator[Finding]:
    """A server of both versions gets requests of both, so the share of the canary is not what was asked."""
    service, intent = config.service, config.intent
    if intent.canary is None:
        return
    stable = {server.address for server in service.version(intent.stable).servers}
    for server in service.version(intent.canary).servers:
        if server.address in stable:
            line = next((node.line for node in walk(config.nodes) if server.address in node.args), None)
            yield Finding(
                "NG006",
                f"{server.address} serves both {intent.stable} and {intent.canary} of service {service.name}",
                Place(config.file, line),
                hint="give each version servers of its own",
                severity=Severity.WARNING,
            )


def _reached(maps: dict[str, Node], variable: str) -> Iterator[Node]:
    """The rows that can end a chain of maps, with the value in their last argument."""
    node = maps.get(variable)
    for row in (node.block or ()) if node else ():
        if not row.args:
            continue
        if row.args[-1].startswith("$"):
            yield from _reached(maps, row.args[-1])
        elif row.args[-1]:  # an empty value is no opinion: the route's own map goes on with its weight
            yield row


def _upstream(target: str) -> str:
    for scheme in _SCHEMES:
        target = target.removeprefix(scheme)
    return target.split("/", 1)[0]


def _missing(what: str, file: str, line: int) -> Finding:
    return Finding("NG004", f"{what} is not defined", Place(file, line))
