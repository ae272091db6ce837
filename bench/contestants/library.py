"""nginxgen as a library: the verbs of workflow/, in one process that has imported everything already."""

from __future__ import annotations

import secrets
from pathlib import Path

from bench.fleet import Spec
from nginxgen import inventory
from nginxgen.model.outcome import FleetOutcome, Outcome
from nginxgen.model.weight import Weight
from nginxgen.plan.intent import Request
from nginxgen.ports import Note
from nginxgen.workflow.apply import apply
from nginxgen.workflow.plan import Order
from nginxgen.workflow.revert import revert
from nginxgen.workflow.scope import Scope


class Library:
    """The full protocol: observe, plan, check, lock, stage, test, trial, watch, commit."""

    def __init__(self, spec: Spec) -> None:
        self._path = Path(spec.inventory)
        self.seconds: dict[str, float] = {}  # of the last step, by phase

    def change(self, weight: str) -> None:
        known = inventory.load(self._path)
        order = Order(known.services, Request(Weight.parse(weight)))
        self._took(apply(Scope(known.hosts()), order, _note("apply"), lambda _: True).outcome)

    def revert(self) -> None:
        known = inventory.load(self._path)
        self._took(revert(Scope(known.hosts()), None, _note("revert"), lambda _: True).outcome)

    def _took(self, outcome: Outcome) -> None:
        self.seconds = {str(name): spent for name, spent in outcome.seconds.items()}
        if outcome.fleet is not FleetOutcome.APPLIED:
            raise RuntimeError(f"{outcome.fleet}: {[host.message for host in outcome.hosts if host.message][:3]}")


def _note(verb: str) -> Note:
    return Note(verb, "bench@localhost", "benchmark", secrets.token_hex(6))
