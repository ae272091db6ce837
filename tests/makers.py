"""Services, intents and hosts for tests, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nginxgen.model.host import Become, Host, Nginx, Transport
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.service import Override, Server, Service, Signal, Source, Version
from nginxgen.model.weight import Weight

COOKIE = Signal(Source.COOKIE, "gray_release")
HEADER = Signal(Source.HEADER, "X-Gray-Release")
BOTH = Override(header=HEADER, cookie=COOKIE)


def host(bind: str | None = None, log_dir: str = "/var/log/nginx") -> Host:
    return Host(
        name="edge-1", address="10.0.0.5", port=None, user=None, transport=Transport.SSH, become=Become.NONE,
        identity_file=None, known_hosts=None, bind=bind, wave=1,
        nginx=Nginx("/usr/sbin/nginx", "/etc/nginx/nginx.conf", "conf.d"),
        state_dir="/var/lib/nginxgen", run_dir="/run/nginxgen", log_dir=log_dir,
    )  # fmt: skip


def version(name: str, *addresses: str) -> Version:
    return Version(name, tuple(Server(address) for address in addresses))


def service(name: str = "shop", **fields: Any) -> Service:
    """v1 is stable, v2 the canary, one server each, no overrides."""
    given: dict[str, Any] = {
        "listen": ("80",),
        "server_names": (f"{name}.example.com",),
        "versions": (version("v1", "10.0.1.10:5000"), version("v2", "10.0.1.11:5000")),
        "stable": "v1",
        "canary": "v2",
    }
    return Service(name, **(given | fields))


def intent(services: Sequence[Service], weight: str | Mapping[str, str] = "10", canary_on: bool = True) -> Intent:
    """All services with their canary, all routes at one weight, or each at its own."""
    return Intent({one.name: service_intent(one, weight, canary_on) for one in services})


def service_intent(one: Service, weight: str | Mapping[str, str] = "10", canary_on: bool = True) -> ServiceIntent:
    weights = weight if isinstance(weight, Mapping) else {route.name: weight for route in one.routes}
    parsed = {name: Weight.parse(text) for name, text in weights.items()}
    return ServiceIntent(one.stable, one.canary, canary_on and one.canary is not None, parsed)


def by_header(header: Signal) -> Override:
    return Override(header=header)


def with_weight(server: Server, weight: int) -> Server:
    return replace(server, weight=weight)
