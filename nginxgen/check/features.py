"""What a service needs and a host's nginx does not have. nginx says so too, but only when the release is tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nginxgen.check.lexer import statements
from nginxgen.errors import Finding, Severity
from nginxgen.model.build import Build, Version
from nginxgen.model.service import Protocol, Service

# Since when open source nginx has a directive; from its CHANGES.
_SINCE: Mapping[str, Version] = {
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
_RESOLVE: Version = (1, 27, 3)
_QUIC: Version = (1, 25, 0)
_FORMAT: Mapping[str, str] = {"ssl": "http_ssl", "http2": "http_v2", "quic": "http_v3"}  # words of listen
_SHOWN = 8  # hosts in one message
_ALWAYS = ("http_rewrite", "http_map", "http_geo", "http_proxy", "http_upstream_zone", "http_upstream_keepalive")


def features(services: Sequence[Service], hosts: Mapping[str, Build]) -> tuple[Finding, ...]:
    """NG025, with the names of the hosts. Of a host whose version is unknown nothing is said.

    Distributions bring single directives to older versions: what only server_extra needs is a warning.
    """
    lacking: dict[tuple[str, Severity, str | None], list[str]] = {}
    for name, build in hosts.items():
        for service in services:
            for needs in (*_too_old(service, build), *_not_built(service, build)):
                lacking.setdefault(needs, []).append(_says(name, build))
    return tuple(
        Finding("NG025", f"{message}: {_listed(names)}", hint=hint, severity=severity)
        for (message, severity, hint), names in lacking.items()
    )


Needs = tuple[str, Severity, str | None]


def _listed(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
    return f"{', '.join(hosts[:_SHOWN])}{more}"


def _says(name: str, build: Build) -> str:
    return name if build.version is None else f"{name} has {_text(build.version)}"


def _too_old(service: Service, build: Build) -> Iterator[Needs]:
    if build.version is None:
        return
    names = [
        f"{version.name}: {server.address}"
        for version in service.versions
        for server in version.servers
        if server.resolve
    ]
    if names and not build.is_from(_RESOLVE):
        hint = "leave resolve out; nginx then asks once, at each reload"
        yield _since(service, f"`resolve` of {names[0]}", _RESOLVE, Severity.ERROR, hint)
    if any("quic" in listen.split() for listen in service.listen) and not build.is_from(_QUIC):
        yield _since(service, "`quic` in listen", _QUIC, Severity.ERROR)
    words = {statement.words[0] for statement in statements(service.server_extra) if statement.words}
    for word in sorted(words & _SINCE.keys()):
        if not build.is_from(_SINCE[word]):
            yield _since(service, f"`{word}` in server_extra", _SINCE[word], Severity.WARNING)


def _not_built(service: Service, build: Build) -> Iterator[Needs]:
    for module, what in _modules(service):
        if build.lacks(module):
            message = f"service {service.name}: {what} needs nginx with its {module} module"
            yield message, Severity.ERROR, "install an nginx that was built with it (nginx -V says with what)"


def _modules(service: Service) -> Iterator[tuple[str, str]]:
    """Each with what in the inventory needs it."""
    yield from ((module, "it") for module in _ALWAYS)
    for listen in service.listen:
        yield from ((_FORMAT[word], f"`{word}` in listen") for word in listen.split() if word in _FORMAT)
    if service.protocol is not Protocol.HTTP:
        what = f"`protocol: {service.protocol}`"
        if service.protocol.is_tls:
            yield "http_ssl", what
        if service.protocol.is_grpc:
            yield from (("http_v2", what), ("http_grpc", what))
    if service.real_ip is not None:
        yield "http_realip", "`real_ip`"
    if service.sticky is not None:
        yield "http_split_clients", "`sticky`"
    if service.mirror:
        yield "http_mirror", "`mirror`"


def _since(service: Service, what: str, since: Version, severity: Severity, hint: str | None = None) -> Needs:
    return f"service {service.name}: {what} needs nginx {_text(since)}", severity, hint


def _text(version: Version) -> str:
    return ".".join(map(str, version))
