"""A service: who listens, which versions exist, and who may see the canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from nginxgen.model.rollout import RolloutPlan
from nginxgen.model.sources import LOG_ONLY, Sources


@dataclass(frozen=True, slots=True)
class Server:
    """One backend. `address` is host:port or unix:/path, as nginx's `server` takes it."""

    address: str
    weight: int = 1
    max_fails: int | None = None
    fail_timeout: str | None = None
    backup: bool = False
    resolve: bool = False

    @property
    def is_literal(self) -> bool:
        """Whether `address` is one already, and not a name that only the host can resolve."""
        if self.address.startswith("unix:"):
            return True
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def host(self) -> str:
        """The address without its port and brackets."""
        bare = self.address.endswith("]") or ":" not in self.address
        return (self.address if bare else self.address.rpartition(":")[0]).strip("[]")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a service: the servers that run it."""

    name: str
    servers: tuple[Server, ...]


class Source(StrEnum):
    """Where in a request a value is read."""

    COOKIE = "cookie"
    HEADER = "header"
    QUERY = "query"
    ADDRESS = "address"  # the client's address; has no name


@dataclass(frozen=True, slots=True)
class Signal:
    """A cookie or a header whose value sends the request to a version; other values are no opinion.

    nginx compares the words without regard to case.
    """

    source: Source
    name: str
    canary: tuple[str, ...] = ("true", "always", "1")
    stable: tuple[str, ...] = ("false", "never", "0")


@dataclass(frozen=True, slots=True)
class Users:
    """User ids that see one version, whatever the weight."""

    source: Source
    name: str
    canary: tuple[str, ...] = ()
    stable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Networks:
    """Client networks in CIDR form that see one version, whatever the weight."""

    canary: tuple[str, ...] = ()
    stable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """The rules that beat the weight, in their order: header, cookie, users, networks."""

    header: Signal | None = None
    cookie: Signal | None = None
    users: Users | None = None
    networks: Networks | None = None


class Anonymous(StrEnum):
    """What a client gets that doesn't carry what `sticky` looks at."""

    STABLE = "stable"
    ISSUE = "issue"  # a cookie of our own
    ADDRESS = "address"  # its address decides


@dataclass(frozen=True, slots=True)
class Sticky:
    """What a client's share is drawn from, so that a client stays on one version."""

    source: Source
    name: str = ""
    anonymous: Anonymous = Anonymous.STABLE
    control: bool = False  # as many clients of stable as the canary has are measured by themselves, beside it


@dataclass(frozen=True, slots=True)
class Fallback:
    """When a request that the canary failed is sent to stable instead. `timeout` in nginx's form: "3s"."""

    on: tuple[str, ...]
    timeout: str = "3s"
    retry_unsafe: bool = False  # POST and the like may run twice


class PathMatch(StrEnum):
    PREFIX = "prefix"
    EXACT = "exact"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of a service that have a weight of their own."""

    name: str
    path: str = "/"
    match: PathMatch = PathMatch.PREFIX
    methods: tuple[str, ...] = ()  # empty: any


DEFAULT_ROUTE = Route("default")


class Protocol(StrEnum):
    """What the backends of a service speak."""

    HTTP = "http"
    HTTPS = "https"
    GRPC = "grpc"
    GRPCS = "grpcs"

    @property
    def is_grpc(self) -> bool:
        return self in (Protocol.GRPC, Protocol.GRPCS)

    @property
    def is_tls(self) -> bool:
        return self in (Protocol.HTTPS, Protocol.GRPCS)


@dataclass(frozen=True, slots=True)
class RealIp:
    """The proxies in front of nginx, and the header in which they write the client's address."""

    proxies: tuple[str, ...]  # networks in CIDR form
    header: str = "X-Forwarded-For"


@dataclass(frozen=True, slots=True)
class Smoke:
    """A request that must be answered so before a service counts as well."""

    path: str
    status: int = 200
    body: str = ""  # text that must be in the answer
    json: Mapping[str, str] = field(default_factory=dict)  # by path, "checks.0.up": the value there, as JSON writes it
    within: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Service:
    """What clients ask for, in two versions."""

    name: str
    listen: tuple[str, ...]  # argument lists of nginx's listen: "80", "443 ssl", "127.0.0.1:8080"
    server_names: tuple[str, ...]
    versions: tuple[Version, ...]
    stable: str
    canary: str | None = None
    override: Override = field(default_factory=Override)
    sticky: Sticky | None = None
    fallback: Fallback | None = None
    version_header: bool = False  # X-Gray-Version to client and backend
    routes: tuple[Route, ...] = (DEFAULT_ROUTE,)
    server_extra: str = ""  # raw nginx for the server block
    smoke: tuple[Smoke, ...] = ()
    protocol: Protocol = Protocol.HTTP
    mirror: bool = False  # safe requests go to the canary too, its answers are dropped
    real_ip: RealIp | None = None
    metrics: Sources = LOG_ONLY
    rollouts: tuple[RolloutPlan, ...] = ()  # one, or one for each group of routes

    @property
    def may_set_headers(self) -> bool:
        """Whether server_extra has headers of its own, which no location may have that has some, too."""
        return any(word in self.server_extra for word in ("set_header", "add_header", "include"))

    def version(self, name: str) -> Version:
        return next(version for version in self.versions if version.name == name)
