"""What was asked for: the versions, the weights, and whether the canary is on. Kept on the hosts, in each release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nginxgen.model.weight import ZERO, Weight


@dataclass(frozen=True, slots=True)
class ServiceIntent:
    """The part of one service."""

    stable: str
    canary: str | None = None
    canary_on: bool = False
    weights: Mapping[str, Weight] = field(default_factory=dict)  # by route name; empty without a canary

    def to_json(self) -> dict[str, Any]:
        return {
            "stable": self.stable,
            "canary": self.canary,
            "canary_on": self.canary_on,
            "weights": {route: weight.percent for route, weight in self.weights.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ServiceIntent:
        """Raises KeyError, TypeError, AttributeError or InputError where `data` is not what `to_json` wrote."""
        return cls(
            stable=str(data["stable"]),
            canary=None if data["canary"] is None else str(data["canary"]),
            canary_on=bool(data["canary_on"]),
            weights={str(route): Weight.parse(str(weight)) for route, weight in data["weights"].items()},
        )

    def without_canary(self) -> ServiceIntent:
        """Off, and with weights of 0: then it is the same whatever the weights were, and so is the release it gives."""
        return replace(self, canary_on=False, weights=dict.fromkeys(self.weights, ZERO))


@dataclass(frozen=True, slots=True)
class Intent:
    """What was asked for, of all services."""

    services: Mapping[str, ServiceIntent] = field(default_factory=dict)  # by service name

    def to_json(self) -> dict[str, Any]:
        return {name: service.to_json() for name, service in sorted(self.services.items())}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intent:
        """The inverse of `to_json`; raises as ServiceIntent.from_json does."""
        return cls({str(name): ServiceIntent.from_json(service) for name, service in data.items()})

    def without_canary(self) -> Intent:
        """What `emergency` brings: every canary off, overrides too."""
        return Intent({name: service.without_canary() for name, service in self.services.items()})


EMPTY = Intent()
