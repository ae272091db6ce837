"""A plan, carried out: the fleet transaction for the hosts that change, and a result for every host.

It stands apart from apply because revert needs it as well, and neither renders nor checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nginxgen.fleet.parts import Agreed
from nginxgen.fleet.transaction import Health, carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome, HostResult, Outcome
from nginxgen.model.plan import Action, Change, HostPlan
from nginxgen.model.release import Release
from nginxgen.plan.why import why
from nginxgen.ports import Note
from nginxgen.workflow.scope import Work


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was planned and carried out."""

    hosts: tuple[HostPlan, ...]  # what was planned
    outcome: Outcome  # what came of it


def carried_out(
    work: Work,
    hosts: tuple[HostPlan, ...],
    changes: tuple[Change, ...],
    note: Note,
    *,
    one_wave: bool = False,
    well: Health | None = None,
    agreed: Agreed | None = None,
) -> Outcome:
    """The fleet transaction for the hosts that change; the others are reported as they are.

    A note without a reason gets the plan's own words. `well` is asked of each host between its trial and its commit,
    `agreed` once it is locked.
    """
    note = note if note.why else replace(note, why=why(hosts))
    empties = first_times(work.scope.hosts, changes)
    outcome = Outcome(())
    if changes:
        outcome = carry_out(work.sessions, changes, empties, note, one_wave=one_wave, health=well, agreed=agreed)
    same = (
        HostResult(host.host, HostOutcome.UNCHANGED, host.release, "up to date")
        for host in hosts
        if host.action is Action.NONE
    )
    left_out = (
        HostResult(name, HostOutcome.SKIPPED, None, f"left out: {error.message.removeprefix(f'{name}: ')}", error.hint)
        for name, error in work.sessions.skipped.items()
    )
    results = {result.host: result for result in (*same, *left_out, *outcome.hosts)}
    ordered = tuple(results[name] for name in work.scope.names if name in results)
    return replace(outcome, hosts=ordered, seconds=work.seconds)


def first_times(hosts: Sequence[Host], changes: Sequence[Change]) -> Mapping[str, Release]:
    """The release without services, for each host that has nothing yet."""
    new = {change.host for change in changes if change.expected.live is None}
    if not new:
        return {}
    from nginxgen import render  # noqa: PLC0415  (jinja2 costs 26 ms, and most changes are nobody's first)

    return {host.name: render.empty(host) for host in hosts if host.name in new}
