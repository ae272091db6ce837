"""The answer: which version, by which rule, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nginxgen.model.draw import limit
from nginxgen.model.weight import Weight


class Decider(StrEnum):
    """What decided, in the order of precedence. An override beats the weight."""

    NGINX = "nginx"  # answered by nginx itself: no location, or a request that it refuses
    NO_CANARY = "no-canary"
    CANARY_OFF = "canary-off"
    HEADER = "header"
    COOKIE = "cookie"
    USERS = "users"
    NETWORKS = "networks"
    WEIGHT = "weight"
    CONTROL = "control"  # the weight: stable, and measured beside the canary


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a client's key falls, and the line that it is compared with."""

    key: str  # salted, as it is hashed
    hash: int  # MurmurHash2, 32 bit, seed 0
    weight: Weight

    @property
    def percent(self) -> float:
        """Its place between 0 and 100; below the weight is the canary."""
        return self.hash / 2**32 * 100

    @property
    def limit(self) -> int:
        """ngx_http_split_clients_module.c: hundredths of a percent of the largest hash, rounded down."""
        return limit(self.weight)

    @property
    def is_canary(self) -> bool:
        return self.hash < self.limit

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "hash": self.hash, "percent": round(self.percent, 4), "below": self.weight.percent}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who decides for a request, and why."""

    rule: Decider
    reasons: tuple[str, ...]  # a sentence each, in the order in which they are asked
    version: str | None = None  # None: a matter of `shares`, or nginx answers itself
    shares: Mapping[str, Weight] = field(default_factory=dict)  # by version, where each request is drawn
    route: str | None = None
    path: str | None = None  # as nginx reads it
    upstream: str | None = None
    bucket: Bucket | None = None
    status: int | None = None  # what nginx answers itself

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "rule": str(self.rule),
            "reasons": list(self.reasons),
            "shares": {version: weight.percent for version, weight in self.shares.items()},
            "route": self.route,
            "path": self.path,
            "upstream": self.upstream,
            "bucket": None if self.bucket is None else self.bucket.to_json(),
            "status": self.status,
        }
