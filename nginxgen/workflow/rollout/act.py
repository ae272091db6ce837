"""Carry a decision out: one change of the fleet with its line in the journals, or the line alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nginxgen.errors import HostRefused, NginxgenError, Refused, SeveralRefused
from nginxgen.fleet.noting import write_down
from nginxgen.model.outcome import FleetOutcome, HostOutcome, Outcome
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NOT_BEGUN, Entry, RolloutPlan, Standing, WayOut
from nginxgen.model.weight import ZERO, Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.rollout.entries import written
from nginxgen.smoke.health import health
from nginxgen.workflow.carry import carried_out
from nginxgen.workflow.emergency import emergency
from nginxgen.workflow.plan import Order, against
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import Sight
from nginxgen.workflow.scope import Work

_LONGEST = 900  # characters of a sentence in a journal
_ELSEWHERE = frozenset({"locked", "moved", "interrupted"})  # codes of hosts that somebody else has, or had


class Busy(Refused):
    """Somebody else is at work on the fleet, or was since we looked: look again, and decide again."""


class NotCarriedOut(Refused):
    """A change of the fleet failed; every host is back where it was, or is named."""

    def __init__(self, outcome: Outcome) -> None:
        causes = [f"{host.host}: {host.message}" for host in outcome.hosts if host.outcome in _FAILED]
        super().__init__("; ".join(causes) or "interrupted", hint="nginxgen status shows the fleet")
        self.outcome = outcome
        self.exit = outcome.exit


_FAILED = frozenset({HostOutcome.REFUSED, HostOutcome.REVERTED, HostOutcome.NEEDS_HUMAN})


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do for one rollout, with everything that the doing needs."""

    rolling: Rolling
    plan: RolloutPlan
    standing: Standing  # as it was decided upon
    sight: Sight

    def entry(self, what: Happening, text: str, *, summary: str = "", **more: object) -> Entry:
        """The next entry of this rollout. `more`: its fields that are not as the standing has them."""
        standing, now = self.standing, self.rolling.clock()
        made = Entry(
            rollout=standing.rollout,
            sequence=standing.sequence + 1,
            service=self.plan.service,
            group=self.plan.group,
            what=what,
            at=now,
            who=self.rolling.who,
            text=text[:_LONGEST],
            step=standing.step,
            weight=float(standing.weight.percent),
            canary=standing.canary,
            stable=standing.stable,
            routes=self.plan.routes,
            time_scale=standing.time_scale,
            summary=summary,
        )
        return replace(made, **more)  # type: ignore[arg-type]  # fields of Entry, by name


def say(work: Work, deed: Deed, *entries: Entry) -> None:
    """Lines alone. Raises Busy."""
    notes = [_note(deed, entry) for entry in entries]
    try:
        write_down(work.sessions, notes, deed.sight.agreed())
    except SeveralRefused as refused:
        raise _busy_or(refused) from refused


def serve(work: Work, deed: Deed, entry: Entry) -> Outcome:
    """The weight of the entry's step on every host. Raises Busy or NotCarriedOut."""
    weight = Weight(round(entry.weight * 100))
    request = Request(weight, (deed.plan.service,), deed.plan.routes)
    return _carry(work, deed, entry, Order(deed.rolling.services, request, deed.rolling.templates))


def go_back(work: Work, deed: Deed, entry: Entry, way: WayOut) -> Outcome:
    """Weight 0, or the canary off. Where the hosts cannot go together, each goes by itself, and then the canary is off.

    Raises Busy or NotCarriedOut.
    """
    if deed.standing.step == NOT_BEGUN:
        say(work, deed, entry)
        return Outcome(())
    if way is WayOut.EMERGENCY:
        entry = replace(entry, what=Happening.EMERGENCY)
        order = Order(deed.rolling.services, Request(), deed.rolling.templates, off=(deed.plan.service,))
    else:
        request = Request(ZERO, (deed.plan.service,), deed.plan.routes)
        order = Order(deed.rolling.services, request, deed.rolling.templates)
    if not deed.sight.away:
        try:
            return _carry(work, deed, entry, order, one_wave=True)
        except Busy:
            raise
        except NginxgenError:
            pass  # users suffer meanwhile: whoever can, goes
    return _each_alone(deed, replace(entry, what=Happening.EMERGENCY))


def _each_alone(deed: Deed, entry: Entry) -> Outcome:
    """Every canary of the fleet off, on every host that can."""
    outcome = emergency(deed.rolling.scope, _note(deed, entry))
    if not any(host.outcome is HostOutcome.APPLIED for host in outcome.hosts):
        raise NotCarriedOut(outcome)
    return outcome


def _carry(work: Work, deed: Deed, entry: Entry, order: Order, *, one_wave: bool = False) -> Outcome:
    try:
        planned = against(work, order)
    except SeveralRefused as refused:
        raise _busy_or(refused) from refused
    if planned.unsafe:
        raise Refused(f"not by a rollout: {'; '.join(planned.unsafe)}", hint="nginxgen plan shows it")
    if not planned.changed:
        say(work, deed, entry)
        return Outcome(())
    outcome = carried_out(
        work,
        planned.hosts,
        planned.changes(),
        _note(deed, entry),
        one_wave=one_wave,
        well=None if one_wave else health(order.services),
        agreed=deed.sight.agreed(),
    )
    if outcome.fleet in (FleetOutcome.APPLIED, FleetOutcome.UNCHANGED) and not outcome.interrupted:
        return outcome
    if outcome.interrupted:
        raise KeyboardInterrupt
    if any(host.code in _ELSEWHERE for host in outcome.hosts if host.outcome is HostOutcome.REFUSED):
        raise Busy("; ".join(f"{host.host}: {host.message}" for host in outcome.hosts if host.code in _ELSEWHERE))
    raise NotCarriedOut(outcome)


def _busy_or(refused: SeveralRefused) -> NginxgenError:
    busy = [one for one in refused.causes if isinstance(one, HostRefused) and one.code in _ELSEWHERE]
    return Busy("; ".join(one.message for one in busy)) if busy else refused


def _note(deed: Deed, entry: Entry) -> Note:
    return Note("rollout", deed.rolling.who, entry.text, deed.rolling.token(), written(entry))
