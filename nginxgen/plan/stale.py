"""Has a host moved since a plan was made?"""

from __future__ import annotations

from collections.abc import Mapping

from nginxgen.errors import HostRefused
from nginxgen.model.plan import HostPlan, Plan
from nginxgen.model.state import Drift, HostState
from nginxgen.plan.build import expected

_AGAIN = "make the plan again, and have it reviewed again"


def moved(plan: Plan, states: Mapping[str, HostState]) -> tuple[HostRefused, ...]:
    """One refusal for each host that no longer has what the plan was made against, those that stay included."""
    return tuple(
        _stopped(host.host)
        if Drift.NGINX_STOPPED in states[host.host].drift
        else HostRefused(host.host, "moved", _why(host, states[host.host]), hint=_AGAIN)
        for host in plan.hosts
        if expected(states[host.host]) != host.expected
    )


def _stopped(host: str) -> HostRefused:
    """It runs nothing, so it has moved; but that is not what there is to do about it."""
    return HostRefused(host, "not-running", "nginx is not running", hint="start nginx on this host first")


def _why(host: HostPlan, state: HostState) -> str:
    now = expected(state)
    if now.live != host.expected.live:
        done = ", which is what the plan wanted" if now.live == host.release else ""
        return f"moved since the plan was made: {host.expected.live or 'no release'} -> {now.live or 'none'}{done}"
    was, runs = host.expected.running or "nothing of ours", now.running or "nothing of ours"
    return f"moved since the plan was made: nginx ran {was} and runs {runs} now"
