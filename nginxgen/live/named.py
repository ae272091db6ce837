"""Was this server meant? A web site can give its own name this machine's address, and then read what is here."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_HERE = "localhost"


def meant(address: str, host: str) -> bool:
    """`address`: listened on. `host`: the field of the request, which a browser sets by the name that it asked for.

    On the loopback only addresses and localhost are meant: a name that leads there is somebody's trick (DNS rebinding).
    On others names are usual, and there is no saying which.
    """
    if not _is_loopback(address):
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in ("", _HERE) or name.endswith(f".{_HERE}") or _is_address(name)


def _is_loopback(address: str) -> bool:
    return address == _HERE or (_is_address(address) and ipaddress.ip_address(address).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
