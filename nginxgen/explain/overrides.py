"""What each override says of a request: a version, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from nginxgen.explain import headers
from nginxgen.explain.address import Address, networks, text, within
from nginxgen.explain.dialect import Dialect
from nginxgen.explain.explanation import Decider
from nginxgen.explain.request import Request
from nginxgen.model.service import Networks, Override, Signal, Source, Users

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Read:
    """A request as nginx has read it."""

    request: Request
    args: bytes
    address: Address | None  # None: not known
    dialect: Dialect

    def value(self, source: Source, name: str) -> bytes:
        match source:
            case Source.HEADER:
                return headers.header(self.request, name, self.dialect)
            case Source.COOKIE:
                return headers.cookie(self.request, name, self.dialect)
            case Source.QUERY:
                return headers.query(self.args, name)
            case Source.ADDRESS:
                return b"" if self.address is None else text(self.address).encode()
            case _:
                assert_never(source)


@dataclass(frozen=True, slots=True)
class Opinion:
    """`canary` is None where the rule leaves it to the next."""

    rule: Decider
    canary: bool | None
    why: str


def opinions(override: Override, read: Read) -> Iterator[Opinion]:
    """In their order: header, cookie, users, networks."""
    if override.header is not None:
        yield _signal(Decider.HEADER, override.header, read)
    if override.cookie is not None:
        yield _signal(Decider.COOKIE, override.cookie, read)
    if override.users is not None:
        yield _users(override.users, read)
    if override.networks is not None:
        yield _networks(override.networks, read)


def shown(value: bytes) -> str:
    """For a sentence."""
    told = value.decode("utf-8", "backslashreplace")
    return f'"{told if len(told) <= _SHOWN else f"{told[:_SHOWN]}..."}"'


def _signal(rule: Decider, signal: Signal, read: Read) -> Opinion:
    value, says = read.value(signal.source, signal.name), f"{signal.source} {signal.name}"
    if not value:
        return Opinion(rule, None, f"{says} is absent: no opinion")
    side = _side(value, signal.canary, signal.stable)
    why = f"{says} is {shown(value)}"
    return Opinion(rule, side, why if side is not None else f"{why}, which is none of its words: no opinion")


def _users(users: Users, read: Read) -> Opinion:
    value, says = read.value(users.source, users.name), f"{users.source} {users.name}"
    if not value:
        return Opinion(Decider.USERS, None, f"users: {says} is absent: no opinion")
    side = _side(value, users.canary, users.stable)
    why = f"users: {says} is {shown(value)}"
    return Opinion(Decider.USERS, side, why if side is not None else f"{why}, which is not listed: no opinion")


def _networks(listed: Networks, read: Read) -> Opinion:
    if read.address is None:
        return Opinion(Decider.NETWORKS, None, "networks: the client's address is not given: no opinion")
    sides = ((network, side) for side in (True, False) for network in networks((listed.stable, listed.canary)[side]))
    holding = [(network, side) for network, side in sides if within(read.address, network)]
    told = f"networks: {text(read.address)}"
    if not holding:
        return Opinion(Decider.NETWORKS, None, f"{told} is in none of them: no opinion")
    network, side = max(holding, key=lambda found: found[0].prefixlen)
    return Opinion(Decider.NETWORKS, side, f"{told} is in {network}")


def _side(value: bytes, canary: tuple[str, ...], stable: tuple[str, ...]) -> bool | None:
    """Nginx's map lowers ASCII letters only, as bytes do."""
    return _table(canary, stable).get(value.lower())


@lru_cache(maxsize=1024)
def _table(canary: tuple[str, ...], stable: tuple[str, ...]) -> Mapping[bytes, bool]:
    sides = ((canary, True), (stable, False))
    return {headers.to_bytes(word).lower(): side for words, side in sides for word in words}
