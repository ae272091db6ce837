"""Where a request is passed on to, how often, and what it loses on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginxgen.check.around.told import error, note, warn
from nginxgen.check.around.whole import Spot, Whole
from nginxgen.check.tree import named
from nginxgen.errors import Finding
from nginxgen.model.service import Service

_PASS = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass")
_NEXT = ("proxy_next_upstream", "grpc_next_upstream", "fastcgi_next_upstream")
_ACCESS = ("allow", "deny", "auth_basic", "auth_request", "auth_jwt")
_TARGET = re.compile(r"(?:\w+://)?\$\{?(\w+)\}?(?::\d+)?(/.*)?")
_ADDRESS = re.compile(r"(?:[\d.]+|\[[\da-fA-F:.]+\])(?::\d+)?|unix:.*")
_PATH_BEHIND = re.compile(r"\w+://[^/]*\$[^/$]*/.")
_5XX = re.compile(r"http_5\d\d")
_HARMLESS_IN_IF = frozenset({"return", "rewrite", "set", "break", "access_log", "error_log"})


def unknown_target(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A name that comes from a map is looked up when a request has it: what nothing declares answers 502, and
    `nginx -t` sees nothing.
    """
    for spot, name in _by_variable(tree):
        for value in _values(tree, name):
            if value and "$" not in value and not _ADDRESS.fullmatch(value) and not _is_declared(tree, spot, value):
                yield error("NG041", f"${name} can be {value[:60]}, and no upstream has that name", spot)


def no_resolver(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """With a variable in it a target is looked up at each request, and without a resolver each answers 502."""
    for spot, name in _by_variable(tree):
        if not _values(tree, name) and not _has_resolver(spot):
            yield warn("NG042", f"{spot.node.name} by ${name}, and no resolver", spot, "name an upstream")


def path_from_variable(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """With a variable in it, a proxy_pass with a path drops the rest of the path and the query; `$uri` lets a client
    write headers.
    """
    for spot in tree.named("proxy_pass"):
        target = spot.node.args[0] if spot.node.args else ""
        if _PATH_BEHIND.match(target) or re.search(r"\$\{?(?:document_)?uri\b", target):
            yield warn("NG043", "this proxy_pass builds a path from a variable", spot, "end it behind the host")


def in_an_if(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Of several `if` in a location that match only the last one counts, and it inherits a part of the location."""
    for spot in tree.named("if"):
        if "location" in spot.path:
            for node in spot.node.block or ():
                if node.name not in _HARMLESS_IN_IF:
                    yield warn("NG044", f"{node.name} in an if in a location", Spot(node), "decide by a map")


def no_zone(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Without a zone each worker counts by itself: with four of them, 99 to 1 gave none of the first 100 to the one."""
    for spot in tree.named("upstream"):
        weighted = any(word.startswith("weight=") for node in named(spot.node.block, "server") for word in node.args)
        if weighted and not any(named(spot.node.block, "zone")):
            yield note("NG045", f"upstream {spot.node.args[0]} has weights and no zone", spot, "zone NAME 64k;")


def poisoning_retry(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """With 5xx in proxy_next_upstream one buggy URL, asked twice, takes every server out for ten seconds, unless
    their max_fails is 0.
    """
    servers = [node for spot in tree.named("upstream") for node in named(spot.node.block, "server")]
    if servers and all("max_fails=0" in node.args for node in servers):
        return
    for spot in tree.named(*_NEXT):
        if any(map(_5XX.fullmatch, spot.node.args)):
            yield warn("NG046", "answers of 5xx count as failures of a server here", spot, "max_fails=0 on its servers")


def runs_twice(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A POST that is sent again may be carried out twice: by `non_idempotent`, and by an error_page that passes on."""
    for spot in tree.named(*_NEXT):
        if "non_idempotent" in spot.node.args:
            yield warn("NG047", "a POST that failed is sent to another server", spot, "take out non_idempotent")
    intercepted = any(spot.node.args[:1] == ("on",) for spot in tree.named("proxy_intercept_errors"))
    passing = {
        spot.node.args[0]
        for spot in tree.named("location")
        if spot.node.args and spot.node.args[0].startswith("@") and any(named(spot.node.block, *_PASS))
    }
    for spot in tree.named("error_page") if intercepted else ():
        if spot.node.args[-1] in passing and any(code.startswith("5") for code in spot.node.args[:-1]):
            message = f"a POST that was answered 5xx is sent again, to {spot.node.args[-1]}"
            yield warn("NG047", message, spot, "proxy_next_upstream keeps to safe methods")


def lost_headers(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A level with headers of its own has none of those outside it."""
    for name in ("add_header", "proxy_set_header"):
        told: set[int] = set()
        for spot in tree.named(name):
            if not spot.around or id(spot.around[-1]) in told:
                continue
            told.add(id(spot.around[-1]))
            own = {node.args[0].lower() for node in named(spot.around[-1].block, name)}
            outer = next((block for block in reversed(spot.around[:-1]) if any(named(block.block, name))), None)
            lost = (
                [node.args[0] for node in named(outer.block, name) if node.args[0].lower() not in own] if outer else []
            )
            if lost and not any(any(named(block.block, f"{name}_inherit")) for block in spot.around):
                yield warn("NG048", f"with a {name} of its own this {spot.around[-1].name} loses {lost[0]}", spot)


def bypassed_access(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A `return` answers before allow, deny and auth are asked."""
    for spot in tree.named("location"):
        rule = next(named(spot.node.block, *_ACCESS), None)
        if rule is not None and any(named(spot.node.block, "return")):
            yield warn("NG049", f"{rule.name} does not protect the return of this location", Spot(rule))


def _by_variable(tree: Whole) -> Iterator[tuple[Spot, str]]:
    """Each pass to a target whose host is a variable, with the variable's name."""
    for spot in tree.named(*_PASS):
        found = _TARGET.fullmatch(spot.node.args[0]) if spot.node.args else None
        if found:
            yield spot, found[1]


def _values(tree: Whole, variable: str) -> tuple[str, ...]:
    """What maps give the variable; empty where no map does."""
    rows = [
        row
        for spot in tree.named("map", "split_clients", "geo")
        if spot.node.args and spot.node.args[-1] == f"${variable}"
        for row in spot.node.block or ()
    ]
    return tuple(row.args[-1] for row in rows if row.args and row.name != "include")


def _is_declared(tree: Whole, spot: Spot, value: str) -> bool:
    declared = {one.node.args[0].lower() for one in tree.spots if one.node.name == "upstream" and one.node.args}
    return value.lower() in declared or _has_resolver(spot)


def _has_resolver(spot: Spot) -> bool:
    return any(any(named(block.block, "resolver")) for block in spot.around)
