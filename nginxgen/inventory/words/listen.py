"""The arguments of nginx's `listen`, taken apart so that nothing else gets through."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.network import bare_host, port
from nginxgen.inventory.words.paths import absolute_path
from nginxgen.model.nearest import did_you_mean

_EXPECTED = 'a port or address with flags, like 80, "443 ssl", "127.0.0.1:8080" or "[::]:80 ipv6only=on"'
_FORMS = {
    form.partition("=")[0]: re.compile(form)
    for form in (
        *("default_server", "ssl", "http2", "quic", "proxy_protocol", "deferred", "bind", "reuseport"),
        r"backlog=-?[0-9]{1,9}",
        r"rcvbuf=[0-9]{1,9}[kKmM]?",
        r"sndbuf=[0-9]{1,9}[kKmM]?",
        r"fastopen=[0-9]{1,9}",
        r"setfib=[0-9]{1,5}",
        r"accept_filter=(dataready|httpready)",
        r"ipv6only=(on|off)",
        r"so_keepalive=(on|off|[0-9]{0,6}[smh]?:[0-9]{0,6}[smh]?:[0-9]{0,6})",
    )
}
# nginx takes these once for an address, from whichever server names it: a second time is fatal for the whole host.
_ONCE = frozenset(
    {"default_server", "backlog", "rcvbuf", "sndbuf", "fastopen", "setfib", "accept_filter", "deferred", "bind"}
    | {"reuseport", "ipv6only", "so_keepalive"}
)


@dataclass(frozen=True, slots=True)
class Listen:
    """The arguments of one `listen`."""

    address: str  # as nginx takes it: "80", "127.0.0.1:8080", "[::]:80", "unix:/path"
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.address, *self.flags))

    @property
    def key(self) -> str:
        """The same for arguments that nginx opens as one socket."""
        return re.sub(r"^(\*|0\.0\.0\.0):", "", self.address)

    @property
    def once(self) -> tuple[str, ...]:
        """The flags that may stand only once for this address."""
        return tuple(name for name in (flag.partition("=")[0] for flag in self.flags) if name in _ONCE)


def parse(text: str) -> Listen:
    """Raises BadValue."""
    first, *flags = text.split(" ") if text.isprintable() else [text]
    flags = [flag for flag in flags if flag]
    address = _address(first, text)
    for flag in flags:
        _check_flag(flag, text)
    names = [flag.partition("=")[0] for flag in flags]
    if len(set(names)) < len(names):
        raise BadValue(f"{quoted(text)} has a flag twice", "each flag once")
    return Listen(address, tuple(flags))


def _address(first: str, text: str) -> str:
    """A port alone, address:port, an address alone (port 80), or unix:/path."""
    try:
        if first.startswith("unix:"):
            return f"unix:{absolute_path(first.removeprefix('unix:'))}"
        if first.isdigit():
            return str(port(first))
        if first.endswith("]") or ":" not in first:
            return f"{_host(first)}:80"
        name, _, digits = first.rpartition(":")
        return f"{_host(name)}:{port(digits)}"
    except BadValue as error:
        raise BadValue(f"{quoted(text)} is not what listen takes: {error.message}", _EXPECTED) from None


def _host(text: str) -> str:
    return text if text == "*" else bare_host(text)


def _check_flag(flag: str, text: str) -> None:
    name = flag.partition("=")[0]
    if name not in _FORMS:
        raise BadValue(f"{quoted(text)}: listen knows no {quoted(flag)}", did_you_mean(name, _FORMS))
    if not _FORMS[name].fullmatch(flag):
        raise BadValue(f"{quoted(text)}: {quoted(flag)} has a value that listen doesn't take", _EXPECTED)


def listen(text: str) -> str:
    """In nginx's form, single-spaced."""
    return str(parse(text))
