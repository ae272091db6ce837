"""A service as its template sees it: what stands in the file, in its order. Values are raw; the template quotes."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.service import PathMatch, Protocol, RealIp
from nginxgen.render.maps import Geo, Map, Split, Value
from nginxgen.render.pools import Tries, Upstream
from nginxgen.render.quote import Var


@dataclass(frozen=True, slots=True)
class Headers:
    """The request headers of a hop that has all of them itself, where it inherits none of the server's."""

    websocket: bool  # Upgrade and Connection are asked for; else a constant says that the connection is kept
    version: str | None = None  # what the backend is told; empty: that the version is not known; None: nothing


@dataclass(frozen=True, slots=True)
class Hop:
    """On to a pool."""

    upstream: str
    version: str  # what the backend is told; empty: not known before nginx picks a server
    tries: Tries | None = None  # where a canary may fail
    patient: bool = False  # no limit to the time between two reads: a WebSocket is silent for hours
    mirrored: bool = False  # safe requests go to the canary too
    headers: Headers | None = None  # None: those of the server
    answer: tuple[tuple[str, Value], ...] = ()  # headers that it adds to the answer; none: those of the server
    logged: Value | None = None  # what the line in the metrics log begins with


@dataclass(frozen=True, slots=True)
class Location:
    """A path, and either the pool behind it or the decision that names the location to go on in."""

    match: PathMatch
    path: str
    hop: Hop | None
    decision: Value | None
    route: Value | None = None  # for the metrics log, where the location that is decided on can't know it


@dataclass(frozen=True, slots=True)
class Named:
    """`location @name`, reached by a decision."""

    name: str
    hop: Hop


@dataclass(frozen=True, slots=True)
class Telling:
    """X-Gray-Version at the level of the server: to the client what answered, to the backend what was decided."""

    asked: Var | None  # set by each hop; None: each hop says it by itself, or one version serves everything
    served: Value | None  # to the client; None: each hop says it by itself
    told: Value  # to the backend


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where copies of safe requests go."""

    upstream: str
    version: str
    timeout: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the template of a service says."""

    name: str
    title: tuple[str, ...]  # comment lines: versions and weights in words
    protocol: Protocol
    upstreams: tuple[Upstream, ...]
    precedence: tuple[str, ...]  # for the comment: who decides, first to last; empty where nothing is to be decided
    keys: tuple[Map, ...]  # what the splits are drawn from
    splits: tuple[Split, ...]
    geos: tuple[Geo, ...]
    maps: tuple[Map, ...]
    listens: tuple[tuple[str, ...], ...]  # arguments
    server_names: tuple[str, ...]
    real_ip: RealIp | None
    telling: Telling | None
    spared: str | None  # how long an idle connection of a client outlives a reload; None: nginx is too old for it
    salt: str  # of the splits; empty where there are none
    issue: Var | None  # the Set-Cookie of a client that has no key
    mirror: Mirror | None
    locations: tuple[Location, ...]
    named: tuple[Named, ...]
    extra: str

    @property
    def module(self) -> str:
        """The front of the names of nginx's directives."""
        return "grpc" if self.protocol.is_grpc else "proxy"

    @property
    def secure(self) -> bool:
        return self.protocol.is_tls
