"""A request as its client sends it, before nginx has read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from nginxgen.errors import InputError

_METHOD = re.compile(r"[A-Z_-]+")
_TARGET = re.compile(r"/[^\x00-\x20\x7f]*")
_HEADER_NAME = re.compile(r"[^\x00-\x20\x7f:]+")
_LINE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the client sends it."""

    method: str = "GET"
    path: str = "/"  # as it is sent: %2e, // and .. are nginx's to read
    query: str = ""  # what follows the question mark, as it is sent
    headers: Pairs = ()  # in their order; a name may come twice
    cookies: Pairs = ()  # sent in one Cookie header, behind those of `headers`
    address: str = ""  # whose connection it is; empty: not known

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def lines(self) -> Pairs:
        """The headers, cookies included."""
        if not self.cookies:
            return self.headers
        return (*self.headers, ("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies)))

    def checked(self) -> Request:
        """Return it if HTTP has it. Raises InputError: nginx would answer 400, or read another request."""
        if not _METHOD.fullmatch(self.method):
            raise InputError(f"{self.method[:40]!r} is not a method", hint="capital letters, like POST")
        if not _TARGET.fullmatch(self.target):
            raise InputError(
                f"{self.target[:80]!r} is not a path", hint="it begins with /; a space in it is sent as %20"
            )
        for name, value in self.lines:
            if not _HEADER_NAME.fullmatch(name) or not _LINE.fullmatch(value):
                raise InputError(f"{f'{name}: {value}'[:80]!r} is not a header", hint="NAME: VALUE, without newlines")
        if self.address:
            _refuse_address(self.address)
        return self


def _refuse_address(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise InputError(f"{text[:80]!r} is not an address", hint="like 10.8.0.1 or 2001:db8::1") from None
