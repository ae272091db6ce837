"""Which version answered, told by the address of the backend: the last one, where several were tried."""

from __future__ import annotations

from collections.abc import Iterator

from nginxgen.model.service import Version
from nginxgen.render import names
from nginxgen.render.maps import Map, Row, Value
from nginxgen.render.quote import Joined, Regex, Var, pcre

_TRIED = Var(
    "upstream_addr"
)  # "a, b": tries; "a : b": after a redirect inside nginx; a pool's name: none could be tried


def served(versions: tuple[Version, ...], pools: tuple[str, ...], otherwise: Value) -> Map:
    """The name of a version by `$upstream_addr`.

    A server that is written by name has an address that only the host knows. Where that is so in one of the versions,
    every other address is that version's; where in several, `otherwise` is said.
    """
    named = [version.name for version in versions if not all(server.is_literal for server in version.servers)]
    default = Joined((named[0],)) if len(named) == 1 else otherwise if named else ""
    rows = [Row(pool, "") for pool in pools] if default else []
    for version in versions:
        if [version.name] != named:
            rows += _rows(version)
    return Map(_TRIED, names.variable("served", default, rows), default, tuple(rows))


def _rows(version: Version) -> Iterator[Row]:
    known = list(dict.fromkeys(as_nginx(server.address) for server in version.servers if server.is_literal))
    for address in known:
        yield Row(address, Joined((version.name,)))
    if known:  # asked only where several were tried
        yield Row(Regex(f"[ ](?:{'|'.join(map(pcre, known))})$"), Joined((version.name,)))


def as_nginx(address: str) -> str:
    """Nginx adds the port where none was written."""
    bare = not address.startswith("unix:") and (address.endswith("]") or ":" not in address)
    return f"{address}:80" if bare else address
