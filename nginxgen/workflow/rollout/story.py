"""The story of a rollout: from the journals, and what the metrics of its steps show now."""

from __future__ import annotations

from dataclasses import replace

from nginxgen.model.record import Record, Stage
from nginxgen.model.rollout import RolloutPlan
from nginxgen.rollout import story
from nginxgen.rollout.summary import stage
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import sight
from nginxgen.workflow.rollout.tick import look_with


def record(rolling: Rolling, plan: RolloutPlan) -> Record:
    """How it stands, or how it ended. Changes nothing; hosts that do not answer are named in it."""
    with rolling.scope.work() as work:
        seen = sight(work)
        told = look_with(rolling, plan, work, seen)
    at = rolling.clock()
    now: Stage | None = None
    if told.judged is not None:
        now = stage(plan, told.standing, told.judged.verdict, told.judged.measured, at)
        measured, weight = told.judged.measured, float(told.standing.weight.percent)
        width = told.standing.scaled(plan.steps[min(told.standing.step, len(plan.steps) - 1)].watch.every)
        now = replace(now, points=story.points(measured.canary, measured.stable, weight, width))
    standing = story.Now(at, told.standing, told.decision, now, tuple(seen.away.values()))
    return story.record(plan, seen.entries(plan), seen.journals, standing)
