"""A rollout over a fleet in memory: a clock that is turned by hand, and a judge that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import makers
from memory_fleet import MemoryFleet

from nginxgen.gates import grammar
from nginxgen.model.record import Happening
from nginxgen.model.rollout import NEVER, WATCHES, Entry, RolloutPlan, Standing, Step
from nginxgen.model.service import Route
from nginxgen.model.verdict import GateResult, Outcome, Verdict
from nginxgen.model.weight import Weight
from nginxgen.rollout.fold import entries, fold
from nginxgen.workflow.rollout.hands import start
from nginxgen.workflow.rollout.rolling import Judged, Rolling
from nginxgen.workflow.rollout.tick import Told, tick
from nginxgen.workflow.scope import Scope

NOON = 1_900_000_000.0  # later than what hosts in memory write into their journals
HOUR = 3_600.0
GATE = grammar.gate("error_rate", "< 1%")


def verdict(outcome: Outcome, why: str = "as told") -> Verdict:
    return Verdict((GateResult(GATE, outcome, why),))


def steps(*weights: float, **fields: object) -> tuple[Step, ...]:
    """An hour each, at most three."""
    made = [Step(Weight(round(w * 100)), HOUR, (GATE,), max_bake=3 * HOUR, watch=WATCHES["critical"]) for w in weights]
    return tuple(replace(one, **fields) for one in made)  # type: ignore[arg-type]  # fields of Step, by name


def plan(*weights: float, **fields: object) -> RolloutPlan:
    made = RolloutPlan("shop", "", ("default",), steps(*(weights or (1, 10, 100))))
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of RolloutPlan, by name


@dataclass
class Lab:
    """`go()` looks once, `go(HOUR)` turns the clock first."""

    plan: RolloutPlan = field(default_factory=plan)
    fleet: MemoryFleet = field(default_factory=MemoryFleet)
    now: float = NOON
    outcome: Outcome = Outcome.PASS
    hooks: list[str] = field(default_factory=list)
    trouble: str = ""  # what the next hooks say
    tokens: int = 0
    routes: tuple[Route, ...] = (Route("default"),)

    def rolling(self, who: str = "me@here") -> Rolling:
        service = replace(makers.service(routes=self.routes), rollouts=(self.plan,))
        scope = Scope(self.fleet.inventory_hosts(), self.fleet.connect)
        return Rolling(scope, (service,), self._judge, who, clock=lambda: self.now, hook=self._hook, token=self._token)

    def begin(self) -> None:
        start(self.rolling(), (self.plan,), "")

    def go(self, seconds: float = 0.0, who: str = "me@here") -> Told:
        self.now += seconds
        return tick(self.rolling(who), self.plan)

    def entries(self) -> tuple[Entry, ...]:
        journals = {name: tuple(host.entries) for name, host in self.fleet.hosts.items()}
        return entries(journals).get((self.plan.service, self.plan.group), ())

    def standing(self) -> Standing:
        return fold(self.entries()) if self.entries() else NEVER

    def story(self) -> Sequence[str]:
        """What happened, in words: `stepped 1`."""
        return [
            f"{entry.what} {entry.weight:g}" if entry.what is Happening.STEPPED else str(entry.what)
            for entry in self.entries()
        ]

    def _judge(self, *_: object) -> Judged:
        return Judged(verdict(self.outcome))

    def _hook(self, command: str, told: object) -> str:
        self.hooks.append(command)
        return self.trouble

    def _token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:012x}"
