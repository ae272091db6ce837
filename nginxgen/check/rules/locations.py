"""What a location does to what stands around it: mostly in server_extra and in templates of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginxgen.check.tree import Config, Node, named, walk
from nginxgen.errors import Finding, Place, Severity

_ACCESS = ("allow", "deny", "auth_basic", "auth_request", "auth_jwt")
_PASS = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass")
_URI_BEHIND_VARIABLE = re.compile(r"\w+://[^/]*\$[^/$]*/")
_MILLISECONDS = {"ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|)")


def too_few_tries(config: Config) -> Iterator[Finding]:
    """A request gets to the backup only after every regular server had its try, and while there is time for another."""
    pools = {node.args[0]: node for node in named(config.nodes, "upstream") if not node.args[0].endswith(".split")}
    for place in _locations(config.server.block or ()):
        pool = pools.get(_pool(place))
        if pool is None or not any("backup" in server.args for server in named(pool.block, "server")):
            continue
        regular = sum("backup" not in server.args for server in named(pool.block, "server"))
        for tries in named(place.block, "proxy_next_upstream_tries", "grpc_next_upstream_tries"):
            if tries.args[0].isdecimal() and 0 < int(tries.args[0]) <= regular:
                message = f"{tries.args[0]} tries never reach the backup behind {regular} servers"
                yield _warn("NG018", message, config, tries, f"at least {regular + 1}")
        yield from _too_little_time(config, place, regular)


def _too_little_time(config: Config, place: Node, regular: int) -> Iterator[Finding]:
    for total in named(place.block, "proxy_next_upstream_timeout", "grpc_next_upstream_timeout"):
        for one in named(place.block, "proxy_read_timeout", "grpc_read_timeout"):
            limit, each = _milliseconds(total.args[0]), _milliseconds(one.args[0])
            if limit and each and limit <= each * regular:
                message = f"after {regular} tries of {one.args[0]} the time for another, {total.args[0]}, is over"
                yield _warn("NG018", message, config, total, "more than the number of servers times the timeout")


def bypassed_access(config: Config) -> Iterator[Finding]:
    """A `return` answers before allow, deny and auth are asked."""
    for place in _locations(config.extra):
        rule = next(named(place.block, *_ACCESS), None)
        if rule is not None and any(named(place.block, "return")):
            yield _warn("NG019", f"{rule.name} does not protect the return of this location", config, rule, None)


def idle_body_limit(config: Config) -> Iterator[Finding]:
    """The size of a body is checked in the location that takes the request, never in a named one."""
    for place in _locations(config.server.block or ()):
        if place.args[0].startswith("@"):
            for node in named(place.block, "client_max_body_size"):
                yield _warn("NG021", "client_max_body_size has no effect in a named location", config, node, None)


def uri_behind_variable(config: Config) -> Iterator[Finding]:
    """With a variable in it, a proxy_pass with a path drops the rest of the path and the query; `$uri` lets a client
    write headers.
    """
    for node in walk(config.extra):
        if node.name == "proxy_pass" and (_URI_BEHIND_VARIABLE.match(node.args[0]) or "$uri" in node.args[0]):
            hint = "end it behind the host, or use $request_uri"
            yield _warn("NG022", "this proxy_pass builds a path from a variable", config, node, hint)


def lost_headers(config: Config) -> Iterator[Finding]:
    """A location with headers of its own has none of the server's: Host would be the name of the upstream."""
    own = {"add_header"} if any(named(config.server.block, "add_header")) else set()
    for place in _locations(config.extra):
        for name in (*own, "proxy_set_header", "grpc_set_header"):
            node = next(named(place.block, name), None)
            if node is None or (name != "add_header" and (not _pool(place) or _sets_host(place))):
                continue
            message = f"with a {name} of its own this location has none of the server's"
            yield _warn("NG023", message, config, node, "repeat them here" if name == "add_header" else "set Host too")


def conditional_pass(config: Config) -> Iterator[Finding]:
    """Of two `if` that match only the last one's proxy_pass counts, and none where it has no proxy_pass."""
    for node in walk(config.extra):
        if node.name == "if":
            for inner in named(node.block, *_PASS):
                yield _warn("NG024", f"{inner.name} in an if", config, inner, "decide by map, and name the upstream")


def _locations(nodes: Sequence[Node]) -> Iterator[Node]:
    return (node for node in walk(nodes) if node.name == "location" and node.args)


def _pool(place: Node) -> str:
    """The name of the upstream that a location passes to; empty where it passes to none."""
    target = next((node.args[0] for node in named(place.block, *_PASS) if node.args), "")
    return re.split(r"[/$]", target.partition("://")[2] or target, maxsplit=1)[0]


def _sets_host(place: Node) -> bool:
    headers = named(place.block, "proxy_set_header", "grpc_set_header")
    return any(node.args and node.args[0].lower() == "host" for node in headers)


def _milliseconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    return int(found[1]) * _MILLISECONDS[found[2]] if found else 0


def _warn(rule: str, message: str, config: Config, node: Node, hint: str | None) -> Finding:
    return Finding(rule, message, Place(config.file, node.line), hint, Severity.WARNING)
