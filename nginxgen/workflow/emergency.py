"""emergency: canary off on every host that can be reached, at once, each host by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from nginxgen.errors import NginxgenError
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.sessions import AT_ONCE
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.outcome import HostOutcome, HostResult, Outcome
from nginxgen.model.plan import Change
from nginxgen.model.release import Release
from nginxgen.plan.emergency import emergency as decide
from nginxgen.plan.words import joined
from nginxgen.ports import Note
from nginxgen.workflow.carry import first_times
from nginxgen.workflow.scope import Scope, Work

_LEFT = "it may still send requests to the canary: run nginxgen emergency again when that is mended"
_MEASURED = frozenset({"connect", "observe", "switch"})  # wall time of all hosts; inside the switch they overlap
_WHY = "every canary off, overrides too"
_WELL = frozenset({HostOutcome.APPLIED, HostOutcome.UNCHANGED})


def emergency(scope: Scope, note: Note) -> Outcome:
    """Unlike every other change not all or none: no host waits for another, none is taken back for another's sake.

    A host that could not be switched is NEEDS_HUMAN whatever the reason, for it may still serve the canary.
    """
    note = note if note.why else replace(note, why=_WHY)
    with scope.work() as work:
        states = work.sessions.observe()
        decided = [decide(name, states[name]) for name in scope.names if name in states]
        results = [step for step in decided if isinstance(step, HostResult)]
        with work.watch.phase("switch"):
            results += _each_alone(work, [step for step in decided if isinstance(step, Change)], note)
        failed = work.sessions.failed
        results += [_lost(name, error) for name, error in failed.items() if name not in _named(results)]
        seconds = {name: spent for name, spent in work.seconds.items() if name in _MEASURED}
    by_name = {result.host: result for result in results}
    return Outcome(tuple(by_name[name] for name in scope.names), seconds)


def _each_alone(work: Work, changes: Sequence[Change], note: Note) -> list[HostResult]:
    """One transaction a host, all at the same time."""
    if not changes:
        return []
    empties = first_times(work.scope.hosts, changes)
    work.sessions.keep_alive()
    crew = Crew(AT_ONCE)
    try:
        jobs = [crew.submit(partial(_alone, work, change, empties, note)) for change in changes]
        return [_result(result) for job in jobs for result in job.result().hosts]
    finally:
        crew.dismiss()


def _alone(work: Work, change: Change, empties: Mapping[str, Release], note: Note) -> Outcome:
    return carry_out(work.sessions, (change,), empties, note, one_wave=True)


def _named(results: Sequence[HostResult]) -> frozenset[str]:
    return frozenset(result.host for result in results)


def _result(result: HostResult) -> HostResult:
    if result.outcome in _WELL:
        return result
    return replace(result, outcome=HostOutcome.NEEDS_HUMAN, hint=joined(result.hint, _LEFT))


def _lost(name: str, error: NginxgenError) -> HostResult:
    reason = error.message.removeprefix(f"{name}: ")
    return HostResult(name, HostOutcome.NEEDS_HUMAN, None, reason, joined(error.hint, _LEFT))
