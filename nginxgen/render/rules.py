"""Overrides as a chain of maps: each rule decides, or leaves it to the next one. nginx evaluates them lazily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from nginxgen.errors import InputError
from nginxgen.model.service import Networks, Override, Signal, Source, Users
from nginxgen.render import names
from nginxgen.render.maps import Geo, Map, Row, Value
from nginxgen.render.quote import Regex, Var, pcre
from nginxgen.render.sources import skipping, source

STABLE = "stable"
CANARY = "canary"
CONTROL = "control"  # stable for those who are measured beside the canary
_INLINE = 20  # ids that stand in the service's own file; more get one of their own


@dataclass(frozen=True, slots=True)
class Rule:
    """One override before it is linked to the next: which value is looked at, and what its words mean."""

    name: str  # "header", "cookie": the last part of its variable
    says: str  # for people: "header X-Gray-Release"
    source: Var
    rows: tuple[Row, ...]
    file: str | None = None  # where the rows stand, if not in the service's file
    before: tuple[Map, ...] = ()  # what makes `source`
    geo: Geo | None = None  # what makes `source`, for networks

    @property
    def is_quick(self) -> bool:
        """Whether most requests have nothing for it to look at. User ids they have, and the whole Cookie header."""
        return self.name != "users" and not any(isinstance(row.key, Regex) for row in self.rows)


def rules(service: str, override: Override) -> tuple[Rule, ...]:
    """In order of precedence: header, cookie, users, networks. Raises InputError."""
    found = [_signal(signal) for signal in (override.header, override.cookie) if signal is not None]
    if override.users is not None:
        found.append(_users(service, override.users))
    if override.networks is not None:
        found.append(_networks(override.networks))
    return tuple(found)


def chain(found: Sequence[Rule], end: Value) -> tuple[Value, tuple[Map, ...]]:
    """The word of the first rule with an opinion, else `end`: the variable that holds it, and its maps, last one first.

    Built from the end, as each variable is named by what follows it.
    """
    decision, maps = end, list[Map]()
    for rule in reversed(found):
        result = names.variable(rule.name, rule.source, decision, rule.rows)
        maps += (*rule.before, Map(rule.source, result, decision, rule.rows, rule.file))
        decision = result
    return decision, tuple(maps)


def _signal(signal: Signal) -> Rule:
    says = f"{signal.source} {signal.name}"
    words = _words(says, "word", signal.canary, signal.stable)
    if signal.source is Source.HEADER:
        return Rule("header", says, names.header(signal.name), words)
    variable = names.cookie(signal.name)
    if variable is not None:
        return Rule("cookie", says, variable, words)
    return Rule("cookie", says, Var("http_cookie"), _cookie_rows(signal))


def _users(service: str, users: Users) -> Rule:
    read = source(users.source, users.name)
    rows = _words(f"users by {users.source} {users.name}", "id", users.canary, users.stable)
    file = f"{service}.users.map" if len(rows) > _INLINE else None
    return Rule("users", f"users by {users.source} {users.name}", read.variable, rows, file, read.maps)


def _networks(networks: Networks) -> Rule:
    """`geo` finds the narrowest network, but can't leave it to the next rule: a map does."""
    seen: dict[str, str] = {}
    for value, side in ((CANARY, networks.canary), (STABLE, networks.stable)):
        for text in side:
            if seen.setdefault(network(text), value) != value:
                raise InputError(f"network {text[:80]!r} means both canary and stable")
    rows = tuple(Row(found, value) for found, value in seen.items())
    result = names.variable("network", rows)
    geo = Geo(result, rows)
    return Rule("networks", "networks", result, (Row(CANARY, CANARY), Row(STABLE, STABLE)), geo=geo)


def network(text: str) -> str:
    """In its normal form. Raises InputError."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise InputError(f"{text[:80]!r} is not a network", hint="like 10.8.0.0/16 or fd00::/8") from None


def _words(says: str, kind: str, canary: tuple[str, ...], stable: tuple[str, ...]) -> tuple[Row, ...]:
    """A row a word; the same word twice, or for both versions, would be fatal in nginx."""
    seen: dict[bytes, Row] = {}
    for value, words in ((CANARY, canary), (STABLE, stable)):
        for word in words:
            row = Row(word, value)
            # nginx lowers ASCII only, as bytes do.
            if not word or seen.setdefault(word.encode("utf-8", "replace").lower(), row).value != value:
                problem = "is empty, which every request has" if not word else "means both canary and stable"
                raise InputError(f"{says}: the {kind} {word[:80]!r} {problem}")
    return tuple(seen.values())


def _cookie_rows(signal: Signal) -> tuple[Row, ...]:
    """Rows on the whole Cookie header, for a name that no variable can have."""
    found = skipping(signal.name)
    return tuple(
        Row(Regex(f"{found}(?:{'|'.join(map(pcre, words))})(?:;|$)"), value)
        for value, words in ((CANARY, signal.canary), (STABLE, signal.stable))
        if words
    )
