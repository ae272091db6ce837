"""The upstreams of a service: one a version, one a weighted split; with fallback, stable stands behind the canary."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import cycle, islice

from nginxgen.errors import InputError
from nginxgen.model.service import Fallback, Server, Version
from nginxgen.model.weight import Weight
from nginxgen.render import names
from nginxgen.render.split import shares

_ZONE_SERVERS = 63  # what a zone of 64k holds, measured
# nginx counts failures, not their rate: its default of 1 in 10 s sends most of a canary's requests elsewhere at one
# error in a thousand (measured: 72 %); 20 in 10 s sends none. Health is judged from the log, this is only a breaker.
_MAX_FAILS = 20
_FAIL_TIMEOUT = "10s"
_TROUBLES = frozenset({"error", "timeout", "invalid_header"})
_STATUS = re.compile(r"http_(?:403|404|429|500|502|503|504)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Peer:
    """A `server` line of an upstream."""

    server: Server
    weight: int  # as nginx shall have it; 1 is nginx's default


@dataclass(frozen=True, slots=True)
class Upstream:
    """An `upstream` block."""

    name: str
    zone: str  # size: "64k"
    peers: tuple[Peer, ...]
    says: str  # for the comment: "v1", "route reads: 10 % of the requests to v2"
    weighted: bool  # every weight is shown, since it is the point


@dataclass(frozen=True, slots=True)
class Tries:
    """How a request that the canary failed gets to stable. Times in nginx's form."""

    on: tuple[str, ...]  # as proxy_next_upstream takes it
    number: int  # one for each canary server, and one for stable
    timeout: str  # of one connect or read
    total: str  # no further try begins after it


def pool(name: str, version: Version) -> Upstream:
    peers = tuple(Peer(server, server.weight) for server in version.servers)
    return Upstream(name, _zone(peers), peers, version.name, weighted=False)


def canary_pool(name: str, stable: Version, canary: Version) -> Upstream:
    """The canary with stable as its backup. The canary's own backups are left out: nginx has one rank of them."""
    own = tuple(_watched(server) for server in canary.servers if not server.backup)
    behind = _behind(stable, max(len(own) + 1, sum(not server.backup for server in stable.servers)))
    peers = tuple(Peer(server, server.weight) for server in (*own, *behind))
    return Upstream(name, _zone(peers), peers, f"{canary.name}, and {stable.name} where it fails", weighted=False)


def split_pool(
    service: str, route: str, weight: Weight, stable: Version, canary: Version, *, fallback: Fallback | None
) -> Upstream:
    """Both versions in one upstream, which is exact by request."""
    for_stable, for_canary = shares(stable.servers, canary.servers, weight)
    servers = (*stable.servers, *canary.servers)
    if fallback is not None:
        # Failures of stable must not count: one buggy URL would take all of it down.
        servers = (*map(_unwatched, stable.servers), *map(_watched, canary.servers))
    peers = tuple(map(Peer, servers, (*for_stable, *for_canary)))
    if fallback is not None:
        spare = _behind(stable, _canaries(canary) + 1 - len(stable.servers))
        peers += tuple(Peer(server, server.weight) for server in spare)
    name = names.upstream(service, route, "split")
    return Upstream(name, _zone(peers), peers, f"route {route}, by weight", weighted=True)


def _behind(stable: Version, number: int) -> tuple[Server, ...]:
    """Stable's servers as backups, over and over up to `number`.

    As many as there are tries: nginx answers 502 where a try is left and no server is, and while it leaves the canary
    alone every try is stable's. An answer of 500 would be lost.
    """
    regular = [server for server in stable.servers if not server.backup]
    return tuple(replace(_unwatched(server), backup=True) for server in islice(cycle(regular), max(number, 0)))


def _canaries(canary: Version) -> int:
    return sum(not server.backup for server in canary.servers)


def tries(fallback: Fallback, canary: Version) -> Tries:
    """Each canary server may take one timeout to connect and one to answer, and stable must still get its try."""
    unknown = [word for word in fallback.on if word not in _TROUBLES and not _STATUS.fullmatch(word)]
    if unknown or not fallback.on:
        hint = "error, timeout, invalid_header, http_403, 404, 429, 500, 502, 503 or 504"
        raise InputError(f"fallback: {(unknown or ['nothing'])[0][:40]!r} is no failure that nginx knows", hint=hint)
    servers = _canaries(canary)
    milliseconds = _milliseconds(fallback.timeout) * (2 * servers + 1)
    total = f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"
    on = (*fallback.on, "non_idempotent") if fallback.retry_unsafe else fallback.on
    return Tries(on, servers + 1, fallback.timeout, total)


def checked(version: Version) -> Version:
    """Raises InputError where nginx can't have its servers."""
    if not version.name:
        raise InputError("a version without a name")
    for server in version.servers:
        names.address(server.address)
    if all(server.backup for server in version.servers):
        raise InputError(f"version {version.name} needs a server that is not a backup")
    return version


def _watched(server: Server) -> Server:
    if server.max_fails is None and server.fail_timeout is None:
        return replace(server, max_fails=_MAX_FAILS, fail_timeout=_FAIL_TIMEOUT)
    return server


def _unwatched(server: Server) -> Server:
    return replace(server, max_fails=0, fail_timeout=None)


def _zone(peers: Iterable[Peer]) -> str:
    servers = len(tuple(peers))
    return "64k" if servers <= _ZONE_SERVERS else f"{128 * math.ceil(servers / 100)}k"


def _milliseconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    if not found:
        raise InputError(f"fallback: timeout {duration[:40]!r} is not a duration", hint="like 500ms, 3s or 2m")
    return int(found[1]) * _UNITS[found[2]]
