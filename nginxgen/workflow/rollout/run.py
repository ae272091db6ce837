"""Ticks, one after the other, until every rollout has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nginxgen.model.rollout import NOT_BEGUN, Phase, RolloutPlan
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.tell import tell
from nginxgen.workflow.rollout.tick import Told, tick

Wait = Callable[[float], None]  # seconds
Heed = Callable[[Sequence[Told]], None]

_SOONEST = 1.0  # seconds between two looks, whatever the time scale
_AT_ONCE = 0.2  # seconds, where a time is known at which something can change
_OVER = frozenset({Phase.NONE, Phase.ABORTED, Phase.FINISHED, Phase.PROMOTED})


def run(
    rolling: Rolling,
    plans: Sequence[RolloutPlan],
    heed: Heed,
    wait: Wait,
    *,
    to_pause: bool = False,
    show: Heed | None = None,
) -> None:
    """Look and act until all have ended. `to_pause`: or until nothing goes on without a person.

    `show` comes last in a look, since it may take a while: people have been told by then.
    """
    while True:
        began = rolling.clock()
        told = [tick(rolling, plan) for plan in plans]
        heed(told)
        told = [replace(one, outdated=bool(tell(rolling, one)) or one.decision.acts) for one in told]
        if show is not None:
            show(told)
        if over(told, to_pause=to_pause):
            return
        if not any(one.acted for one in told):
            wait(max(_AT_ONCE, min(_due(one, began) for one in told) - rolling.clock()))


def over(told: Sequence[Told], *, to_pause: bool = False) -> bool:
    """Is there nothing left to look after?"""
    still = _OVER | {Phase.PAUSED} if to_pause else _OVER
    return all(not one.decision.acts and one.standing.phase in still for one in told)


def _due(told: Told, began: float) -> float:
    """When this one is looked at again, counted from the beginning of a look: a slow one delays no other."""
    step = max(0, min(told.standing.step, len(told.plan.steps) - 1)) if told.standing.step != NOT_BEGUN else 0
    due = began + max(_SOONEST, told.standing.scaled(told.plan.steps[step].watch.every))
    until = told.decision.until
    return due if until is None else min(due, until)
