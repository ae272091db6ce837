"""A look at a rollout, for people and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nginxgen.model.rollout import NOT_BEGUN

if TYPE_CHECKING:
    from nginxgen.workflow.rollout.tick import Told


def line(told: Told, at: float) -> str:
    """`12:00:03  shop  step 2 of 5, 10 %  step 2 has passed: ...`."""
    time = datetime.fromtimestamp(at).astimezone()
    return f"{time:%H:%M:%S}  {told.plan.name}  {where(told)}  {sentence(told)}"


def where(told: Told) -> str:
    standing = told.standing
    if standing.step == NOT_BEGUN:
        return "not begun"
    return f"step {standing.step + 1} of {len(told.plan.steps)}, {standing.weight} %"


def sentence(told: Told) -> str:
    decision = told.decision.sentence
    act = "" if not told.decision.acts else f"{told.decision.act}: "
    if told.error is None:
        return f"{act}{decision}"
    return f"{act}{decision}; not now: {told.error.message}"


def document(told: Told) -> dict[str, Any]:
    from nginxgen.rollout.story import next_command

    standing, decision = told.standing, told.decision
    return {
        "name": told.plan.name,
        "service": told.plan.service,
        "group": told.plan.group or None,
        "phase": str(standing.phase),
        "step": standing.step + 1 if standing.step != NOT_BEGUN else None,
        "steps": len(told.plan.steps),
        "weight": standing.weight.percent,
        "since": _time(standing.since),
        "started": _time(standing.started),
        "by": standing.by,
        "stable": standing.stable,
        "canary": standing.canary,
        "time_scale": standing.time_scale,
        "fleet": {"is": str(told.view.fleet), "detail": told.view.detail},
        "verdict": None if told.judged is None else str(told.judged.verdict.outcome),
        "gates": _gates(told),
        "decision": {"act": str(decision.act), "sentence": decision.sentence, "until": _time(decision.until or 0.0)},
        "error": None if told.error is None else told.error.message,
        "next": next_command(told.plan, standing),
    }


def _gates(told: Told) -> list[dict[str, Any]]:
    if told.judged is None:
        return []
    return [
        {"metric": result.gate.metric, "outcome": str(result.outcome), "sentence": result.sentence}
        for result in told.judged.verdict.results
    ]


def _time(at: float) -> str | None:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None
