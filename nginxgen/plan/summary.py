"""What changes, in sentences that an operator understands."""

from __future__ import annotations

from collections.abc import Iterator

from nginxgen.model.intent import EMPTY, Intent, ServiceIntent
from nginxgen.model.state import Drift, HostState
from nginxgen.model.weight import ZERO

NO_WORDS = "no change in weights; config text changes"
FIRST_TIME = "first time on this host: nginx.conf stays as it is, one loader file is added beside it"
_MENDED = {
    Drift.EDITED: "files were edited by hand on this host: the edit is undone",
    Drift.LOADER_MISSING: "the loader file is missing on this host: it is written again",
    Drift.LOADER_EDITED: "the loader file was edited by hand on this host: it is written again",
    Drift.OPEN_TRANSACTION: "an earlier change did not finish on this host: it is finished or undone first",
    Drift.MANIFEST_UNREADABLE: "the manifest on this host cannot be read: what was intended there is not known",
}


def sentences(old: Intent | None, new: Intent) -> tuple[str, ...]:
    """The way from one intent to another, services in the order of their names. `old` None: nothing is known."""
    before = EMPTY if old is None else old
    found: list[str] = []
    for name in sorted({*before.services, *new.services}):
        found += _service(name, before.services.get(name), new.services.get(name))
    return tuple(found)


def mended(state: HostState, release: str) -> tuple[str, ...]:
    """What is put right on a host besides what was asked for."""
    found = [_MENDED[drift] for drift in state.drift if drift in _MENDED]
    if state.live == release and Drift.NOT_RUNNING_LIVE in state.drift and Drift.OPEN_TRANSACTION not in state.drift:
        found.append(f"nginx runs {state.running or 'nothing of ours'} instead of {release}: it is reloaded")
    return tuple(found)


def _service(name: str, old: ServiceIntent | None, new: ServiceIntent | None) -> Iterator[str]:
    if new is None:
        yield f"service {name} is removed"
        return
    if old is None:
        yield f"service {name} is new: {_versions(new)}"
    else:
        yield from _version_changes(name, old, new)
    yield from _weight_changes(name, old, new)


def _versions(service: ServiceIntent) -> str:
    return f"stable {service.stable}" + (f", canary {service.canary}" if service.canary else "")


def _version_changes(name: str, old: ServiceIntent, new: ServiceIntent) -> Iterator[str]:
    if old.stable != new.stable:
        was_canary = ", which was the canary" if new.stable == old.canary else ""
        yield f"{name}: stable {old.stable} -> {new.stable}{was_canary}"
    if old.canary != new.canary:
        yield f"{name}: {_canary_change(old, new)}"
    elif old.canary_on != new.canary_on:
        on = {True: "on", False: "off"}
        at = f" (weights: {_weights(new)})" if new.canary_on else ", overrides too"
        yield f"{name}: canary {on[old.canary_on]} -> {on[new.canary_on]}{at}"


def _canary_change(old: ServiceIntent, new: ServiceIntent) -> str:
    if new.canary is None:
        return f"no canary any more, all requests go to {new.stable}"
    if old.canary is None:
        return f"canary {new.canary} is new, weights start at 0"
    return f"canary {old.canary} -> {new.canary}, weights start at 0"


def _weight_changes(name: str, old: ServiceIntent | None, new: ServiceIntent) -> Iterator[str]:
    same_canary = old is not None and old.canary == new.canary
    known = old.weights if old is not None and same_canary else {}
    for route, weight in new.weights.items():
        if same_canary and route not in known:
            yield f"{name}/{route}: route is new, weight {weight}"
        elif weight != known.get(route, ZERO):
            yield f"{name}/{route}: weight {known.get(route, ZERO)} -> {weight}"
    yield from (f"{name}/{route}: route is removed" for route in known if route not in new.weights and new.canary)


def _weights(service: ServiceIntent) -> str:
    return ", ".join(f"{route} {weight}" for route, weight in service.weights.items())
