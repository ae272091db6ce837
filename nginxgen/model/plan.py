"""A plan: what would change on each host, against what is live there. Plain data; nothing is done by making one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nginxgen.model.release import Release


class Action(StrEnum):
    NONE = "none"  # the host already serves it
    FIRST = "first"  # nginxgen has not been on this host before
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a host had when the plan was made; it must still have it when the plan is carried out."""

    live: str | None
    running: str | None


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What would change on one host."""

    host: str
    action: Action
    expected: Expected
    release: str  # id, a key of Plan.releases
    summary: tuple[str, ...]  # what changes, a sentence each: "shop/default: weight 0 -> 10"
    diff: str  # unified
    unsafe: tuple[str, ...] = ()  # why this needs --force: "service shop is removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One host's part of a fleet change: from what it must still have, to which release."""

    host: str
    expected: Expected
    target: str  # release id
    release: Release | None = None  # its content; None where the host already keeps it (revert, emergency)
    common: frozenset[str] = frozenset()  # files of it that the expected live release has alike: they need not travel


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change on all hosts, and the releases that it takes."""

    hosts: tuple[HostPlan, ...]
    releases: Mapping[str, Release]  # by id
    # as in Change, by host; not part of what is saved
    common: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(host.action is not Action.NONE for host in self.hosts)

    def changes(self) -> tuple[Change, ...]:
        """What has to be done, without the hosts that already serve their release."""
        return tuple(
            Change(
                host.host,
                host.expected,
                host.release,
                self.releases[host.release],
                self.common.get(host.host, frozenset()),
            )
            for host in self.hosts
            if host.action is not Action.NONE
        )

    @property
    def unsafe(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reason for host in self.hosts for reason in host.unsafe))
