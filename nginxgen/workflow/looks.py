"""What is to be measured now: the versions and weights that the hosts have, and the baselines that gates name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nginxgen.errors import InputError, Refused
from nginxgen.metrics import baselines
from nginxgen.model.draw import control_of
from nginxgen.model.gates import Base, Gate
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.samples import Tally, Window
from nginxgen.model.service import Service
from nginxgen.model.state import HostState
from nginxgen.model.weight import ZERO, Weight
from nginxgen.workflow.measure import Look


def live(service: Service, states: Mapping[str, HostState]) -> ServiceIntent:
    """What all hosts have of a service. Raises Refused where it is nowhere, or not the same everywhere."""
    found = [None if state.intent is None else state.intent.services.get(service.name) for state in states.values()]
    intents = [intent for intent in found if intent is not None]
    if not intents:
        raise Refused(f"service {service.name} is on no host", hint="nginxgen apply")
    if any((intent.stable, intent.canary) != (intents[0].stable, intents[0].canary) for intent in intents):
        raise Refused(
            f"the hosts have other versions of {service.name}", hint="one nginxgen apply brings them together"
        )
    known = [version.name for version in service.versions]
    for version in (intents[0].stable, intents[0].canary):
        if version is not None and version not in known:
            raise Refused(f"the hosts serve version {version} of {service.name}, which the inventory does not have")
    same = all(intent == intents[0] for intent in intents)
    return intents[0] if same else ServiceIntent(intents[0].stable, intents[0].canary, intents[0].canary_on)


def look(service: Service, intent: ServiceIntent, routes: Sequence[str], window: Window) -> Look:
    """Of these routes, or of all. Raises InputError for a route that is not there."""
    known = [route.name for route in service.routes]
    for name in routes:
        if name not in known:
            raise InputError(f'there is no route "{name}" in {service.name}', hint=did_you_mean(name, known))
    weights = {intent.weights.get(name) for name in routes or known}
    weight = weights.pop() if len(weights) == 1 and intent.canary_on else None
    canary = intent.canary if intent.canary_on else None
    control = canary is not None and has_control(service, (intent.weights.get(name, ZERO) for name in routes or known))
    return Look(service, window, intent.stable, canary, tuple(routes), weight, control=control)


def has_control(service: Service, weights: Iterable[Weight]) -> bool:
    """Whether some clients of stable are drawn to be compared with the canary: at 0 and 100 % there is no draw."""
    return service.sticky is not None and service.sticky.control and any(control_of(one) > ZERO for one in weights)


def named_baselines(folder: Path, gates: Sequence[Gate], service: str, routes: Sequence[str]) -> Mapping[str, Tally]:
    """Those that the gates compare with. Raises InputError where one is missing."""
    thresholds = [threshold for gate in gates for threshold in (gate.attention, gate.rollback) if threshold is not None]
    wanted = dict.fromkeys(threshold.name for threshold in thresholds if threshold.base is Base.BASELINE)
    return {name: baselines.load(folder, name, service).of(routes) for name in wanted}


def saved(
    folder: Path, gates: Sequence[Gate], service: str, routes: Sequence[str]
) -> tuple[Mapping[str, Tally], tuple[str, ...]]:
    """The baselines that the gates name, and why the others can't be had: their gates are an ERROR, the rest count."""
    found: dict[str, Tally] = {}
    notes = []
    for gate in gates:
        try:
            found |= named_baselines(folder, (gate,), service, routes)
        except InputError as error:
            notes.append(error.message)
    return found, tuple(dict.fromkeys(notes))
