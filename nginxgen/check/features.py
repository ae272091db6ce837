"""What a service needs that a host's nginx is too old for. nginx says so too, but only when the release is tested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from nginxgen.check.lexer import statements
from nginxgen.errors import Finding, Severity
from nginxgen.model.service import Service

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
Release = tuple[int, int, int]
# Since when open source nginx has a directive; from its CHANGES.
_SINCE: Mapping[str, Release] = {
    "ssl_reject_handshake": (1, 19, 4),
    "proxy_cookie_flags": (1, 19, 3),
    "ssl_conf_command": (1, 19, 4),
    "keepalive_time": (1, 19, 10),
    "http3": (1, 25, 0),
    "quic_gso": (1, 25, 0),
    "http2": (1, 25, 1),
    "keepalive_min_timeout": (1, 27, 4),
    "ssl_certificate_cache": (1, 27, 4),
    "early_hints": (1, 29, 0),
    "add_header_inherit": (1, 29, 3),
    "add_trailer_inherit": (1, 29, 3),
    "max_headers": (1, 29, 8),
}
_RESOLVE: Release = (1, 27, 3)
_QUIC: Release = (1, 25, 0)


def features(services: Sequence[Service], nginx: str) -> tuple[Finding, ...]:
    """NG025. `nginx` is what the host says of itself, with the version in it: "nginx/1.22.1"; empty: nothing is said.

    Distributions bring single directives to older versions: what only server_extra needs is a warning.
    """
    found = _VERSION.search(nginx)
    if not found:
        return ()
    have = (int(found[1]), int(found[2]), int(found[3]))
    return tuple(finding for service in services for finding in _of(service, have))


def _of(service: Service, have: Release) -> Iterator[Finding]:
    names = [
        f"{version.name}: {server.address}"
        for version in service.versions
        for server in version.servers
        if server.resolve
    ]
    if names and have < _RESOLVE:
        hint = "leave resolve out; nginx then asks once, at each reload"
        yield _lacks(service, f"`resolve` of {names[0]}", _RESOLVE, have, Severity.ERROR, hint=hint)
    if any("quic" in listen.split() for listen in service.listen) and have < _QUIC:
        yield _lacks(service, "`quic` in listen", _QUIC, have, Severity.ERROR)
    words = {statement.words[0] for statement in statements(service.server_extra) if statement.words}
    for word in sorted(words & _SINCE.keys()):
        if have < _SINCE[word]:
            yield _lacks(service, f"`{word}` in server_extra", _SINCE[word], have, Severity.WARNING)


def _lacks(
    service: Service, what: str, since: Release, have: Release, severity: Severity, *, hint: str | None = None
) -> Finding:
    message = f"service {service.name}: {what} needs nginx {_text(since)}, and this host has {_text(have)}"
    return Finding("NG025", message, hint=hint, severity=severity)


def _text(version: Release) -> str:
    return ".".join(map(str, version))
