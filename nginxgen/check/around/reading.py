"""What is read from a request, and read wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from nginxgen.check.around.told import note, warn
from nginxgen.check.around.whole import Whole
from nginxgen.errors import Finding
from nginxgen.model.service import Service

_CUT = re.compile(r"\$((?:cookie|http|arg)_\w+)-(\w+)")
_BARE = re.compile(r"\$\{?(?:cookie|http|arg)_\w+\}?")
_NUMBERED = re.compile(r"\$\{?[1-9]\b")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_ALL = {"0.0.0.0/0", "::/0"}
_PERCENT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?%")
_WHOLE = 100
_MANY = 20  # regexes: 8,000 instructions a request, a third of what a request costs


def underscores(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Nginx drops headers with `_` unless it is told not to; then `X_Gray` is read where `X-Gray` is meant."""
    by_header = [one.name for one in services if one.override.header is not None]
    for spot in tree.named("underscores_in_headers"):
        if spot.node.args[:1] == ("on",):
            who = f", which decides in service {by_header[0]}" if by_header else ""
            yield warn("NG035", f"a header may be forged by its twin with `_`{who}", spot, "leave it off")


def cut_variable(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """`$cookie_gray-canary` passes `nginx -t` and means `$cookie_gray`, followed by "-canary"."""
    for spot in tree.spots:
        for text in (spot.node.name, *spot.node.args) if not spot.is_ours else ():
            for name, rest in _CUT.findall(text):
                message = f"${name}-{rest} is ${name} with the text -{rest} behind it"
                yield warn("NG036", message, spot, "nginx has no variable for it: map $http_cookie by a regex")


def empty_key(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """An empty key hashes to 0 and falls into the first bucket: every client without it."""
    for spot in tree.named("split_clients"):
        if spot.node.args and _BARE.fullmatch(spot.node.args[0]):
            message = f"who has no {spot.node.args[0]} falls into the first share, all of them"
            yield warn("NG037", message, spot, "put a text in front of the key, and decide about empty keys before")


def unfinished_split(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Shares that do not add up to all leave the rest an empty variable: as the name of an upstream, 500."""
    for spot in tree.named("split_clients"):
        shares = [row.name for row in spot.node.block or ()]
        if all(_PERCENT.fullmatch(share) for share in shares):  # `*` takes the rest
            total = sum(Decimal(share[:-1]) for share in shares)
            if total < _WHOLE:
                message = f"{_WHOLE - total} % of the requests have an empty {' '.join(spot.node.args[1:2])}"
                yield warn("NG053", message, spot, "end it with a row for `*`")


def everyone_is_a_proxy(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """Who may set the client's address may pass for anyone: rules by network are for everybody then."""
    by_network = [one.name for one in services if one.override.networks is not None]
    for spot in tree.named("set_real_ip_from"):
        if spot.node.args[:1] and spot.node.args[0] in _ALL:
            who = f", whose networks decide in service {by_network[0]}" if by_network else ""
            yield warn("NG038", f"any client may set its own address{who}", spot, "name the proxies in front only")


def numbered_captures(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """A regex in a map overwrites $1 to $9 of the same request, even where these are written before its variable."""
    clobber = {
        spot.node.args[1].lstrip("$")
        for spot in tree.named("map")
        if len(spot.node.args) > 1 and any(row.name.startswith("~") for row in spot.node.block or ())
    }
    for spot in tree.spots:
        text = " ".join(spot.node.args)
        if not spot.is_ours and _NUMBERED.search(text):
            for name in sorted(clobber & set(_VARIABLE.findall(text))):
                message = f"$1 to $9 are those of the map that makes ${name}"
                yield warn("NG039", message, spot, "give the captures names: (?<name>...)")


def many_regexes(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
    """Regexes of a map are tried one after the other, some 400 instructions each; exact keys cost nothing."""
    for spot in tree.named("map"):
        number = sum(row.name.startswith("~") for row in spot.node.block or ())
        if number > _MANY:
            yield note("NG040", f"a map tries up to {number} regexes in a request", spot, "use exact keys where it can")
