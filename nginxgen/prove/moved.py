"""Services moved to a private place: unix sockets to listen on, stubs behind them, short timeouts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nginxgen.check.private import blanked, listening
from nginxgen.model.service import Protocol, Server, Service, Version

PATIENCE = "300ms"  # the timeout of fallback, so that a backend that hangs is given up soon
_KEPT_FLAGS = frozenset({"default_server"})
_MANY = 1_000  # failures until a canary server is taken out: none of the proof's own


@dataclass(frozen=True, slots=True)
class Stub:
    """A backend that says who it is."""

    version: str
    server: int  # its place in the version, from 0
    socket: Path
    obeys: bool  # whether it fails when told to: the canary's


@dataclass(frozen=True, slots=True)
class Moved:
    """A service in its private place, and its stubs there."""

    service: Service
    stubs: tuple[Stub, ...]


def moved(services: Sequence[Service], folder: Path, log: str) -> tuple[Moved, ...]:
    """`log` is the access_log line that every server block gets."""
    return tuple(_moved(service, at, folder, log) for at, service in enumerate(services))


def refusing(found: Moved, folder: Path) -> Service:
    """The same, with nobody behind the sockets of its canary."""
    nobody = Server(f"unix:{folder}/nobody")

    def gone(version: Version) -> Version:
        if version.name != found.service.canary:
            return version
        return replace(version, servers=tuple(replace(one, address=nobody.address) for one in version.servers))

    return replace(found.service, versions=tuple(map(gone, found.service.versions)))


def _moved(service: Service, at: int, folder: Path, log: str) -> Moved:
    stubs = tuple(_stubs(service, at, folder))
    sockets = {(stub.version, stub.server): stub.socket for stub in stubs}
    versions = tuple(
        replace(
            version,
            servers=tuple(
                _server(server, sockets[version.name, number], watched=version.name == service.canary)
                for number, server in enumerate(version.servers)
            ),
        )
        for version in service.versions
    )
    trusted = ("set_real_ip_from unix:;",) if service.real_ip else ()
    return Moved(
        replace(
            service,
            listen=tuple(listening(listen, folder, _KEPT_FLAGS) for listen in service.listen[:1]),
            versions=versions,
            protocol=Protocol.HTTP,
            fallback=service.fallback and replace(service.fallback, timeout=PATIENCE),
            server_extra="\n".join((blanked(service.server_extra), log, *trusted, "")),
        ),
        stubs,
    )


def _stubs(service: Service, at: int, folder: Path) -> Iterator[Stub]:
    for number, version in enumerate(service.versions):
        for place, _ in enumerate(version.servers):
            socket = folder / f"s{at}-{number}-{place}"
            yield Stub(version.name, place, socket, obeys=version.name == service.canary)


def _server(server: Server, socket: Path, *, watched: bool) -> Server:
    fails = _MANY if watched else server.max_fails
    return replace(server, address=f"unix:{socket}", resolve=False, max_fails=fails)
