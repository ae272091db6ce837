"""The smoke requests of all services, on a host that has a release under trial."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nginxgen.errors import HostFailed
from nginxgen.model.host import Host
from nginxgen.model.service import Service, Smoke
from nginxgen.ports import HostSession
from nginxgen.smoke.answer import ask, wrong
from nginxgen.smoke.door import Door, door, server_name


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds. A backend may need a moment; a client would not wait longer."""

    whole: float = 3.0  # for one path, with all its tries
    once: float = 1.0  # for one try
    between: float = 0.1


PATIENCE = Patience()
_LATE = "no answer in time"
Health = Callable[[HostSession, Host], None]  # as fleet.transaction takes it


def health(services: Sequence[Service], patience: Patience = PATIENCE) -> Health | None:
    """What asks all smoke requests of these services, on one host; None where there are none.

    One answer with the right status is enough for a path. Raises HostFailed with host, path, expected and got.
    """
    asked = [(service, smoke) for service in services for smoke in service.smoke]

    def well(session: HostSession, host: Host) -> None:
        for service, smoke in asked:
            _must_answer(session, host, service, smoke, patience)

    return well if asked else None


def _must_answer(session: HostSession, host: Host, service: Service, smoke: Smoke, patience: Patience) -> None:
    found = door(service, host)
    if found is None:
        raise _failed(host, service, smoke, "it has no TCP port to ask")
    over, said = time.monotonic() + patience.whole, ""
    while True:
        got = _once(session, found, service, smoke, min(over, time.monotonic() + patience.once))
        if got is None:
            return
        said = said if said and _LATE in got else got  # the last try may have had no time left
        if time.monotonic() + patience.between >= over:
            raise _failed(host, service, smoke, f"{said} from {found}")
        time.sleep(patience.between)


def _once(session: HostSession, at: Door, service: Service, smoke: Smoke, deadline: float) -> str | None:
    """Why the answer is not the right one; None where it is."""
    begun = time.monotonic()
    try:
        with contextlib.closing(session.dial(at.address, at.port, deadline)) as stream:
            answer = ask(stream, at, server_name(service), smoke, deadline)
    except OSError as error:
        return f"expected status {smoke.status}, got {error.strerror or str(error) or type(error).__name__}"
    return wrong(smoke, answer, time.monotonic() - begun)


def _failed(host: Host, service: Service, smoke: Smoke, why: str) -> HostFailed:
    message = f"smoke {service.name}{smoke.path}: {why}"
    return HostFailed(host.name, "smoke", message, hint="the service's own log on this host may tell why")
