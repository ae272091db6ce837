"""Services moved to a private place: unix sockets to listen on, stubs behind them, short timeouts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nginxgen.check.private import blanked, listening, socket
from nginxgen.model.service import Protocol, Server, Service, Version
from nginxgen.prove.certificate import CHAIN, KEY
from nginxgen.prove.extra import without

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
    tls: bool = False
    http2: bool = False  # and nothing else: a call of gRPC


@dataclass(frozen=True, slots=True)
class Moved:
    """A service in its private place, and its stubs there."""

    service: Service
    stubs: tuple[Stub, ...]
    protocol: Protocol  # as asked; gRPC is tried by HTTP unless it `calls`


def has_tls(service: Service) -> bool:
    return any("ssl" in listen.split()[1:] for listen in service.listen)


def tls_socket(service: Service, folder: Path) -> Path:
    """Where a service that has TLS takes it."""
    plain = socket(service.listen[0], folder)
    return plain.with_name(f"{plain.name}.tls")


def moved(services: Sequence[Service], folder: Path, log: str) -> tuple[Moved, ...]:
    """`log` is the access_log line that every server block gets."""
    return tuple(_moved(service, at, folder, log) for at, service in enumerate(services))


def calling(found: Moved) -> Moved:
    """The same, with gRPC as gRPC, and stubs that speak HTTP/2."""
    if not found.protocol.is_grpc:
        return found
    stubs = tuple(replace(stub, http2=True, tls=found.protocol.is_tls) for stub in found.stubs)
    return replace(found, service=replace(found.service, protocol=found.protocol), stubs=stubs)


def refusing(found: Moved, folder: Path) -> Moved:
    """The same, with nobody behind the sockets of its canary."""
    nobody = Server(f"unix:{folder}/nobody")

    def gone(version: Version) -> Version:
        if version.name != found.service.canary:
            return version
        return replace(version, servers=tuple(replace(one, address=nobody.address) for one in version.servers))

    return replace(found, service=replace(found.service, versions=tuple(map(gone, found.service.versions))))


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
            listen=tuple(_listens(service, folder)),
            versions=versions,
            protocol=Protocol.HTTPS if service.protocol is Protocol.HTTPS else Protocol.HTTP,
            fallback=service.fallback and replace(service.fallback, timeout=PATIENCE),
            server_extra="\n".join((blanked(without(service.server_extra)), log, *trusted, *_tls(service, folder), "")),
        ),
        stubs,
        service.protocol,
    )


def _listens(service: Service, folder: Path) -> Iterator[str]:
    plain = listening(service.listen[0], folder, _KEPT_FLAGS)
    yield plain
    if has_tls(service):
        _, *flags = plain.split()
        yield " ".join((f"unix:{tls_socket(service, folder)}", "ssl", *flags))


def _tls(service: Service, folder: Path) -> Iterator[str]:
    """A certificate of the proof's own, as those of the host are not here."""
    if has_tls(service):
        yield f"ssl_certificate {folder}/{CHAIN};"
        yield f"ssl_certificate_key {folder}/{KEY};"


def _stubs(service: Service, at: int, folder: Path) -> Iterator[Stub]:
    for number, version in enumerate(service.versions):
        for place, _ in enumerate(version.servers):
            path, tls = folder / f"s{at}-{number}-{place}", service.protocol is Protocol.HTTPS
            yield Stub(version.name, place, path, obeys=version.name == service.canary, tls=tls)


def _server(server: Server, path: Path, *, watched: bool) -> Server:
    fails = _MANY if watched else server.max_fails
    return replace(server, address=f"unix:{path}", resolve=False, max_fails=fails)
