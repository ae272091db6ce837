"""Who answers: addresses, names, upstreams, and what a service of ours does not inherit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nginxgen.check.around.told import error, note, warn
from nginxgen.check.around.whole import Whole
from nginxgen.check.tree import Node, named
from nginxgen.errors import Finding
from nginxgen.model.service import Anonymous, Service

_ANY_ADDRESS = ("*:", "0.0.0.0:")
_DEFAULTS = {"default_server", "default"}


def two_defaults(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Two default servers on one address are fatal for the whole host."""
    ours = {
        _address(listen.split()[0]): service.name
        for service in services
        for listen in service.listen
        if _DEFAULTS & set(listen.split())
    }
    for spot in tree.named("listen"):
        owner = ours.get(_address(spot.node.args[0]))
        if owner and _DEFAULTS & set(spot.node.args):
            message = f"a default server on {spot.node.args[0]}, which service {owner} is as well"
            yield error("NG050", message, spot, "take default_server from one of them")


def same_name(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Of two servers with one name on one address nginx serves the first and only warns."""
    ours = {
        (_address(listen.split()[0]), name.lower()): service.name
        for service in services
        for listen in service.listen
        for name in service.server_names
    }
    for spot in tree.named("server_name"):
        for address in _addresses(spot.around[-1]):
            for name in spot.node.args:
                if owner := ours.get((address, name.lower())):
                    message = f"{name} on {address} is served here and by service {owner}: one of them gets nothing"
                    yield warn("NG031", message, spot, "remove this server when the service has taken over")


def same_upstream(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Two upstreams of one name are fatal for the whole host; nginx compares them without case."""
    names = {service.name for service in services}
    for spot in tree.named("upstream"):
        front, _, part = spot.node.args[0].lower().rpartition(".") if spot.node.args else ("", "", "")
        if front in names and part in ("stable", "canary", "mirror"):
            yield error("NG032", f"upstream {spot.node.args[0]} has the name of one of service {front}", spot)


def headers_that_stay_outside(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """A level with headers of its own inherits none: what the http block sets does not reach a service of ours."""
    adding = [one.name for one in services if one.version_header or (one.sticky and one.sticky.anonymous is _ISSUE)]
    for spot in tree.named("proxy_set_header", "grpc_set_header", "add_header"):
        reached = adding if spot.node.name == "add_header" else [service.name for service in services]
        if spot.path == ("http",) and reached:
            message = f"{spot.node.name} {spot.node.args[0]} does not reach service {reached[0]}, which has its own"
            yield note("NG033", message, spot, "repeat it in the service's server_extra, if it needs it")


_ISSUE = Anonymous.ISSUE


def no_end_of_old_workers(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Workers of the release before serve long requests and WebSockets by its weights until these end. A limit must be
    live before the reload that it is to help.
    """
    if not services or any(spot.node.name == "worker_shutdown_timeout" for spot in tree.spots):
        return
    first = next((spot for spot in tree.spots if spot.node.name == "http" and not spot.is_ours), None)
    if first is not None:
        message = "nothing limits how long old workers live after a reload"
        yield note("NG034", message, first, "worker_shutdown_timeout 10m; at the top of nginx.conf")


def _addresses(server: Node) -> set[str]:
    return {_address(node.args[0]) for node in named(server.block, "listen")} or {"80"}


def _address(listen: str) -> str:
    for prefix in _ANY_ADDRESS:
        listen = listen.removeprefix(prefix)
    return listen
