"""What an inventory file says, in the program's own nouns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nginxgen.errors import InputError, Place
from nginxgen.model.host import Fleet, Host
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.preflight import OwnCheck
from nginxgen.model.service import Route, Service


@dataclass(frozen=True, slots=True)
class Inventory:
    """The file, read: hosts and services."""

    path: Path
    fleet: Fleet
    services: tuple[Service, ...]  # in the order of the file
    checks: tuple[OwnCheck, ...] = ()  # what preflight runs beside its own

    def hosts(self, names: Sequence[str] = ()) -> tuple[Host, ...]:
        """The hosts of these names in the order of the file; all of them without names. Raises InputError."""
        self._known("host", names, [host.name for host in self.fleet.hosts])
        return tuple(host for host in self.fleet.hosts if not names or host.name in names)

    def select(self, names: Sequence[str] = ()) -> tuple[Service, ...]:
        """The services of these names in the order of the file; all of them without names. Raises InputError."""
        self._known("service", names, [service.name for service in self.services])
        return tuple(service for service in self.services if not names or service.name in names)

    def service(self, name: str) -> Service:
        """The service of this name. Raises InputError."""
        return self.select((name,))[0]

    def route(self, service: str, name: str) -> Route:
        """The route of this name. Raises InputError."""
        routes = self.service(service).routes
        self._known(f"route of {service}", (name,), [route.name for route in routes])
        return next(route for route in routes if route.name == name)

    def _known(self, what: str, names: Sequence[str], known: Sequence[str]) -> None:
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or "the inventory has none"
                raise InputError(f'there is no {what} "{name}"', place=Place(str(self.path)), hint=hint)
