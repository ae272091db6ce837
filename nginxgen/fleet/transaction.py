"""One change over the whole fleet: every host ends on its new release, or every host ends on its old one.

Lock and compare all; stage and test all; then wave after wave: trial on all hosts of the wave, health, and commit.
Until the first trial nothing that is served has changed. A wave that fails takes back every host of this change, also
those of earlier waves, and so does Ctrl-C.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from nginxgen.errors import HostRefused, NeedsHuman, NginxgenError
from nginxgen.fleet.doubt import PATIENCE, Patience
from nginxgen.fleet.interrupt import heeding_ctrl_c
from nginxgen.fleet.parts import Agreed, At, Part, Undertaking, is_refused, reason
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.undo import settle, take_back
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome, HostResult, Outcome
from nginxgen.model.plan import Change
from nginxgen.model.progress import Phase
from nginxgen.model.release import Release
from nginxgen.ports import HostSession, Note

# Asks what is under trial on one host whether it is well; raises HostFailed where it is not. Called by many threads.
Health = Callable[[HostSession, Host], None]
_Results = dict[str, HostResult]


def carry_out(
    sessions: Sessions,
    changes: Sequence[Change],
    empties: Mapping[str, Release],
    note: Note,
    *,
    one_wave: bool = False,
    health: Health | None = None,
    patience: Patience = PATIENCE,
    stop: threading.Event | None = None,
    agreed: Agreed | None = None,
) -> Outcome:
    """Carry out `changes`. `empties`: the release without services, for each host that has nothing yet.

    `agreed` is asked of each host once it is locked; where it says no, nothing is changed anywhere.
    Ctrl-C sets `stop`, which takes back what was done and ends as interrupted; a second one leaves that to the hosts.
    """
    first = {name: release.id for name, release in empties.items()}
    parts = {one.host: Part(one, first.get(one.host, ""), serves=one.expected.running) for one in changes}
    work = Undertaking(sessions, parts, note, patience, stop or threading.Event(), agreed)
    waves = _waves(sessions.hosts, work.parts, one_wave=one_wave)
    return heeding_ctrl_c(lambda: _run(work, waves, empties, health), work.stop)


def _run(
    work: Undertaking, waves: Sequence[Sequence[str]], empties: Mapping[str, Release], health: Health | None
) -> Outcome:
    results = _prepare(work, empties)
    if results is None:
        results = _serve_all(work, waves, health)
    done = all(result.outcome is HostOutcome.APPLIED for result in results.values())
    results |= {
        name: HostResult(name, HostOutcome.SKIPPED, None, f"left out: {reason(error)}", error.hint)
        for name, error in work.sessions.skipped.items()
    }
    return Outcome(
        tuple(results[name] for name in work.sessions.hosts if name in results),
        dict(work.sessions.seconds),
        interrupted=work.stop.is_set() and not done,
    )


# ---- before anything that is served changes


def _prepare(work: Undertaking, empties: Mapping[str, Release]) -> _Results | None:
    """Lock, compare, stage and test everywhere. Results where a host said no: then nothing was changed."""

    def stage(session: HostSession, part: Part) -> None:
        if part.change.release is not None:
            empty = empties[part.host] if part.before.live is None else None
            session.stage(part.change.release, empty, part.change.common)

    names = tuple(work.parts)
    errors = {name: error for name, error in work.sessions.failed.items() if name in work.parts}
    if not errors:
        work.sessions.keep_alive()
        errors = _lock(work, names)
    if not errors:
        errors = work.each(Phase.STAGE, names, stage)
    if not errors and not work.stop.is_set():
        return None
    held = [name for name in names if name not in errors]
    work.sessions.each(Phase.ABORT, held, lambda session: session.abort())
    return {name: _refusal(part, errors.get(name)) for name, part in work.parts.items()}


def _lock(work: Undertaking, names: Sequence[str]) -> dict[str, NginxgenError]:
    """The locks of all hosts, or errors.

    Two operators who lock at the same time would each get some hosts, and refuse each other. So who has the first host,
    by name, tries again for the others, and who has not gives up and lets go.
    """
    begin = partial(_begin, work)
    errors = work.each(Phase.LOCK, names, begin)
    deadline = time.monotonic() + work.patience.locks
    while time.monotonic() < deadline:
        locked = [name for name, error in errors.items() if is_refused(error, "locked")]
        if not errors or min(names) in locked or len(locked) < len(errors):
            break
        work.stop.wait(work.patience.between)
        errors = work.each(Phase.LOCK, locked, begin)
    return errors


def _begin(work: Undertaking, session: HostSession, part: Part) -> None:
    state, expected = session.begin(work.note), part.change.expected
    part.serves = state.running
    if (state.live, state.running) != (expected.live, expected.running):
        raise HostRefused(
            session.name,
            "moved",
            f"it has moved: {state.live or 'nothing'} is live and {state.running or 'nothing'} runs, "
            f"the plan was made for {expected.live or 'nothing'} and {expected.running or 'nothing'}",
            hint="plan again",
        )
    if work.agreed is not None:
        work.agreed(session)
    part.before, part.previous = expected, state.previous


def _refusal(part: Part, error: NginxgenError | None) -> HostResult:
    if error is None or is_refused(error, "interrupted"):
        return part.result(HostOutcome.UNTOUCHED)
    outcome = HostOutcome.NEEDS_HUMAN if isinstance(error, NeedsHuman) else HostOutcome.REFUSED
    result = part.result(outcome, reason(error), error.hint)
    return replace(result, code=error.code) if isinstance(error, HostRefused) else result


# ---- trial, health and commit


def _serve_all(work: Undertaking, waves: Sequence[Sequence[str]], health: Health | None) -> _Results:
    for wave in waves:
        if work.stop.is_set() or not _serve(work, wave, health):
            return take_back(work)
    return {name: part.result(HostOutcome.APPLIED, part.warning) for name, part in work.parts.items()}


def _serve(work: Undertaking, wave: Sequence[str], health: Health | None) -> bool:
    """Whether all hosts of this wave have committed."""
    errors = work.each(Phase.TRIAL, wave, lambda session, part: session.trial(part.change.target, part.before))
    for name in wave:
        work.parts[name].answered(At.TRIAL, errors.get(name))
    if not errors and health is not None:
        hosts = work.sessions.hosts
        errors = work.each(Phase.HEALTH, wave, lambda session, part: health(session, hosts[part.host]))
        for name, error in errors.items():
            work.parts[name].error = error
    return not errors and not work.stop.is_set() and _commit(work, wave)


def _commit(work: Undertaking, wave: Sequence[str]) -> bool:
    def commit(session: HostSession, part: Part) -> None:
        part.decided = True
        part.warning = session.commit()

    errors = work.each(Phase.COMMIT, wave, commit)
    for name in wave:
        work.parts[name].answered(At.COMMITTED, errors.get(name))
    lost = [name for name in wave if work.parts[name].at is At.DOUBT]
    work.each(Phase.COMMIT, lost, partial(settle, work))
    return all(work.parts[name].at is At.COMMITTED for name in wave)


def _waves(hosts: Mapping[str, Host], names: Iterable[str], *, one_wave: bool) -> list[list[str]]:
    by_wave: dict[int, list[str]] = {}
    for name in names:
        by_wave.setdefault(0 if one_wave else hosts[name].wave, []).append(name)
    return [by_wave[wave] for wave in sorted(by_wave)]
