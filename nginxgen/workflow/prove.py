"""prove: the rendered config, tried in a private nginx on this machine. No host is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nginxgen.check import find_nginx
from nginxgen.errors import Finding, InvalidInput, Refused
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.plan import Plan
from nginxgen.model.service import Service
from nginxgen.plan.intent import Request
from nginxgen.prove import Outcome, Proof, Setting, prove
from nginxgen.render import render
from nginxgen.workflow.check import intents
from nginxgen.workflow.releases import sound


@dataclass(frozen=True, slots=True)
class Table:
    """What was proved of one intent."""

    says: str  # which: "weight 10"
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """What requests have shown."""

    nginx: str  # the binary that was asked
    tables: tuple[Table, ...]

    @property
    def holds(self) -> bool:
        """Something was proved, and nothing failed: no data is not success."""
        outcomes = {proof.outcome for table in self.tables for proof in table.proofs}
        return Outcome.PROVED in outcomes and Outcome.FAILED not in outcomes

    @property
    def requests(self) -> int:
        return sum(proof.requests for table in self.tables for proof in table.proofs)

    def raise_failed(self) -> None:
        """Raise InvalidInput with every claim that does not hold."""
        if not self.holds:
            raise InvalidInput(tuple(self._findings()) or (Finding("prove", "nothing could be proved"),))

    def _findings(self) -> Iterable[Finding]:
        for table in self.tables:
            for proof in table.proofs:
                if proof.outcome is Outcome.FAILED:
                    yield Finding(
                        "prove", f"{proof.service}, {table.says}: not so: {proof.says}: {'; '.join(proof.found)}"
                    )


def prove_request(
    host: Host, services: Sequence[Service], request: Request, templates: Path | None, only: Sequence[str] = ()
) -> Proved:
    """At the weight asked for; without one, at weights that bring out every form of the config.

    `only`: of these services. Raises InputError, InvalidInput where the config has errors, Refused without nginx.
    """
    found = tuple(intents(services, request))
    for intent in found:
        sound([host], services, intent, templates)
    chosen = tuple(service for service in services if not only or service.name in only)
    return prove_intents(host, chosen, found, templates)


def prove_plan(host: Host, services: Sequence[Service], plan: Plan, templates: Path | None) -> Proved:
    """What a plan would bring to the hosts. Raises as `prove_intents`."""
    asked = [release.intent for release in plan.releases.values()]
    distinct = (intent for at, intent in enumerate(asked) if intent not in asked[:at])
    return prove_intents(host, services, distinct, templates)


def prove_intents(host: Host, services: Sequence[Service], found: Iterable[Intent], templates: Path | None) -> Proved:
    """Raises Refused where there is no nginx on this machine, or it does not answer."""
    nginx = find_nginx()
    if nginx is None:
        raise Refused("there is no nginx on this machine to prove it with", hint="on Debian: apt-get install nginx")
    again = partial(render, templates=templates)
    tables = (Table(_says(intent), prove(Setting(tuple(services), intent, host, again, nginx))) for intent in found)
    return Proved(nginx, tuple(tables))


def _says(intent: Intent) -> str:
    weights = {str(weight) for one in intent.services.values() if one.canary_on for weight in one.weights.values()}
    return f"weight {' and '.join(sorted(weights, key=float))}" if weights else "without a canary"
