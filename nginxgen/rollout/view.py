"""What the hosts have, against what a rollout has left there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nginxgen.model.intent import ServiceIntent
from nginxgen.model.rollout import NOT_BEGUN, Entry, Fleet, Phase, RolloutPlan, Standing, View
from nginxgen.model.state import Drift, HostState
from nginxgen.model.weight import ZERO, Weight
from nginxgen.rollout.fold import CHANGES

# An open transaction is an apply under way or cut off; a newer nginx on the disk changes nothing that is served.
_NO_DRIFT = frozenset({Drift.OPEN_TRANSACTION, Drift.BINARY_REPLACED})


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the hosts say."""

    states: Mapping[str, HostState]  # of those that answer
    known: Mapping[str, Collection[int]]  # the numbers of this rollout's entries that each of them has
    away: Mapping[str, str]  # why the others do not


def view(plan: RolloutPlan, standing: Standing, entries: Sequence[Entry], hosts: Hosts) -> View:
    if hosts.away:
        return View(Fleet.AWAY, "; ".join(hosts.away.values()))
    drifted = {host: _drift(state) for host, state in hosts.states.items() if _drift(state)}
    if drifted:
        return View(Fleet.DRIFTED, "; ".join(f"{host}: {detail}" for host, detail in drifted.items()))
    if _all_promoted(plan, standing, hosts.states):
        return View(Fleet.PROMOTED)
    last = max((entry.sequence for entry in entries if entry.what in CHANGES), default=0)
    return _against(plan, standing, hosts, last)


def _against(plan: RolloutPlan, standing: Standing, hosts: Hosts, last: int) -> View:
    """`last`: the number of the last entry that changed the fleet."""
    behind, foreign = [], []
    for host, state in hosts.states.items():
        told = _difference(plan, standing, state)
        if Drift.OPEN_TRANSACTION in state.drift:
            behind.append(f"{host}: a change was cut off")
        elif told and last not in hosts.known.get(host, ()):
            behind.append(f"{host} {told}")
        elif told:
            foreign.append(f"{host} {told}")
    if foreign and standing.phase is not Phase.ABORTED:
        return View(Fleet.FOREIGN, "; ".join(foreign))
    if behind and standing.step != NOT_BEGUN:
        return View(Fleet.BEHIND, "; ".join(behind))
    return View()


def _difference(plan: RolloutPlan, standing: Standing, state: HostState) -> str:
    """How a host differs from what the rollout has left there; empty where it does not."""
    if standing.step == NOT_BEGUN:
        return ""
    service = state.intent.services.get(plan.service) if state.intent is not None else None
    if service is None:
        return f"does not serve {plan.service}"
    if (service.stable, service.canary) != (standing.stable, standing.canary):
        return f"has stable {service.stable} and canary {service.canary}"
    gone = standing.phase is Phase.ABORTED
    if not service.canary_on:
        return "" if gone else "has the canary off"
    wanted = ZERO if gone else standing.weight
    return _weights(plan, service, wanted)


def _weights(plan: RolloutPlan, service: ServiceIntent, wanted: Weight) -> str:
    other = {
        route: service.weights.get(route, ZERO) for route in plan.routes if service.weights.get(route, ZERO) != wanted
    }
    return ", ".join(f"has {route} at {weight} %, not {wanted} %" for route, weight in other.items())


def _all_promoted(plan: RolloutPlan, standing: Standing, states: Mapping[str, HostState]) -> bool:
    found = [state.intent.services.get(plan.service) if state.intent else None for state in states.values()]
    return bool(found) and bool(standing.canary) and all(one and one.stable == standing.canary for one in found)


def _drift(state: HostState) -> str:
    if Drift.OPEN_TRANSACTION in state.drift:
        return ""  # what else differs is of that
    return ", ".join(detail for code, detail in zip(state.drift, state.details, strict=False) if code not in _NO_DRIFT)
