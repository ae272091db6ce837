"""One change over the whole fleet: every host ends on its new release, or every host ends on its old one.

Lock and compare all; stage and test all; then wave after wave: trial on all hosts of the wave, and commit. Until the
first trial nothing that is served has changed. A wave that fails takes back every host of this change, also those of
earlier waves.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from nginxgen.errors import HostFailed, HostLost, HostRefused, NeedsHuman, NginxgenError
from nginxgen.fleet.sessions import Result, Sessions
from nginxgen.model.outcome import HostOutcome, HostResult, Outcome
from nginxgen.model.plan import Change, Expected
from nginxgen.model.progress import Phase
from nginxgen.model.release import Release
from nginxgen.ports import HostSession, Note

_IN_DOUBT = 75.0  # seconds a lost host is given: its dead-man acts after 60


def carry_out(
    sessions: Sessions,
    changes: Sequence[Change],
    empties: Mapping[str, Release],
    note: Note,
    *,
    one_wave: bool = False,
) -> Outcome:
    """Carry out `changes`. `empties`: the release without services, by host, for a host's first time."""
    return _Transaction(sessions, changes, empties, note).run(one_wave=one_wave)


class _Transaction:
    def __init__(
        self, sessions: Sessions, changes: Sequence[Change], empties: Mapping[str, Release], note: Note
    ) -> None:
        self._sessions = sessions
        self._changes = {change.host: change for change in changes}
        self._empties = empties
        self._note = note
        self._before: dict[str, Expected] = {}  # what each host had when we took its lock
        self._on_trial: list[str] = []
        self._committed: list[str] = []

    def run(self, *, one_wave: bool) -> Outcome:
        results = self._prepare() or self._waves(one_wave=one_wave)
        order = [name for name in self._sessions.hosts if name in results]
        return Outcome(tuple(results[name] for name in order), dict(self._sessions.seconds))

    # ---- before anything that is served changes

    def _prepare(self) -> dict[str, HostResult]:
        """Lock, compare, stage and test everywhere. Not empty where a host said no: then nothing was changed."""
        names = tuple(self._changes)
        errors: dict[str, NginxgenError] = {
            name: error for name, error in self._sessions.failed.items() if name in names
        }
        if not errors:
            self._sessions.keep_alive()
            errors = _errors(self._sessions.each(Phase.LOCK, names, self._begin))
        if not errors:
            errors = _errors(self._sessions.each(Phase.STAGE, names, self._stage))
        if not errors:
            return {}
        reachable = [name for name in names if name not in errors and name in self._sessions.names]
        back = _errors(self._sessions.each(Phase.ABORT, reachable, lambda session: session.abort()))
        return {name: self._refusal(name, errors.get(name) or back.get(name)) for name in names}

    def _begin(self, session: HostSession) -> None:
        state = session.begin(self._note)
        expected = self._changes[session.name].expected
        if (state.live, state.running) != (expected.live, expected.running):
            raise HostRefused(
                session.name,
                "moved",
                f"it has moved: {state.live or 'nothing'} is live and {state.running or 'nothing'} runs, "
                f"the plan was made for {expected.live or 'nothing'} and {expected.running or 'nothing'}",
                hint="plan again",
            )
        self._before[session.name] = expected

    def _stage(self, session: HostSession) -> None:
        release = self._changes[session.name].release
        if release is not None:
            session.stage(release, self._empties[session.name])

    def _refusal(self, name: str, error: NginxgenError | None) -> HostResult:
        if error is None:
            return HostResult(name, HostOutcome.UNTOUCHED, self._changes[name].expected.running)
        outcome = HostOutcome.NEEDS_HUMAN if isinstance(error, NeedsHuman | HostLost) else HostOutcome.REFUSED
        return HostResult(name, outcome, self._changes[name].expected.running, _reason(error), error.hint)

    # ---- trial and commit

    def _waves(self, *, one_wave: bool) -> dict[str, HostResult]:
        for wave in _waves(self._sessions, self._changes, one_wave=one_wave):
            tried = self._sessions.each(Phase.TRIAL, wave, self._trial)
            self._on_trial = [name for name, result in tried.items() if not isinstance(result, NginxgenError)]
            if errors := _errors(tried):
                return self._take_back(errors)
            done = self._sessions.each(Phase.COMMIT, wave, lambda session: session.commit())
            self._on_trial = []
            self._committed += [name for name, result in done.items() if not isinstance(result, NginxgenError)]
            if errors := _errors(done):
                return self._take_back(errors)
        return {name: HostResult(name, HostOutcome.APPLIED, change.target) for name, change in self._changes.items()}

    def _trial(self, session: HostSession) -> None:
        session.trial(self._changes[session.name].target, self._before[session.name])

    # ---- and back

    def _take_back(self, errors: Mapping[str, NginxgenError]) -> dict[str, HostResult]:
        results = {name: HostResult(name, HostOutcome.UNTOUCHED, self._before[name].running) for name in self._changes}
        undone = self._sessions.each(Phase.ABORT, self._on_trial, lambda session: session.abort())
        returned = self._sessions.each(Phase.ABORT, self._committed, self._return)
        because = f"taken back, because {', '.join(errors)} failed"
        for name, result in {**undone, **returned}.items():
            results[name] = self._ending(name, result if isinstance(result, NginxgenError) else None, because)
        for name, error in errors.items():
            results[name] = self._ending(name, error, _reason(error))
        return results

    def _return(self, session: HostSession) -> None:
        """A host that has committed goes back the way it came: by a trial of the old release."""
        change, before = self._changes[session.name], self._before[session.name]
        old = before.live if before.live is not None else self._empties[session.name].id
        session.trial(old, Expected(change.target, change.target))
        session.commit()

    def _ending(self, name: str, error: NginxgenError | None, message: str) -> HostResult:
        before = self._before[name].running
        if error is None or isinstance(error, HostFailed):
            return HostResult(name, HostOutcome.REVERTED, before, message, error.hint if error else None)
        if isinstance(error, HostLost):
            return self._in_doubt(name, error)
        if isinstance(error, HostRefused):
            # it said no to a trial, so that nothing of it was touched
            return HostResult(name, HostOutcome.REFUSED, before, message, error.hint)
        return HostResult(name, HostOutcome.NEEDS_HUMAN, None, message, error.hint)

    def _in_doubt(self, name: str, error: HostLost) -> HostResult:
        """The host undoes by itself when it loses us: go and see, rather than believe."""
        before, deadline = self._before[name], time.monotonic() + _IN_DOUBT
        seen = "it can't be reached"
        while time.monotonic() < deadline:
            try:
                state = self._sessions.reopen(name).observe()
            except NginxgenError as failure:
                seen = _reason(failure)
            else:
                seen = f"it runs {state.running or 'nothing of ours'}, a boot would serve {state.live or 'nothing'}"
                if state.running == before.running and state.live == before.live and not state.drift:
                    return HostResult(
                        name, HostOutcome.REVERTED, state.running, f"{_reason(error)}; it is back on its old release"
                    )
            time.sleep(0.5)
        return HostResult(name, HostOutcome.NEEDS_HUMAN, None, f"{_reason(error)}; {seen}", error.hint)


def _errors(results: Mapping[str, Result[None]]) -> dict[str, NginxgenError]:
    return {name: result for name, result in results.items() if isinstance(result, NginxgenError)}


def _reason(error: NginxgenError) -> str:
    reason = getattr(error, "reason", error.message)
    return str(reason)


def _waves(sessions: Sessions, names: Iterable[str], *, one_wave: bool) -> list[list[str]]:
    by_wave: dict[int, list[str]] = {}
    for name in names:
        by_wave.setdefault(0 if one_wave else sessions.hosts[name].wave, []).append(name)
    return [by_wave[wave] for wave in sorted(by_wave)]
