"""What points at what, and who serves what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nginxgen.check.tree import Config, Node, named, walk
from nginxgen.errors import Finding, Place, Severity

_SCHEMES = ("http://", "https://", "grpc://", "grpcs://")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_OF_THE_SENTINEL: Mapping[str, tuple[str, ...]] = {
    "nginxgen_websocket": ("", ".websocket"),
    "nginxgen_mirror": ("none", "copy"),
}


def dangling(config: Config) -> Iterator[Finding]:
    """A location or an upstream that nothing declares answers 500 or 502 at run time, and `nginx -t` sees nothing
    where the name comes from a variable.
    """
    places = {node.args[0] for node in named(config.server.block, "location") if node.args[0].startswith("@")}
    upstreams = {node.args[0] for node in named(config.nodes, "upstream")}
    drawn = {node.args[1]: node for node in named(config.nodes, "map", "split_clients")}
    for node in walk(config.nodes):
        if node.name == "try_files" and node.args[-1].startswith("@"):
            for place, line in _places(drawn, node):
                if place not in places:
                    yield _missing(f"location {place}", config.file, line)
        elif node.name in ("proxy_pass", "grpc_pass"):
            name = _upstream(node.args[0])
            if name.startswith(f"{config.service.name}.") and name not in upstreams:
                yield _missing(f"upstream {name}", config.file, node.line)


def _places(drawn: dict[str, Node], node: Node) -> Iterator[tuple[str, int]]:
    """Every location that the last argument of a try_files can name, with the line that says so."""
    yield from _expanded(drawn, node.args[-1], node.line)


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


def _expanded(
    drawn: dict[str, Node], text: str, line: int, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[str, int]]:
    """Every value that a text with variables can have, with the line that says so."""
    literal, *rest = _VARIABLE.split(text)
    found = [(literal, line)]
    for variable, behind in zip(rest[::2], rest[1::2], strict=True):
        own = [(value, line) for value in _OF_THE_SENTINEL.get(variable, ())]
        values = own or list(_reached(drawn, f"${variable}", seen))
        found = [(front + value + behind, at if own else there) for front, at in found for value, there in values]
    yield from found


def _reached(drawn: dict[str, Node], variable: str, seen: frozenset[str]) -> Iterator[tuple[str, int]]:
    """The values that can end a chain of maps, with the line of each."""
    node = drawn.get(variable)
    for row in (node.block or ()) if node and variable not in seen else ():
        # An empty value is no opinion: the route's own map goes on with its weight.
        if row.args and row.name != "include" and row.args[-1]:
            yield from _expanded(drawn, row.args[-1], row.line, seen | {variable})


def _upstream(target: str) -> str:
    for scheme in _SCHEMES:
        target = target.removeprefix(scheme)
    return re.split(r"[/$]", target, maxsplit=1)[0]


def _missing(what: str, file: str, line: int) -> Finding:
    return Finding("NG004", f"{what} is not defined", Place(file, line))
