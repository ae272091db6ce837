"""Which location takes a path, and which of its routes a method, as nginx finds them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nginxgen.errors import InputError
from nginxgen.explain.headers import to_bytes
from nginxgen.model.service import PathMatch, Route

_NAMED = re.compile(r"\(\?<(?![=!])")
_CLASSES = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z", "xdigit": "A-Fa-f0-9",
    "space": r"\s", "word": r"\w", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A location: the routes that share a path."""

    match: PathMatch
    path: str
    routes: tuple[Route, ...]

    @property
    def says(self) -> str:
        return f"{self.match} {self.path}"


@lru_cache(maxsize=1024)
def places(routes: tuple[Route, ...]) -> tuple[Place, ...]:
    """In the order in which their paths come first, which is that of the regular expressions."""
    found: dict[tuple[PathMatch, str], list[Route]] = {}
    for route in routes:
        found.setdefault((route.match, route.path), []).append(route)
    return tuple(Place(match, path, tuple(its)) for (match, path), its in found.items())


def place_of(path: bytes, known: Sequence[Place]) -> Place | None:
    """Exact, else the first regular expression, else the longest prefix (ngx_http_core_find_location)."""
    exact = (place for place in known if place.match is PathMatch.EXACT and to_bytes(place.path) == path)
    by_regex = (
        place for place in known if place.match is PathMatch.REGEX and compiled(place.path).search(path) is not None
    )
    prefixes = [place for place in known if place.match is PathMatch.PREFIX and path.startswith(to_bytes(place.path))]
    longest = max(prefixes, key=lambda place: len(to_bytes(place.path)), default=None)
    return next(exact, None) or next(by_regex, None) or longest


def route_of(method: str, place: Place) -> Route | None:
    """The route that lists the method, HEAD with GET; else the one without methods; None: stable takes it."""
    listed = {one for route in place.routes for one in route.methods}
    asked = "GET" if method == "HEAD" and "HEAD" not in listed else method
    by_method = (route for route in place.routes if asked in route.methods)
    return next(by_method, None) or next((route for route in place.routes if not route.methods), None)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[bytes]:
    """Nginx's PCRE as Python reads it, on bytes. Raises InputError where Python would read it otherwise."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(to_bytes("".join(_translated(pattern))))
    except (re.error, Warning) as error:
        raise InputError(
            f"the regular expression {pattern[:80]!r} is beyond explain: {error}", hint="nginxgen prove asks nginx"
        ) from None


def _translated(pattern: str) -> Iterator[str]:
    r"""Named groups, [:classes:], and the ends \z and \Z, which the two write differently."""
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            yield {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)"}.get(pattern[at : at + 2], pattern[at : at + 2])
            at += 2
        elif found := re.compile(r"\[:(\w+):\]").match(pattern, at):
            yield _CLASSES.get(found[1], found[0])
            at = found.end()
        elif _NAMED.match(pattern, at):
            yield "(?P<"
            at += 3
        else:
            yield pattern[at]
            at += 1
