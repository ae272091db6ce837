"""Canary off: what each host has to do for it. Nothing is rendered: the host keeps the release since its last apply."""

from __future__ import annotations

from nginxgen.model.outcome import HostOutcome, HostResult
from nginxgen.model.plan import Change
from nginxgen.model.state import HostState
from nginxgen.plan.build import expected, serves


def emergency(host: str, state: HostState) -> Change | HostResult:
    """The change, or why there is none to make."""
    if state.emergency is not None:
        return Change(host, expected(state), state.emergency)
    if state.live is None:
        return HostResult(host, HostOutcome.UNCHANGED, None, "nginxgen has no release on this host")
    if state.intent is None:
        return HostResult(
            host,
            HostOutcome.NEEDS_HUMAN,
            state.running,
            f"the manifest of {state.live} cannot be read: whether the canary is on is not known",
            hint="nginxgen apply --weight 0 writes it anew",
        )
    if not serves(state, state.live):
        return Change(host, expected(state), state.live)  # off on disk, but nginx may serve something else
    return HostResult(host, HostOutcome.UNCHANGED, state.live, "no canary is on")
