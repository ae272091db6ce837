"""The way back: which release each host returns to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.errors import HostRefused, NginxgenError, Refused, SeveralRefused
from nginxgen.model.intent import Intent
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.plan import Action, HostPlan
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.plan.build import expected, serves
from nginxgen.plan.summary import NO_WORDS, mended, sentences
from nginxgen.plan.words import counted

_NO_PREVIOUS = "has no previous release to go back to"
_SHORTEST = 4  # digits of an abbreviated release id


@dataclass(frozen=True, slots=True)
class Return:
    """Where one host returns to, and what was intended then (None: its manifest cannot be read)."""

    host: str
    release: str
    intent: Intent | None


def previous(states: Mapping[str, HostState]) -> tuple[Return, ...]:
    """Each host to the release that was live before. Raises SeveralRefused naming the hosts that have none."""
    without = [HostRefused(host, "no-previous", _NO_PREVIOUS) for host, state in states.items() if not state.previous]
    if without:
        raise SeveralRefused(without)
    return tuple(
        Return(host, state.previous, state.previous_intent) for host, state in states.items() if state.previous
    )


def find(
    wanted: str, states: Mapping[str, HostState], journals: Mapping[str, Sequence[JournalEntry]]
) -> Mapping[str, str]:
    """The release `wanted` (an id or its beginning) on each host.

    Hosts that differ (in an address, say) have releases of their own, with other ids: there it is the release which
    the same fleet change brought. Raises Refused.
    """
    kept = {release for state in states.values() for release in state.releases}
    found = [release for release in kept if release.startswith(wanted)] if len(wanted) >= _SHORTEST else []
    if len(found) != 1:
        why = "is not kept on any of these hosts" if not found else f"is the beginning of {counted(len(found), 'id')}"
        raise Refused(f'release "{wanted}" {why}', hint=did_you_mean(wanted, sorted(kept)))
    release = found[0]
    changes = {
        entry.txn for entries in journals.values() for entry in entries if entry.txn and _brought(entry, release)
    }
    targets = {host: _on_host(release, state, journals.get(host, ()), changes) for host, state in states.items()}
    missing: list[NginxgenError] = [
        HostRefused(host, "no-such-release", f"does not keep release {release}, nor one of the same change")
        for host, target in targets.items()
        if target is None
    ]
    if missing:
        raise SeveralRefused(missing)
    return {host: target for host, target in targets.items() if target is not None}


def _brought(entry: JournalEntry, release: str) -> bool:
    return entry.result == "committed" and entry.to_release == release


def _on_host(release: str, state: HostState, journal: Sequence[JournalEntry], changes: set[str]) -> str | None:
    if release in state.releases:
        return release
    of_same_change = [entry.to_release for entry in journal if entry.txn in changes and entry.result == "committed"]
    return next((other for other in reversed(of_same_change) if other in state.releases), None)


def revert(states: Mapping[str, HostState], returns: Sequence[Return], *, force: bool = False) -> tuple[HostPlan, ...]:
    """What changes on each host. Raises Refused where the hosts would not end up with one intent, unless forced."""
    if not force:
        _refuse_mixture(returns)
    return tuple(_host_plan(states[target.host], target) for target in returns)


def _refuse_mixture(returns: Sequence[Return]) -> None:
    sides: dict[str, list[str]] = {}
    for target in returns:
        sides.setdefault(describe(target.intent), []).append(target.host)
    if len(sides) > 1:
        raise Refused(
            "the hosts would return to different things: "
            + "; ".join(f"{', '.join(hosts)} to {side}" for side, hosts in sides.items()),
            hint="name one release with --to, or the hosts with --host, or take them back all the same with --force",
        )


def describe(intent: Intent | None) -> str:
    """An intent in a line: `shop v1, canary v2 at default 10`."""
    if intent is None:
        return "a release whose manifest cannot be read"
    services = []
    for name, service in sorted(intent.services.items()):
        weights = ", ".join(f"{route} {weight}" for route, weight in service.weights.items())
        canary = f", canary {service.canary} " + (f"at {weights}" if service.canary_on else "off")
        services.append(f"{name} {service.stable}" + (canary if service.canary else ""))
    return "; ".join(services) or "no service"


def _host_plan(state: HostState, target: Return) -> HostPlan:
    if serves(state, target.release):
        return HostPlan(target.host, Action.NONE, expected(state), target.release, (), "")
    known = state.intent is not None and target.intent is not None
    changes = sentences(state.intent, target.intent) if known and target.intent is not None else ()
    summary = (*changes, *mended(state, target.release)) or (NO_WORDS,)
    return HostPlan(target.host, Action.CHANGE, expected(state), target.release, summary, "")
