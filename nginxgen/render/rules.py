"""Overrides as a chain of maps: each rule decides, or leaves it to the next one. nginx evaluates them lazily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nginxgen.errors import InputError
from nginxgen.model.service import Override, Signal, Source
from nginxgen.render import names
from nginxgen.render.quote import Regex, Var, pcre

STABLE = "stable"
CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Row:
    key: str | Regex
    value: str


@dataclass(frozen=True, slots=True)
class Map:
    """`map $source $result { default ...; key value; }`"""

    source: Var
    result: Var
    default: Var | str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One override before it is linked to the next: which value is looked at, and what its words mean."""

    name: str  # "header", "cookie": the last part of its variable
    says: str  # for people: "header X-Gray-Release"
    source: Var
    rows: tuple[Row, ...]


def rules(override: Override) -> tuple[Rule, ...]:
    """In order of precedence: header before cookie (then users, networks). Raises InputError."""
    return tuple(_signal(signal) for signal in (override.header, override.cookie) if signal is not None)


def chain(service: str, found: tuple[Rule, ...], head: Var, end: str) -> Iterator[Map]:
    """Maps that give `head` the word of the first rule with an opinion, else `end`."""
    results = [head, *(names.variable(service, f"by_{rule.name}") for rule in found[1:])]
    defaults: list[Var | str] = [*results[1:], end]
    for rule, result, default in zip(found, results, defaults, strict=True):
        yield Map(rule.source, result, default, rule.rows)


def _signal(signal: Signal) -> Rule:
    words = _words(signal)
    says = f"{signal.source} {signal.name}"
    if signal.source is Source.HEADER:
        return Rule("header", says, names.header(signal.name), words)
    variable = names.cookie(signal.name)
    if variable is not None:
        return Rule("cookie", says, variable, words)
    return Rule("cookie", says, Var("http_cookie"), _cookie_rows(signal))


def _words(signal: Signal) -> tuple[Row, ...]:
    """A row a word; the same word twice, or for both versions, would be fatal in nginx."""
    seen: dict[bytes, Row] = {}
    for value, words in ((CANARY, signal.canary), (STABLE, signal.stable)):
        for word in words:
            row = Row(word, value)
            # nginx lowers ASCII only, as bytes do.
            if not word or seen.setdefault(word.encode("utf-8", "replace").lower(), row).value != value:
                problem = "is empty, which every request has" if not word else "means both canary and stable"
                raise InputError(f"{signal.source} {signal.name}: the word {word[:80]!r} {problem}")
    return tuple(seen.values())


def _cookie_rows(signal: Signal) -> tuple[Row, ...]:
    """Rows on the whole Cookie header, for a name that no variable can have.

    Skips the cookies before the first one with this name (atomically, so that a later one of the same name is never
    looked at: `$cookie_x` takes the first, too) and compares its value.
    """
    name = pcre(signal.name)
    skip = f"^(?>(?:(?![ ]*{name}[ ]*=)[^;]*;)*)"
    return tuple(
        Row(Regex(f"{skip}[ ]*{name}[ ]*=[ ]*(?:{'|'.join(map(pcre, words))})(?:;|$)"), value)
        for value, words in ((CANARY, signal.canary), (STABLE, signal.stable))
        if words
    )
