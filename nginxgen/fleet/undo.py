"""The way back of a fleet change, and what became of hosts that were lost on either way."""

from __future__ import annotations

from functools import partial

from nginxgen.errors import NeedsHuman, NginxgenError
from nginxgen.fleet.doubt import find_out
from nginxgen.fleet.parts import UNTOUCHED, At, Part, Undertaking, is_refused, reason
from nginxgen.model.outcome import BACK, HostOutcome, HostResult
from nginxgen.model.plan import Expected
from nginxgen.model.progress import Phase
from nginxgen.model.state import HostState
from nginxgen.ports import HostSession, Restores


def take_back(work: Undertaking) -> dict[str, HostResult]:
    """Every host that was touched, back to its old release, all at once."""
    causes = [
        part.host
        for part in work.parts.values()
        if part.error is not None and not is_refused(part.error, "interrupted")
    ]
    because = f"{BACK}, because {', '.join(causes)} failed" if causes else f"{BACK}: interrupted"
    touched = [name for name, part in work.parts.items() if part.at not in UNTOUCHED]
    ended = work.sessions.each(Phase.ABORT, touched, partial(_bring_back, work, because))
    return {name: _ending(part, ended.get(name)) for name, part in work.parts.items()}


def settle(work: Undertaking, _: HostSession, part: Part) -> None:
    """A host that was lost in a commit has either done it or gone back."""
    try:
        _, state = _found_out(work, part)
    except NginxgenError as error:
        part.at, part.error = At.STUCK, error
        return
    if part.has_new(state):
        part.at, part.error = At.COMMITTED, None
    elif part.has_old(state):
        part.at = At.BACK


def _ending(part: Part, ended: HostResult | NginxgenError | None) -> HostResult:
    if isinstance(ended, HostResult):
        return ended
    if ended is not None:
        return part.result(HostOutcome.NEEDS_HUMAN, reason(ended), ended.hint)
    if part.error is not None and not is_refused(part.error, "interrupted"):
        return part.result(HostOutcome.REFUSED, reason(part.error), part.error.hint)
    return part.result(HostOutcome.UNTOUCHED)


def _bring_back(work: Undertaking, because: str, session: HostSession) -> HostResult:
    part = work.parts[session.name]
    message, hint = (because, None) if part.error is None else (reason(part.error), part.error.hint)
    if part.at is At.STUCK:
        return part.result(HostOutcome.NEEDS_HUMAN, message, hint)
    try:
        if part.at is At.DOUBT or not _went_back(session, part):
            _recover(work, part)
            message = f"{message}; it is back on its old release"
    except NginxgenError as error:
        return part.result(HostOutcome.NEEDS_HUMAN, f"{message}; and it is not back: {reason(error)}", error.hint)
    part.serves = part.before.running
    return part.result(HostOutcome.REVERTED, message, hint)


def _went_back(session: HostSession, part: Part) -> bool:
    """False where the host was lost over it, or did not do it. Raises NeedsHuman."""
    try:
        match part.at:
            case At.TRIAL:
                session.abort()
            case At.COMMITTED:
                _return(session, part)
    except NeedsHuman:
        part.serves = None
        raise
    except NginxgenError:
        return False
    return True


def _return(session: HostSession, part: Part) -> None:
    """A host that has committed goes back the way it came: by a trial of the old release."""
    session.trial(part.old, Expected(part.change.target, part.change.target), Restores(part.previous))
    session.commit()


def _recover(work: Undertaking, part: Part) -> None:
    """A host that was lost at work undoes by itself: go and see, rather than believe, and bring it back if not."""
    part.serves = None
    session, state = _found_out(work, part)
    if part.has_new(state):
        _return(session, part)
    elif not part.has_old(state):
        runs, boots = state.running or "nothing of ours", state.live or "nothing of ours"
        raise NeedsHuman(f"it runs {runs}, and a boot would serve {boots}", hint=_later(part))


def _found_out(work: Undertaking, part: Part) -> tuple[HostSession, HostState]:
    """What a host that was lost serves. Raises NeedsHuman."""
    try:
        session, state = find_out(work.sessions, part.host, work.note, work.patience)
    except NeedsHuman:
        raise
    except NginxgenError as error:
        raise NeedsHuman(f"what it serves is not known: {reason(error)}", hint=_later(part)) from error
    part.serves = state.running
    return session, state


def _later(part: Part) -> str:
    """What becomes of a host that nobody has an answer from, and what the next run does there first."""
    old = part.before.live or "nothing of ours"
    if part.decided:
        ends = f"ends it on {part.change.target} or on {old}, before anything else; a boot serves one of them"
    else:
        ends = f"brings {old} back before anything else, if it has not done so itself; a boot would serve {old}"
    return f"see to this host (nginxgen status --host {part.host}); the next apply, revert or emergency {ends}"
