"""Where a service is reached on one host: an address and port, as seen from that host. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.host import Host
from nginxgen.model.service import Service

_LOOPBACK = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104  (nothing is bound here)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a service can be asked on its host."""

    address: str
    port: int
    tls: bool
    proxy: bool  # wants a PROXY line first

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{_bracketed(self.address)}:{self.port}"


def door(service: Service, host: Host) -> Door | None:
    """The first `listen` that takes TCP; None where the service has none (unix sockets, QUIC)."""
    return next((found for found in (_door(listen.split(), host.bind) for listen in service.listen) if found), None)


def server_name(service: Service) -> str:
    """A name that the service answers to, for the Host header: a wildcard's star may be anything."""
    first = next((name for name in service.server_names if "*" not in name and name != "_"), None)
    if first is not None:
        return first.lstrip(".")  # ".example.com" means example.com as well
    wild = next((name for name in service.server_names if "*" in name), "localhost")
    return wild.replace("*", "smoke").strip(".")


def _door(words: list[str], bind: str | None) -> Door | None:
    first, *flags = words
    if first.startswith("unix:") or "quic" in flags:
        return None
    if first.isdecimal():
        address, port = bind or "*", first
    else:
        address, _, port = first.rpartition(":")
    return Door(_LOOPBACK.get(address, address).strip("[]"), int(port), "ssl" in flags, "proxy_protocol" in flags)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
