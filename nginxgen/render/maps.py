"""What nginx makes a variable of: `map`, `geo` and `split_clients`, before they are quoted."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.render.quote import Joined, Regex, Var

Value = str | Var | Joined


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a `map`."""

    key: str | Regex
    value: Value


@dataclass(frozen=True, slots=True)
class Map:
    """`map $source $result { default ...; key value; }`"""

    source: Value
    result: Var
    default: Value
    rows: tuple[Row, ...]
    file: str | None = None  # the file of the release in which the rows stand; None: in the service's own


@dataclass(frozen=True, slots=True)
class Geo:
    """`geo $result { default ""; network value; }`, by the client's address."""

    result: Var
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """`split_clients key $result { 10% canary; * stable; }`. The canary stands first: growing then takes nobody out."""

    key: Joined  # salted, so that no key is empty: an empty one would be the first bucket
    result: Var
    parts: tuple[tuple[str, str], ...]  # percent and what it gives: ("10", "canary"); the rest is stable's
