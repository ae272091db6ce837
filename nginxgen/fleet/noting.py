"""Lines in the journals of the fleet that go with no change. All hosts are locked: nobody else writes any."""

from __future__ import annotations

from collections.abc import Sequence

from nginxgen.errors import NginxgenError, SeveralRefused
from nginxgen.fleet.parts import Agreed
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.progress import Phase
from nginxgen.ports import HostSession, Note


def write_down(sessions: Sessions, notes: Sequence[Note], agreed: Agreed) -> None:
    """Lock all hosts that take part, ask `agreed` of each, and write. The locks go with the sessions.

    Raises SeveralRefused where a host is locked by somebody else or is not agreed with: then nothing was written.
    Cut off halfway, some hosts have the line: it holds for the fleet all the same.
    """

    def lock(session: HostSession) -> None:
        session.begin(notes[0])
        agreed(session)

    def write(session: HostSession) -> None:
        for note in notes:
            session.note(note)

    names = sessions.names
    sessions.keep_alive()
    for phase, step in ((Phase.LOCK, lock), (Phase.NOTE, write)):
        found = sessions.each(phase, names, step)
        causes = [cause for cause in map(found.get, names) if isinstance(cause, NginxgenError)]
        if causes:
            raise SeveralRefused(causes)
