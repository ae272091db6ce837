"""From what the inventory says of a service's metrics to the sources that give them."""

from __future__ import annotations

from collections.abc import Sequence

from nginxgen.errors import InputError
from nginxgen.metrics.command import Command, CommandMetrics
from nginxgen.metrics.port import Metrics
from nginxgen.metrics.probe import ProbeMetrics, Request, Target
from nginxgen.metrics.prometheus.client import Client
from nginxgen.metrics.prometheus.source import PrometheusMetrics
from nginxgen.model.host import Host, Transport
from nginxgen.model.service import Service, Source
from nginxgen.smoke.door import door, server_name

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def prometheus_of(service: Service) -> PrometheusMetrics:
    """Counts from Prometheus. Raises InputError where the inventory names none."""
    asked = service.metrics.prometheus
    if asked is None or asked.queries is None:
        raise InputError(f"service {service.name}: its metrics name no Prometheus", hint="metrics: {prometheus: ...}")
    return PrometheusMetrics(Client(asked.url, asked.timeout), asked.queries)


def numbers_of(service: Service) -> tuple[Metrics, ...]:
    """The named numbers: each has an answer of its own, so that one that is down hides no other."""
    metrics, found = service.metrics, list[Metrics]()
    if metrics.queries and metrics.prometheus is not None:
        client = Client(metrics.prometheus.url, metrics.prometheus.timeout)
        found.append(PrometheusMetrics(client, None, {one.name: one.query for one in metrics.queries}))
    if metrics.commands:
        found.append(CommandMetrics({one.name: Command(one.argv, one.timeout) for one in metrics.commands}))
    return tuple(found)


def probe_of(service: Service, hosts: Sequence[Host]) -> ProbeMetrics:
    """Requests through every host's nginx, from here. Raises InputError where there is none to ask, or no override."""
    asked = service.metrics.probe
    targets = [found for host in hosts if (found := target(service, host)) is not None]
    if asked is None or not targets:
        raise InputError(f"service {service.name}: there is nothing to probe", hint="metrics: {probe: {path: /health}}")
    request = Request(
        server_name(service),
        asked.path,
        canary=override_headers(service, to_canary=True),
        stable=override_headers(service, to_canary=False),
        expect=asked.status,
        timeout=asked.timeout,
    )
    return ProbeMetrics(targets, request, number=asked.number * len(targets), rate=asked.rate)


def target(service: Service, host: Host) -> Target | None:
    """Where a service of a host is reached from this machine; None where it has no TCP port."""
    found = door(service, host)
    if found is None or found.proxy:
        return None
    everywhere = found.address in _LOOPBACK and not any(found.address in listen for listen in service.listen)
    away = everywhere and host.bind is None and host.transport is not Transport.LOCAL
    return Target(host.address if away else found.address, found.port, found.tls)


def override_headers(service: Service, *, to_canary: bool) -> dict[str, str]:
    """The headers of a request that an override sends to one version. Raises InputError where no override can."""
    override = service.override
    for signal in (override.header, override.cookie):
        words = () if signal is None else signal.canary if to_canary else signal.stable
        if signal is not None and words:
            return _header(signal.source, signal.name, words[0])
    users = override.users
    ids = () if users is None else users.canary if to_canary else users.stable
    if users is not None and ids and users.source is not Source.QUERY:
        return _header(users.source, users.name, ids[0])
    side = "canary" if to_canary else "stable"
    raise InputError(
        f"service {service.name}: no override can send a request to {side}", hint="override: {cookie: ...}"
    )


def _header(source: Source, name: str, value: str) -> dict[str, str]:
    return {"Cookie": f"{name}={value}"} if source is Source.COOKIE else {name: value}
