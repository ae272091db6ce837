"""The client's address, behind trusted proxies too (ngx_http_realip_module), and as text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from nginxgen.explain.headers import header_lines
from nginxgen.explain.request import Request
from nginxgen.model.service import RealIp

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_HEXTET = 1 << 16
_LOW_BYTE = 0xFF
_NONE = "255.255.255.255"  # INADDR_NONE: nginx takes it for no address


def client(request: Request, real_ip: RealIp | None) -> Address | None:
    """`$remote_addr`, or None where it is not known."""
    peer = ip_address(request.address) if request.address else None
    if peer is None or real_ip is None:
        return peer
    proxies = networks(real_ip.proxies)
    values = header_lines(request, real_ip.header)
    if real_ip.header.lower() != "x-forwarded-for":
        values = values[:1]
    for value in reversed(values):
        peer, whole = _behind(peer, value.decode("latin-1"), proxies)
        if not whole:
            break
    return peer


def text(address: Address) -> str:
    """As ngx_inet6_ntop writes it, which knows IPv4 in IPv6."""
    number = int(address)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return f"::ffff:{address.ipv4_mapped}"
        if _HEXTET <= number < 1 << 32 or (number < _HEXTET and number > _LOW_BYTE and number & _LOW_BYTE != 1):
            return f"::{IPv4Address(number)}"
    return str(address)


@lru_cache(maxsize=1024)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(network, strict=False) for network in texts)


def within(address: Address, network: Network) -> bool:
    """Nginx takes an IPv4 address in IPv6 for what it is."""
    plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
    return plain.version == network.version and plain in network


def _behind(peer: Address, value: str, proxies: Sequence[Network]) -> tuple[Address, bool]:
    """Read from the right while the address is a trusted proxy's: where that ends, and whether all was read.

    A separator in the first place is none, as in ngx_http_get_forwarded_addr_internal.
    """
    while any(within(peer, proxy) for proxy in proxies):
        value = value.rstrip(" ,")
        start = max(value.rfind(" ", 1), value.rfind(",", 1)) + 1
        found = _parse(value[start:])
        if found is None:
            return peer, False
        peer = found
        if start == 0:
            return peer, True
        value = value[: start - 1]
    return peer, False


def _parse(text: str) -> Address | None:
    """An address, with a port perhaps: 10.0.0.1:80, [2001:db8::1]:80."""
    if text.startswith("["):
        bare, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        bare, _, port = text.partition(":")
    else:
        bare, port = text, ""
    if port and not port.isdecimal():
        return None
    if bare == _NONE:
        return None
    try:
        return ip_address(bare)
    except ValueError:
        return None
