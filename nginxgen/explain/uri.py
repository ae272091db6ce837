"""The path of a request as nginx reads it: decoded, dots resolved, slashes merged (ngx_http_parse_complex_uri)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REFUSED = re.compile(rb"[\x00-\x20\x7f]")
_ESCAPE = re.compile(rb"%(?:([0-9A-Fa-f]{2})|)")


@dataclass(frozen=True, slots=True)
class Uri:
    """A request's target as nginx reads it."""

    path: bytes
    args: bytes


def parse(target: bytes) -> Uri | None:
    """None where nginx answers 400."""
    if not target.startswith(b"/") or _REFUSED.search(target):
        return None
    raw, _, args = target.partition(b"#")[0].partition(b"?")
    decoded = _decode(raw)
    path = None if decoded is None else _resolve(decoded)
    return None if path is None else Uri(path, args)


def _decode(raw: bytes) -> bytes | None:
    """Each escape once: %2e and %2f count as . and / from here on, %252e does not."""
    for found in _ESCAPE.finditer(raw):
        if found[1] in (None, b"00"):
            return None
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), raw)


def _resolve(path: bytes) -> bytes | None:
    """Dot segments and empty ones taken out; a path that climbs above the root is refused."""
    kept: list[bytes] = []
    *folders, last = path[1:].split(b"/")
    for part in folders:
        if part == b"..":
            if not kept:
                return None
            kept.pop()
        elif part not in (b"", b"."):
            kept.append(part)
    if last == b"..":
        if not kept:
            return None
        kept.pop()
    tail = b"" if last in (b".", b"..") else last
    return b"/" + b"".join(part + b"/" for part in kept) + tail
