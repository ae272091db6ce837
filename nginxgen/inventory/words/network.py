"""Addresses, server names and networks."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.paths import absolute_path

_ADDRESS = "an address with a port, like 10.0.1.10:5000, [fd00::1]:5000 or backend.internal:5000"
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_SERVER_NAME = "a host name like example.com, *.example.com, www.example.* or _"
_HIGHEST_PORT = 65_535
_LONGEST_NAME = 253
_DIGITS = re.compile(r"[0-9]{1,5}")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)  # the common case, fast
_SCHEME = re.compile(r"(https?|grpcs?|h2c?)://(.*)")


def port(text: str) -> int:
    """1 to 65535, without leading zeros."""
    if not _DIGITS.fullmatch(text) or text.startswith("0") or int(text) > _HIGHEST_PORT:
        raise BadValue(f"{quoted(text)} is not a port", "a number from 1 to 65535")
    return int(text)


def is_hostname(text: str) -> bool:
    """Whether it is a name that can be resolved. Without a letter it would be an address gone wrong."""
    labels = text.split(".")
    fits = len(text) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, labels))
    return fits and not labels[-1].isdigit() and any(map(str.isalpha, text))


def ip(text: str) -> IPv4Address | IPv6Address:
    """An address without brackets and without a zone (%eth0), which nginx doesn't know."""
    try:
        if "%" in text:
            raise AddressValueError(text)
        return ip_address(text)
    except ValueError:
        raise BadValue(f"{quoted(text)} is not an IP address", "like 10.0.1.10 or fd00::1") from None


def bare_host(text: str) -> str:
    """The host part of an address as nginx writes it: IPv4, [IPv6] or a name."""
    if _IPV4.fullmatch(text):
        return text
    if text.startswith("[") and text.endswith("]"):
        return f"[{IPv6Address(_v6(text[1:-1]))}]"
    if is_hostname(text):
        return text.lower()
    found = ip(text)
    if isinstance(found, IPv6Address):
        raise BadValue(f"an IPv6 address needs brackets: [{found}]")
    return str(found)


def _without_brackets(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _v6(text: str) -> IPv6Address:
    found = ip(text)
    if isinstance(found, IPv4Address):
        raise BadValue(f"an IPv4 address has no brackets: {found}")
    return found


@lru_cache(maxsize=100_000)
def server_address(text: str) -> str:
    """A backend: host:port, [IPv6]:port or unix:/path."""
    if text.startswith("unix:"):
        return f"unix:{absolute_path(text.removeprefix('unix:'))}"
    scheme = _SCHEME.fullmatch(text)
    if scheme:
        hint = f"write {quoted(scheme[2])}; the protocol is set by the service's key protocol"
        raise BadValue(f"{quoted(text)} is a URL, not an address", hint)
    name, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        raise BadValue(f"{quoted(text)} has no port", _ADDRESS)
    try:
        return f"{bare_host(name)}:{port(digits)}"
    except BadValue as error:
        raise BadValue(f"{quoted(text)} is not an address: {error.message}", _ADDRESS) from None


def host_address(text: str) -> str:
    """Where SSH goes: an address, a name, or an alias of ssh_config."""
    if is_hostname(text):
        return text
    try:
        return str(ip(_without_brackets(text)))
    except BadValue:
        hint = "an IP address, a host name or a Host of ssh_config; user and port have keys of their own"
        raise BadValue(f"{quoted(text)} is not an address", hint) from None


def bind(text: str) -> str:
    """An address of the host, with brackets where it is IPv6."""
    found = ip(_without_brackets(text))
    return f"[{found}]" if isinstance(found, IPv6Address) else str(found)


def server_name(text: str) -> str:
    """In lower case, as nginx keeps it."""
    name = text.lower() if text.isascii() else text
    if name == "_":
        return name
    core = name.removeprefix("*.") if not name.endswith(".*") else name.removesuffix(".*")
    if core and len(name) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, core.split("."))):
        return name
    raise BadValue(f"{quoted(text)} is not a server name", _server_name_hint(text))


def _server_name_hint(text: str) -> str:
    if text.startswith("~"):
        return f"regular expressions are not taken; {_SERVER_NAME}"
    if text.startswith("."):
        return f"write both: {text[1:]} and *{text}"
    if not text.isascii():
        try:
            return f"write its ASCII form: {text.encode('idna').decode()}"
        except UnicodeError:
            return _SERVER_NAME
    without_port = text.rpartition(":")
    if without_port[1] and without_port[2].isdigit():
        return "a server name has no port: the port belongs in listen"
    return _SERVER_NAME


def cidr(text: str) -> str:
    """A network, or one address as a network of one."""
    try:
        if "%" in text:
            raise AddressValueError(text)
        return str(ip_network(text))
    except ValueError:
        raise BadValue(f"{quoted(text)} is not a network", _network_hint(text)) from None


def _network_hint(text: str) -> str:
    try:
        return f"its host bits are set: write {ip_network(text, strict=False)}"
    except ValueError:
        return "like 10.8.0.0/16 or fd00::/8"
