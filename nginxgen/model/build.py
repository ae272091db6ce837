"""What a host says of its nginx: the version, and how it was built."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_VERSION = re.compile(r"(?:nginx|openresty|freenginx)/(\d+)\.(\d+)\.(\d+)|^(\d+)\.(\d+)\.(\d+)", re.ASCII)

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Build:
    """One nginx binary. Nothing is known of forks that count in another way."""

    version: Version | None
    options: frozenset[str] = field(
        default_factory=frozenset
    )  # of ./configure: "--with-http_v2_module"; empty: unknown

    @classmethod
    def of(cls, version: str, options: Iterable[str] = ()) -> Build:
        """`version` as `nginx -V` says it: "nginx/1.22.1", "nginx/1.25.3 (Ubuntu)"."""
        found = _VERSION.search(version)
        numbers = [int(number) for number in found.groups() if number is not None] if found else []
        known = (numbers[0], numbers[1], numbers[2]) if numbers else None
        return cls(known, frozenset(option.removesuffix("=dynamic") for option in options))

    def is_from(self, since: Version) -> bool:
        """Whether it is at least as new; not, where that is unknown."""
        return self.version is not None and self.version >= since

    def lacks(self, module: str) -> bool:
        """Whether it was certainly built without "http_v2" (to be asked for) or "http_geo" (there unless left out)."""
        if not self.options:
            return False
        asked_for = module in _ASKED_FOR and f"--with-{module}_module" not in self.options
        return asked_for or f"--without-{module}_module" in self.options


_ASKED_FOR = frozenset({"http_ssl", "http_v2", "http_v3", "http_realip"})
"""Modules that ./configure leaves out unless it is told; all others it has unless it is told."""
