"""Who takes part in a fleet change, and how far each host has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from nginxgen.errors import HostFailed, HostLost, HostRefused, NeedsHuman, NginxgenError
from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.outcome import HostOutcome, HostResult
from nginxgen.model.plan import Change, Expected
from nginxgen.model.progress import Phase
from nginxgen.model.state import HostState
from nginxgen.ports import HostSession, Note

_HARMLESS = frozenset({Phase.LOCK, Phase.STAGE})  # hosts undo these by themselves, with nothing to see


# Looks at a host that we have locked whether the change is still wanted there; raises HostRefused where it is not.
Agreed = Callable[[HostSession], None]


class At(Enum):
    STAGED = auto()  # or before: nothing that it serves has changed
    REFUSED = auto()  # it said no to the trial: nothing that it serves has changed
    TRIAL = auto()  # serves the new release from memory; the disk has the old one
    COMMITTED = auto()
    BACK = auto()  # it has brought the old release back by itself, and proved it
    DOUBT = auto()  # it was lost at work
    STUCK = auto()  # it can go neither way


UNTOUCHED = frozenset({At.STAGED, At.REFUSED})


@dataclass(slots=True)
class Part:
    """One host's part in the change. Only one thread at a time works on a host."""

    change: Change
    empty: str  # id of its release without services, where it has nothing yet
    at: At = At.STAGED
    error: NginxgenError | None = None
    serves: str | None = None  # what it serves, as far as it has told
    warning: str = ""  # what a person should know although all went well
    before: Expected = field(default_factory=lambda: Expected(None, None))  # what it had when we took its lock
    previous: str | None = None  # and where a revert would have led
    decided: bool = False  # it was told to commit: from here on its disk may have either release

    @property
    def host(self) -> str:
        return self.change.host

    @property
    def old(self) -> str:
        """The release to go back to."""
        return self.before.live if self.before.live is not None else self.empty

    def has_old(self, state: HostState) -> bool:
        return self._same(state.live, self.before.live) and self._same(state.running, self.before.running)

    def has_new(self, state: HostState) -> bool:
        return state.live == self.change.target and state.running == self.change.target

    def answered(self, to: At, error: NginxgenError | None) -> None:
        """What the answer to trial or commit says: the host is where we wanted it, or where the error tells."""
        self.error = error
        match error:
            case None:
                self.at, self.serves = to, self.change.target
            case HostRefused() if to is At.TRIAL:
                self.at = At.REFUSED
            case HostFailed():
                self.at, self.serves = At.BACK, self.before.running
            case NeedsHuman():
                self.at, self.serves = At.STUCK, None
            case _:
                self.at, self.serves = At.DOUBT, None

    def result(self, outcome: HostOutcome, message: str = "", hint: str | None = None) -> HostResult:
        return HostResult(self.host, outcome, self.serves, message, hint)

    def _same(self, now: str | None, then: str | None) -> bool:
        """Before the first apply there is nothing; an empty release serves as much."""
        return now == then or (then is None and now == self.empty)


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A fleet change under way."""

    sessions: Sessions
    parts: Mapping[str, Part]  # by host
    note: Note
    patience: Patience
    stop: threading.Event  # a person wants it to end
    agreed: Agreed | None = None

    def each(
        self, phase: Phase, names: Iterable[str], step: Callable[[HostSession, Part], None]
    ) -> dict[str, NginxgenError]:
        """Run a step on these hosts; the errors.

        Hosts that wait for their turn when Ctrl-C comes are not begun with. A commit is carried through.
        """

        def run(session: HostSession) -> None:
            if self.stop.is_set() and phase is not Phase.COMMIT:
                raise HostRefused(session.name, "interrupted", "interrupted before its turn")
            try:
                step(session, self.parts[session.name])
            except NginxgenError:
                raise
            except Exception as bug:
                if phase in _HARMLESS:
                    raise
                # half a fleet is worse than a late traceback: this host counts as lost, and the others go back
                raise HostLost(session.name, f"a bug in nginxgen: {bug!r}", hint="please report it") from bug

        results = self.sessions.each(phase, names, run)
        return {name: result for name, result in results.items() if isinstance(result, NginxgenError)}


def reason(error: NginxgenError) -> str:
    """The message without the name of the host, which stands beside it anyway."""
    return str(getattr(error, "reason", error.message))


def is_refused(error: NginxgenError | None, code: str) -> bool:
    return isinstance(error, HostRefused) and error.code == code
