"""`services:` who listens, which versions exist, and who may see the canary."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from nginxgen.inventory.limits import MOST_LISTENS, MOST_ROUTES, MOST_SERVER_NAMES, MOST_SERVERS
from nginxgen.inventory.schema.base import (
    Keys,
    Listen,
    RouteName,
    Seconds,
    ServerName,
    VersionName,
    at_most,
    number,
    short_form,
)
from nginxgen.inventory.schema.metrics import Metrics
from nginxgen.inventory.schema.rollout import RolloutKeys
from nginxgen.inventory.schema.routing import FallbackKeys, OverrideKeys, RealIpKeys, StickyKeys
from nginxgen.inventory.schema.traffic import Methods, SmokeKeys
from nginxgen.inventory.words import network, paths, values
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import whole
from nginxgen.model.service import PathMatch, Protocol
from nginxgen.model.sources import Counting


class ServerKeys(Keys):
    """A backend. nginx counts its failures: after max_fails in fail_timeout it is left out for fail_timeout."""

    address: Annotated[str, AfterValidator(network.server_address)] = Field(
        description="host:port, [IPv6]:port or unix:/path"
    )
    weight: Annotated[int, number(whole(1, 10_000))] = Field(
        default=1, description="its share among the version's servers; 1"
    )
    max_fails: Annotated[int, number(whole(0, 1_000_000))] | None = Field(default=None, description="0 never counts; 1")
    fail_timeout: Seconds | None = Field(default=None, description="like 10s")
    backup: bool = Field(default=False, description="takes requests only when the others are down; false")
    resolve: bool = Field(default=False, description="follow the name's addresses while nginx runs (1.27.3); false")


Server = Annotated[ServerKeys, BeforeValidator(short_form("address"), json_schema_input_type=str | ServerKeys)]


class VersionKeys(Keys):
    servers: Annotated[tuple[Server, ...], at_most(MOST_SERVERS)] = Field(
        min_length=1, description='like ["10.0.1.10:5000"]'
    )


class RouteKeys(Keys):
    name: RouteName = Field(description="what --route names")
    path: str = Field(default="/", description="starts with /; /")
    match: PathMatch = Field(
        default=PathMatch.PREFIX, description="how path is compared: prefix, exact or regex; prefix"
    )
    methods: Methods = Field(default=(), description="like [GET, HEAD]; any")


def _path_by_match(route: RouteKeys) -> RouteKeys:
    """A regular expression has other rules than a path."""
    try:
        (paths.regex if route.match is PathMatch.REGEX else paths.request_path)(route.path)
    except BadValue as error:
        raise BadValue(error.message, error.hint, {"path": error.message}) from None
    return route


Route = Annotated[RouteKeys, AfterValidator(_path_by_match)]


class HeadersKeys(Keys):
    version: bool = Field(
        default=False, alias="X-Gray-Version", description="tell client and backend which version served"
    )


class ServiceKeys(Keys):
    listen: Annotated[tuple[Listen, ...], at_most(MOST_LISTENS)] = Field(
        min_length=1, description='argument lists of nginx\'s listen, like [80, "443 ssl"]'
    )
    server_names: Annotated[tuple[ServerName, ...], at_most(MOST_SERVER_NAMES)] = Field(
        min_length=1, description="like [example.com]; [_] where the name doesn't matter"
    )
    protocol: Protocol = Field(
        default=Protocol.HTTP, description="what the backends speak: http, https, grpc or grpcs; http"
    )
    versions: dict[VersionName, VersionKeys] = Field(min_length=1, description="the versions by name")
    stable: str = Field(description="the version that serves by default")
    canary: str | None = Field(
        default=None, description="the version that takes a share; without it the service is plain"
    )
    override: OverrideKeys | None = Field(default=None, description="rules that beat the weight")
    sticky: StickyKeys | None = Field(default=None, description="what keeps a client on its version; else per request")
    fallback: FallbackKeys | None = Field(default=None, description="when stable answers for a canary that failed")
    mirror: bool = Field(
        default=False, description="send a copy of safe requests to the canary, drop its answers; false"
    )
    headers: HeadersKeys | None = Field(default=None, description="headers that tell the version")
    real_ip: RealIpKeys | None = Field(default=None, description="where the client's address is behind a proxy")
    routes: Annotated[tuple[Route, ...], at_most(MOST_ROUTES)] | None = Field(
        default=None,
        min_length=1,
        description="parts with a weight of their own; one named default for /",
    )
    server_extra: Annotated[str, AfterValidator(values.raw)] | None = Field(
        default=None, description="raw nginx for the server block"
    )
    smoke: Annotated[tuple[SmokeKeys, ...], at_most(MOST_ROUTES)] = Field(
        default=(), description="requests that must succeed after a change"
    )
    metrics: Metrics | None = Field(
        default=None, description="where figures come from; off: no metrics log. The hosts' own log"
    )
    rollout: (
        Annotated[RolloutKeys, BeforeValidator(short_form("preset"), json_schema_input_type=str | RolloutKeys)] | None
    ) = Field(default=None, description="how the weight grows: steps, or cautious, standard or blue-green")

    @model_validator(mode="after")
    def _control_is_counted(self) -> Self:
        """Only the line of a request tells its control group; a Prometheus and a probe count by version."""
        metrics = self.metrics
        if self.sticky is None or not self.sticky.control or metrics is None:
            return self
        if metrics.source is not Counting.LOG or not metrics.log:
            message = f"control needs the metrics log, and the source is {metrics.source}"
            message = message if metrics.log else "control needs the metrics log, which is off"
            raise BadValue(message, "metrics: {source: log}", {"sticky": message})
        return self
