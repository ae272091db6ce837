"""status: what every host has and serves, as the hosts say it."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.errors import NginxgenError, SeveralRefused
from nginxgen.model.state import HostState
from nginxgen.workflow.scope import Scope


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What one host says, or why it does not."""

    host: str
    state: HostState | None
    error: NginxgenError | None = None  # why there is no state


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """What all hosts say."""

    hosts: tuple[HostStatus, ...]  # in the order of the inventory

    @property
    def states(self) -> tuple[HostState, ...]:
        return tuple(host.state for host in self.hosts if host.state is not None)

    @property
    def drifted(self) -> bool:
        return any(state.drift for state in self.states)

    @property
    def consistent(self) -> bool:
        """Every host answered, none has drifted, and all were given the same intent. What is not known is not well."""
        known = [state.intent for state in self.states]
        return len(self.states) == len(self.hosts) and not self.drifted and all(one == known[0] for one in known)

    def raise_unreachable(self) -> None:
        """Raise SeveralRefused where a host did not answer."""
        causes = [host.error for host in self.hosts if host.error is not None]
        if causes:
            raise SeveralRefused(causes)


def status(scope: Scope) -> FleetStatus:
    """Changes nothing. A host that can't be reached has its error in its place."""
    with scope.work() as work:
        states = work.sessions.observe()
        failed = dict(work.sessions.failed)
    return FleetStatus(tuple(HostStatus(name, states.get(name), failed.get(name)) for name in scope.names))
