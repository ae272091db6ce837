"""How a change of the fleet ended, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from nginxgen.commands.alike import Said, together
from nginxgen.commands.boundary import show
from nginxgen.commands.output import complain, emit, emit_json, table, width
from nginxgen.errors import Exit, Finding, HostFailed, HostLost, HostRefused, NeedsHuman, NginxgenError, SeveralRefused
from nginxgen.model.outcome import BACK, FleetOutcome, HostOutcome, HostResult, Outcome
from nginxgen.model.plan import Action, HostPlan
from nginxgen.plan.words import counted

_FAILED = frozenset({HostOutcome.REFUSED, HostOutcome.REVERTED, HostOutcome.NEEDS_HUMAN})
_HEADLINES = {
    FleetOutcome.REFUSED: "refused, and no host was changed",
    FleetOutcome.REVERTED: "undone: every host that was touched is back on its old release",
    FleetOutcome.NEEDS_HUMAN: "a host needs a human",
}
_WORDS = {
    HostOutcome.APPLIED: "changed",
    HostOutcome.UNCHANGED: "up to date",
    HostOutcome.SKIPPED: "left out",
    HostOutcome.NEEDS_HUMAN: "in need of a human",
}
_SHOWN = 0.05  # seconds; a shorter phase would be shown as 0.0
_OUTCOMES = {
    Exit.UNDONE: FleetOutcome.REVERTED,
    Exit.NEEDS_HUMAN: FleetOutcome.NEEDS_HUMAN,
}


def report(outcome: Outcome, hosts: Sequence[HostPlan] = (), *, as_json: bool) -> None:
    """Print how it ended, and leave with its exit code where that is not 0."""
    if as_json:
        emit_json(_document(outcome, hosts))
    else:
        emit(table([("host", "outcome", "runs", ""), *(_row(host) for host in outcome.hosts)], width()))
    if outcome.interrupted:
        complain("error: interrupted")
    if outcome.fleet in _HEADLINES:
        show(_findings(outcome))
        complain(_HEADLINES[outcome.fleet])
    complain(summary(outcome, hosts))
    if outcome.exit is not Exit.DONE:
        click.get_current_context().exit(outcome.exit)


@dataclass(slots=True)
class About:
    """The hosts that a verb is about, as soon as they are known."""

    hosts: tuple[str, ...] = ()


@contextmanager
def refusal_as_json(as_json: bool) -> Iterator[About]:
    """An error that ends a verb is told on stdout too where JSON was asked for."""
    about = About()
    try:
        yield about
    except NginxgenError as error:
        if as_json:
            emit_json(_refusal(error, about.hosts))
        raise


def summary(outcome: Outcome, hosts: Sequence[HostPlan]) -> str:
    """`3 hosts on 3fa9c1d2e4b5  weight 0 -> 10  in 0.8 s (connect 0.1, stage 0.2, trial 0.4, commit 0.1)`."""
    parts = [_where(outcome)]
    if outcome.fleet is FleetOutcome.APPLIED:
        parts += _weights(hosts)
    phases = ", ".join(f"{name} {spent:.1f}" for name, spent in outcome.seconds.items() if spent >= _SHOWN)
    parts.append(f"in {sum(outcome.seconds.values()):.1f} s" + (f" ({phases})" if phases else ""))
    return "  ".join(parts)


def _where(outcome: Outcome) -> str:
    """How many hosts ended in which way; where all of them serve one release, its name."""
    releases = {host.release for host in outcome.hosts}
    if outcome.fleet is FleetOutcome.APPLIED and len(releases) == 1:
        return f"{counted(len(outcome.hosts), 'host')} on {releases.pop()}"
    numbers = Counter(_WORDS.get(host.outcome, str(host.outcome)) for host in outcome.hosts)
    (first, number), *rest = numbers.most_common()
    return ", ".join([f"{counted(number, 'host')} {first}", *(f"{more} {word}" for word, more in rest)])


def _weights(hosts: Sequence[HostPlan]) -> Iterator[str]:
    """The change of weight, if all hosts and routes share it."""
    found = {
        sentence.partition(": weight ")[2]
        for host in hosts
        if host.action is not Action.NONE
        for sentence in host.summary
        if ": weight " in sentence
    }
    if len(found) == 1:
        yield f"weight {found.pop()}"


def _row(host: HostResult) -> tuple[str, str, str, str]:
    return host.host, str(host.outcome), host.release or "-", host.message


def _findings(outcome: Outcome) -> Iterator[Finding]:
    """Why it failed. Hosts that were well and had to go back say so in the table only."""
    failed = [host for host in outcome.hosts if host.outcome in _FAILED]
    causes = [host for host in failed if not (host.outcome is HostOutcome.REVERTED and host.message.startswith(BACK))]
    yield from together(Said(host.host, host.message or str(host.outcome), host.hint) for host in causes)


def _document(outcome: Outcome, hosts: Sequence[HostPlan]) -> dict[str, Any]:
    sentences = {host.host: list(host.summary) for host in hosts}
    return {
        "outcome": str(outcome.fleet),
        "hosts": [
            {
                "name": host.host,
                "outcome": str(host.outcome),
                "release": host.release,
                "message": host.message,
                "hint": host.hint,
                "summary": sentences.get(host.host, []),
            }
            for host in outcome.hosts
        ],
        "seconds": _seconds(outcome.seconds),
        "interrupted": outcome.interrupted,
    }


def _seconds(spent: Mapping[str, float]) -> dict[str, float]:
    return {**{str(name): round(value, 3) for name, value in spent.items()}, "total": round(sum(spent.values()), 3)}


def _refusal(error: NginxgenError, names: Sequence[str]) -> dict[str, Any]:
    causes = error.causes if isinstance(error, SeveralRefused) else (error,)
    about = {one.host: one for one in causes if isinstance(one, HostRefused | HostFailed | HostLost | NeedsHuman)}
    rows = [
        {
            "name": name,
            "outcome": str(HostOutcome.REFUSED if name in about else HostOutcome.UNTOUCHED),
            "release": None,
            "message": about[name].reason if name in about else "",
            "hint": about[name].hint if name in about else None,
        }
        for name in dict.fromkeys([*names, *filter(None, about)])
    ]
    return {
        "outcome": str(_OUTCOMES.get(error.exit, FleetOutcome.REFUSED)),
        "hosts": rows,
        "seconds": {},
        "errors": [{"message": one.message, "hint": one.hint} for one in error.findings()],
    }
