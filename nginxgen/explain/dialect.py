"""Where the versions of nginx read the same request differently."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"(\d+)\.(\d+)\.(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The default is nginx up to 1.22."""

    joins_headers: bool = False  # of headers with one name: all of them, joined by ", "; else the first
    splits_at_commas: bool = True  # a cookie may also begin behind a comma

    @classmethod
    def of(cls, version: str) -> Dialect:
        """By the version that a host names, as "1.22.1" or "nginx/1.25.3 (Ubuntu)". Where it has none: the default."""
        found = _NUMBERS.search(version)
        if found is None:
            return cls()
        number = tuple(map(int, found.groups()))
        return cls(joins_headers=number >= (1, 23, 0), splits_at_commas=number < (1, 29, 6))
