"""A service as its template sees it: what stands in the file, in its order. Values are raw; the template quotes."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.service import PathMatch, Server
from nginxgen.render.quote import Var
from nginxgen.render.rules import Map


@dataclass(frozen=True, slots=True)
class Peer:
    """A `server` line of an upstream."""

    server: Server
    weight: int  # as nginx shall have it; 1 is nginx's default


@dataclass(frozen=True, slots=True)
class Upstream:
    name: str
    zone: str  # size: "64k"
    peers: tuple[Peer, ...]
    says: str  # for the comment: "v1", "route reads: 10 % of the requests to v2"
    weighted: bool  # every weight is shown, since it is the point


@dataclass(frozen=True, slots=True)
class Location:
    """A path, and either the one upstream behind it or the variable that names the location to go on in."""

    match: PathMatch
    path: str
    upstream: str | None
    decision: Var | None


@dataclass(frozen=True, slots=True)
class Named:
    """`location @name`, reached by a decision."""

    name: str
    upstream: str


@dataclass(frozen=True, slots=True)
class View:
    name: str
    title: tuple[str, ...]  # comment lines: versions and weights in words
    upstreams: tuple[Upstream, ...]
    precedence: tuple[str, ...]  # for the comment: who decides, first to last; empty without overrides
    maps: tuple[Map, ...]
    listens: tuple[tuple[str, ...], ...]  # arguments
    server_names: tuple[str, ...]
    locations: tuple[Location, ...]
    named: tuple[Named, ...]
    extra: str
