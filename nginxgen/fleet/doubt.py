"""Hosts that were lost at work: what do they serve?"""

from __future__ import annotations

import time
from dataclasses import dataclass

from nginxgen.errors import HostRefused, NginxgenError
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.state import HostState
from nginxgen.ports import HostSession, Note

# What passes: a host that boots, and a lock that a dead session holds until the dead-man has acted.
_PASSING = frozenset({"unreachable", "connection-lost", "locked", "not-running"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try again, in seconds."""

    seconds: float = 75.0  # for a host that was lost; its dead-man acts after 60
    between: float = 0.5  # from one look to the next
    locks: float = 3.0  # for the locks that another operator, who has not got the first host, is about to let go


PATIENCE = Patience()


def find_out(sessions: Sessions, name: str, note: Note, patience: Patience) -> tuple[HostSession, HostState]:
    """A new session that has the host's lock, and what the host has, with nothing left open.

    Only with the lock is it certain that nothing which the lost session said is still under way. Taking it also makes
    the host finish or undo what that session left open. Raises what stood in the way the last time.
    """
    deadline = time.monotonic() + patience.seconds
    while True:
        try:
            session = sessions.reopen(name)
            return session, session.begin(note)
        except NginxgenError as error:
            if time.monotonic() > deadline or not (isinstance(error, HostRefused) and error.code in _PASSING):
                raise
        time.sleep(patience.between)
