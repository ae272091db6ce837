"""Whether the hash tables of this nginx.conf have room for the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from nginxgen.check.around.told import error
from nginxgen.check.around.whole import Spot, Whole
from nginxgen.check.hashes import DEFAULT, bucket_for, longest_key, longest_name
from nginxgen.errors import Finding
from nginxgen.model.service import Service

_LONGEST: Mapping[str, Callable[[Service], str]] = {
    "server_names_hash_bucket_size": longest_name,
    "map_hash_bucket_size": longest_key,
}


def too_small_bucket(tree: Whole, services: Sequence[Service]) -> Iterator[Finding]:
    """A name of a server, or a key of a map, that is longer than a bucket is fatal for the whole host."""
    http = next((spot for spot in tree.named("http")), None)
    for directive, longest in _LONGEST.items():
        told = next((spot for spot in tree.named(directive) if spot.path == ("http",)), None)
        spot = told or http
        worst = max(services, key=lambda service: bucket_for(longest(service)), default=None)
        if spot is None or worst is None:
            continue
        has, needs = _size(told), bucket_for(longest(worst))
        if has is not None and has < needs:
            message = f"{directive} is {has}, and {longest(worst)[:80]} of service {worst.name} needs {needs}"
            yield error("NG052", message, spot, f"{directive} {needs}; in http {{}}")


def _size(told: Spot | None) -> int | None:
    """None where it can't be read: nginx takes k and m as well, which are large enough. It rounds up to cache lines."""
    if told is None:
        return DEFAULT
    if not told.node.args or not told.node.args[0].isdecimal():
        return None
    return -(-int(told.node.args[0]) // DEFAULT) * DEFAULT
