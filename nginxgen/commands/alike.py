"""What hosts say, without saying the same twice: a fleet that can't be reached is one message, not twenty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginxgen.errors import Finding, HostFailed, HostLost, HostRefused, NeedsHuman, NginxgenError, SeveralRefused
from nginxgen.plan.words import listed

_APART = 2  # so many hosts whose words differ in an address or a path are told one by one
_OWN = re.compile(r"\S*\d\S*")  # words that differ from host to host: addresses, ports, ids, names


@dataclass(frozen=True, slots=True)
class Said:
    """One host, what is wrong with it, and what to do."""

    host: str
    message: str
    hint: str | None = None

    @property
    def gist(self) -> tuple[str, str]:
        return _OWN.sub("#", self.message), _OWN.sub("#", self.hint or "")


def told(error: NginxgenError) -> Sequence[Finding]:
    """What to show for an error: hosts with the same to say together."""
    if not isinstance(error, SeveralRefused):
        return error.findings()
    said = [one for one in map(_said, error.causes) if one is not None]
    others = (finding for cause in error.causes if _said(cause) is None for finding in cause.findings())
    return (*together(said), *others)


def together(said: Iterable[Said]) -> tuple[Finding, ...]:
    """A finding for each thing that is said, in the order in which it comes first."""
    same: dict[tuple[str, str | None], list[Said]] = {}
    for one in said:
        same.setdefault((one.message, one.hint), []).append(one)
    alike: dict[tuple[str, str], list[list[Said]]] = {}
    for group in same.values():
        alike.setdefault(group[0].gist, []).append(group)
    return tuple(finding for groups in alike.values() for finding in _findings(groups))


def _findings(groups: Sequence[Sequence[Said]]) -> Iterable[Finding]:
    if len(groups) <= _APART:
        for group in groups:
            yield Finding("host", f"{listed([one.host for one in group])}: {group[0].message}", hint=group[0].hint)
        return
    first = groups[0][0]
    names = listed([one.host for group in groups for one in group])
    yield Finding("host", f"{names}: {first.message} (this is {first.host}, the others are alike)", hint=first.hint)


def _said(cause: NginxgenError) -> Said | None:
    match cause:
        case HostRefused() | HostFailed() | HostLost():
            return Said(cause.host, cause.reason, cause.hint)
        case NeedsHuman(host=str(host)):
            return Said(host, cause.reason, cause.hint)
    return None
