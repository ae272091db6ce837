"""What fits in nginx's hash tables: a key that is longer than a bucket is fatal for the whole host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nginxgen.model.service import Service, Signal, Source

DEFAULT = 64  # bytes of a bucket on processors with cache lines of 64, unless nginx.conf says otherwise
_LARGEST = 8_192  # more than a token of nginx.conf can hold
_VARIABLE = re.compile(r"\w+", re.ASCII)


def bucket_for(key: str) -> int:
    """The bucket that `key` needs, as a power of two of at least 64.

    ngx_hash_init of nginx: a pointer, the length in two bytes and the key, in steps of 8; and a pointer at the end.
    """
    needed = 8 + -(-(len(key.encode("utf-8", "replace")) + 2) // 8) * 8 + 8
    size = DEFAULT
    while size < needed and size < _LARGEST:
        size *= 2
    return size


def longest_name(service: Service) -> str:
    """Wildcards are kept by label, which are short."""
    return max((name for name in service.server_names if "*" not in name), key=_bytes, default="")


def longest_key(service: Service) -> str:
    """Of the maps of a service: words of its rules, user ids, and addresses where these tell the version."""
    return max(_keys(service), key=_bytes, default="")


def _keys(service: Service) -> Iterator[str]:
    if service.canary is None:
        return
    override = service.override
    for signal in (override.header, override.cookie):
        if signal is not None and not _is_read_by_regex(signal):
            yield from (*signal.canary, *signal.stable)
    if override.users is not None:
        yield from (*override.users.canary, *override.users.stable)
    if service.version_header and (service.fallback is not None or service.sticky is None):
        yield from (server.address for version in service.versions for server in version.servers)


def _is_read_by_regex(signal: Signal) -> bool:
    return signal.source is Source.COOKIE and _VARIABLE.fullmatch(signal.name) is None


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
