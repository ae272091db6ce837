"""A plan from what each host has and what it should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nginxgen.model.plan import Action, Expected, HostPlan, Plan
from nginxgen.model.release import File, Release
from nginxgen.model.state import Drift, HostState
from nginxgen.plan.diff import diff
from nginxgen.plan.summary import FIRST_TIME, NO_WORDS, mended, sentences

# Drift that an apply of the same release puts right. A stopped nginx or a replaced binary it cannot.
_MENDABLE = frozenset(
    {
        Drift.EDITED,
        Drift.LOADER_MISSING,
        Drift.LOADER_EDITED,
        Drift.NOT_RUNNING_LIVE,
        Drift.OPEN_TRANSACTION,
        Drift.MANIFEST_UNREADABLE,
    }
)


_LARGE = 64 << 10  # characters; they travel as a sixth or less


@dataclass(frozen=True, slots=True)
class Target:
    """One host: what it says of itself, the files of its live release as they are there, what it should have."""

    host: str
    state: HostState
    release: Release
    files: tuple[File, ...] = ()


def serves(state: HostState, release: str) -> bool:
    """Is there nothing left to do for the host to serve this release, on disk and in memory?"""
    return state.live == release and not _MENDABLE & set(state.drift)


def action(state: HostState, release: Release) -> Action:
    if state.live is None:
        return Action.FIRST
    return Action.NONE if serves(state, release.id) else Action.CHANGE


def needs_files(state: HostState, release: Release) -> bool:
    """Is there something on the host to compare with? Reading costs a round trip."""
    return action(state, release) is Action.CHANGE and state.live is not None


def expected(state: HostState) -> Expected:
    """What the host has once it has recovered, which it does before it compares."""
    open_transaction = Drift.OPEN_TRANSACTION in state.drift
    return Expected(state.live, state.live if open_transaction else state.running)


def build(targets: Sequence[Target]) -> Plan:
    hosts = tuple(_host_plan(target) for target in targets)
    return Plan(hosts, {target.release.id: target.release for target in targets}, _common(targets))


def _common(targets: Sequence[Target]) -> Mapping[str, frozenset[str]]:
    """Of large releases, the files that the live one has alike, by host. To look into a small one costs more."""
    known: dict[tuple[str | None, str], frozenset[str]] = {}
    found = {}
    for target in targets:
        pair = (target.state.live, target.release.id)
        if not target.files or Drift.EDITED in target.state.drift:
            continue
        if pair not in known:
            known[pair] = _alike(target.files, target.release)
        if known[pair]:
            found[target.host] = known[pair]
    return found


def _alike(old: Sequence[File], new: Release) -> frozenset[str]:
    if sum(len(file.text) for file in new.files) <= _LARGE:
        return frozenset()
    before = {file.name: file.text for file in old}
    return frozenset(file.name for file in new.files if before.get(file.name) == file.text)


def _host_plan(target: Target) -> HostPlan:
    act = action(target.state, target.release)
    summary = () if act is Action.NONE else _summary(target, act)
    text = "" if act is Action.NONE else diff(target.state.live, target.files, target.release)
    return HostPlan(
        target.host, act, expected(target.state), target.release.id, summary, text, unsafe(target.state, target.release)
    )


def _summary(target: Target, act: Action) -> tuple[str, ...]:
    known = target.state.intent is not None or act is Action.FIRST
    changes = sentences(target.state.intent, target.release.intent) if known else ()
    first = (FIRST_TIME,) if act is Action.FIRST else ()
    return (*first, *changes, *mended(target.state, target.release.id)) or (NO_WORDS,)


def unsafe(state: HostState, release: Release) -> tuple[str, ...]:
    """Why carrying this out needs --force: a service that is served now would be gone."""
    live = () if state.intent is None else state.intent.services
    return tuple(f"service {name} is removed" for name in sorted(live) if name not in release.intent.services)
