"""The checked keys as the program's nouns; what a host leaves out comes from the defaults, then from here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from nginxgen.inventory import figures
from nginxgen.inventory.schema.fleet import DefaultKeys, FleetKeys, HostKeys, NginxKeys
from nginxgen.inventory.schema.routing import (
    CookieKeys,
    FallbackKeys,
    HeaderKeys,
    NetworksKeys,
    OverrideKeys,
    RealIpKeys,
    StickyKeys,
    UsersKeys,
)
from nginxgen.inventory.schema.service import RouteKeys, ServerKeys, ServiceKeys
from nginxgen.model.host import Become, Fleet, Host, Nginx, Script, Transport
from nginxgen.model.service import (
    DEFAULT_ROUTE,
    Fallback,
    Networks,
    Override,
    RealIp,
    Route,
    Server,
    Service,
    Signal,
    Source,
    Sticky,
    Users,
    Version,
)

T = TypeVar("T")
K = TypeVar("K")


def fleet(keys: FleetKeys, folder: Path) -> Fleet:
    """`folder` is that of the inventory file, where relative paths begin."""
    defaults = keys.defaults or DefaultKeys()
    return Fleet(tuple(_host(name, host, defaults, folder) for name, host in keys.hosts.items()))


def _first(*values: T | None, default: T) -> T:
    return next((value for value in values if value is not None), default)


def _given(make: Callable[[K], T], keys: K | None) -> T | None:
    return None if keys is None else make(keys)


def _host(name: str, own: HostKeys, all_: DefaultKeys, folder: Path) -> Host:
    return Host(
        name=name,
        address=own.address or name,
        port=_first(own.port, all_.port, default=None),
        user=_first(own.user, all_.user, default=None),
        transport=_first(own.transport, all_.transport, default=Transport.SSH),
        become=_first(own.become, all_.become, default=Become.NONE),
        identity_file=_file(_first(own.identity_file, all_.identity_file, default=None), folder),
        known_hosts=_file(_first(own.known_hosts, all_.known_hosts, default=None), folder),
        bind=own.bind,
        wave=_first(own.wave, all_.wave, default=1),
        nginx=_nginx(own.nginx or NginxKeys(), all_.nginx or NginxKeys()),
        state_dir=_first(own.state_dir, all_.state_dir, default="/var/lib/nginxgen"),
        run_dir=_first(own.run_dir, all_.run_dir, default="/run/nginxgen"),
        log_dir=_first(own.log_dir, all_.log_dir, default="/var/log/nginx"),
        script=_first(own.script, all_.script, default=Script.SENT),
        container=own.container,
        container_cli=_first(own.container_cli, all_.container_cli, default="docker"),
    )


def _nginx(own: NginxKeys, all_: NginxKeys) -> Nginx:
    return Nginx(
        binary=_first(own.binary, all_.binary, default="/usr/sbin/nginx"),
        conf=_first(own.conf, all_.conf, default="/etc/nginx/nginx.conf"),
        include_dir=_first(own.include_dir, all_.include_dir, default="conf.d"),
    )


def _file(path: str | None, folder: Path) -> Path | None:
    if path is None:
        return None
    try:
        return folder / Path(path).expanduser()
    except RuntimeError:  # no home, or no such user
        return folder / path


def service(name: str, keys: ServiceKeys, folder: Path) -> Service:
    """`folder` as for `fleet`."""
    return Service(
        name=name,
        listen=keys.listen,
        server_names=keys.server_names,
        versions=tuple(
            Version(version, tuple(map(_server, servers.servers))) for version, servers in keys.versions.items()
        ),
        stable=keys.stable,
        canary=keys.canary,
        override=_override(keys.override or OverrideKeys()),
        sticky=_given(_sticky, keys.sticky),
        fallback=_given(_fallback, keys.fallback),
        version_header=bool(keys.headers and keys.headers.version),
        routes=tuple(map(_route, keys.routes)) if keys.routes else (DEFAULT_ROUTE,),
        server_extra=keys.server_extra or "",
        smoke=tuple(map(figures.smoke, keys.smoke)),
        protocol=keys.protocol,
        mirror=keys.mirror,
        real_ip=_given(_real_ip, keys.real_ip),
        metrics=figures.sources(keys.metrics, folder),
    )


def _server(keys: ServerKeys) -> Server:
    return Server(keys.address, keys.weight, keys.max_fails, keys.fail_timeout, keys.backup, keys.resolve)


def _route(keys: RouteKeys) -> Route:
    return Route(keys.name, keys.path, keys.match, keys.methods)


def _override(keys: OverrideKeys) -> Override:
    return Override(
        header=_given(partial(_signal, Source.HEADER), keys.header),
        cookie=_given(partial(_signal, Source.COOKIE), keys.cookie),
        users=_given(_users, keys.users),
        networks=_given(_networks, keys.networks),
    )


def _signal(source: Source, keys: CookieKeys | HeaderKeys) -> Signal:
    return Signal(source, keys.name, keys.canary, keys.stable)


def _users(keys: UsersKeys) -> Users:
    source, name = _source(keys.cookie, keys.header, keys.query)
    return Users(source, name, keys.canary, keys.stable)


def _networks(keys: NetworksKeys) -> Networks:
    return Networks(keys.canary, keys.stable)


def _sticky(keys: StickyKeys) -> Sticky:
    source, name = _source(keys.cookie, keys.header, keys.query)
    return Sticky(source, name, keys.anonymous, keys.control)


def _source(cookie: str | None, header: str | None, query: str | None) -> tuple[Source, str]:
    """The schema holds that at most one is given; none is the client's address."""
    if cookie is not None:
        return Source.COOKIE, cookie
    if header is not None:
        return Source.HEADER, header
    return (Source.ADDRESS, "") if query is None else (Source.QUERY, query)


def _real_ip(keys: RealIpKeys) -> RealIp:
    return RealIp(keys.proxies, keys.header)


def _fallback(keys: FallbackKeys) -> Fallback:
    return Fallback(tuple(keys.on), keys.timeout, keys.retry_unsafe)
