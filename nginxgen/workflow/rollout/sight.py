"""What the hosts say of rollouts, read at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginxgen.errors import HostRefused
from nginxgen.fleet.parts import Agreed
from nginxgen.model.rollout import NEVER, Entry, RolloutPlan, Standing, View
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.ports import HostSession
from nginxgen.rollout.fold import Key, entries, fold, on_host
from nginxgen.rollout.view import Hosts, view
from nginxgen.workflow.scope import Work

_LINES = 600  # of each journal that tell of rollouts: months of them


@dataclass(frozen=True, slots=True)
class Sight:
    """States and journals of the hosts that answer, and why the others do not."""

    states: Mapping[str, HostState]
    journals: Mapping[str, tuple[JournalEntry, ...]]
    away: Mapping[str, str]
    found: Mapping[Key, tuple[Entry, ...]]

    def entries(self, plan: RolloutPlan) -> tuple[Entry, ...]:
        return self.found.get((plan.service, plan.group), ())

    def standing(self, plan: RolloutPlan) -> Standing:
        found = self.entries(plan)
        return fold(found) if found else NEVER

    def parent(self, service: str, group: str) -> Standing:
        return fold(self.found.get((service, group), ()))

    def view(self, plan: RolloutPlan) -> View:
        standing = self.standing(plan)
        known = {
            host: {entry.sequence for entry in on_host(journal) if entry.rollout == standing.rollout}
            for host, journal in self.journals.items()
        }
        return view(plan, standing, self.entries(plan), Hosts(self.states, known, self.away))

    def agreed(self) -> Agreed:
        """Under a host's lock: does its journal still say what was decided upon?"""

        def ask(session: HostSession) -> None:
            if session.notes(1) != self.journals.get(session.name, ())[-1:]:
                message = "somebody else has gone on with a rollout here"
                raise HostRefused(session.name, "moved", message, hint="look again: nginxgen rollout status")

        return ask


def sight(work: Work) -> Sight:
    """Hosts that do not answer are named, and hinder nobody from reading."""
    sessions = work.sessions
    states = sessions.observe()
    journals = sessions.notes(_LINES)
    away = {name: error.message for name, error in sessions.failed.items()}
    present = {name: state for name, state in states.items() if name in journals}
    return Sight(present, journals, away, entries(journals))
