"""The whole file."""

from __future__ import annotations

from pydantic import Field

from nginxgen.inventory.schema.base import Keys, ServiceName
from nginxgen.inventory.schema.fleet import FleetKeys
from nginxgen.inventory.schema.preflight import Checks
from nginxgen.inventory.schema.service import ServiceKeys


class InventoryKeys(Keys):
    """An inventory: the hosts, the services that all of them serve, and what is looked at before a rollout."""

    fleet: FleetKeys = Field(description="the hosts and what holds for all of them")
    services: dict[ServiceName, ServiceKeys] = Field(description="the services by name")
    preflight: Checks = Field(default=(), description="commands of your own on the checklist before a rollout")
