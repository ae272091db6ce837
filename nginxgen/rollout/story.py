"""Entries and journals to the story of a rollout, as reports, pages and alerts tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nginxgen.model.record import (
    Approval,
    ConfigChange,
    Ending,
    Event,
    Happening,
    Record,
    Stage,
    StageEnding,
    WayBack,
)
from nginxgen.model.rollout import NOT_BEGUN, Decision, Entry, Phase, RolloutPlan, Standing
from nginxgen.model.state import JournalEntry
from nginxgen.rollout import summary
from nginxgen.rollout.entries import NOTED, read
from nginxgen.rollout.sent import alerts
from nginxgen.rollout.showed import showed

_ENDINGS = {
    Phase.NONE: Ending.WAITING,
    Phase.RUNNING: Ending.RUNNING,
    Phase.PAUSED: Ending.PAUSED,
    Phase.ABORTED: Ending.ABORTED,
    Phase.FINISHED: Ending.FINISHED,
    Phase.PROMOTED: Ending.PROMOTED,
}
_OVER = {
    Happening.FINISHED: StageEnding.PASSED,
    Happening.PROMOTED: StageEnding.PASSED,
    Happening.ABORTED: StageEnding.FAILED,
    Happening.EMERGENCY: StageEnding.FAILED,
}
_BACK = frozenset({Happening.ABORTED, Happening.EMERGENCY})


@dataclass(frozen=True, slots=True)
class Now:
    """How it stands at this moment."""

    at: float
    standing: Standing
    decision: Decision
    stage: Stage | None = None  # the step that is served, as it was just measured
    away: tuple[str, ...] = ()  # what could not be read, and why


def record(
    plan: RolloutPlan, entries: Sequence[Entry], journals: Mapping[str, Sequence[JournalEntry]], now: Now
) -> Record:
    standing = now.standing
    told = [entry for entry in entries if entry.what is not Happening.ALERTED]
    first, last = (told[0], told[-1]) if told else (None, None)
    over = standing.phase in (Phase.ABORTED, Phase.FINISHED, Phase.PROMOTED)
    waiting = standing.phase is Phase.RUNNING and bool(standing.waiting)
    stages = _stages(plan, entries, now)
    return Record(
        service=plan.service,
        routes=plan.routes if plan.group else ("*",),
        stable=standing.stable,
        canary=standing.canary,
        ending=Ending.WAITING if waiting else _ENDINGS[standing.phase],
        started=first.at if first else now.at,
        at=now.at,
        ended=last.at if last and over else None,
        by=standing.by,
        why=first.text if first else "",
        sentence=now.decision.sentence,
        next=next_command(plan, standing),
        hosts=tuple(journals),
        stages=stages,
        events=tuple(map(_event, told)),
        alerts=alerts(entries),
        approvals=tuple(
            Approval(entry.at, entry.who, entry.step + 2, entry.text)
            for entry in entries
            if entry.what is Happening.APPROVED
        ),
        changes=_changes(entries, journals),
        back=_way_back(entries, journals, stages),
        time_scale=standing.time_scale,
        incomplete=now.away,
    )


def next_command(plan: RolloutPlan, standing: Standing) -> str:
    """What a person would type now; nothing where the rollout goes on by itself."""
    about = f" --service {plan.service}" + (f" --group {plan.group}" if plan.group else "")
    match standing.phase:
        case Phase.NONE:
            return f"nginxgen rollout start{about}"
        case Phase.PAUSED:
            return f"nginxgen rollout resume{about}"
        case Phase.ABORTED:
            return f"nginxgen rollout retry{about}"
        case Phase.FINISHED:
            return f"nginxgen rollout promote --service {plan.service}"
        case Phase.RUNNING if "approve" in standing.waiting:
            return f"nginxgen rollout approve{about}"
        case _:
            return ""


def _stages(plan: RolloutPlan, entries: Sequence[Entry], now: Now) -> tuple[Stage, ...]:
    stages = [
        Stage(number + 1, float(step.weight.percent), step.bake, note=step.note, watch=step.watch.name)
        for number, step in enumerate(plan.steps)
    ]
    at = NOT_BEGUN
    for entry in entries:
        if entry.what is Happening.STEPPED and not entry.again:
            if 0 <= at < len(stages):
                stages[at] = _ended(stages[at], entry, StageEnding.PASSED if entry.summary else StageEnding.SKIPPED)
            if entry.step < len(stages):
                at = entry.step
                stages[at] = replace(
                    stages[at], ending=StageEnding.RUNNING, started=entry.at, ended=None, weight=entry.weight
                )
        elif entry.what in _OVER and 0 <= at < len(stages):
            stages[at] = _ended(stages[at], entry, _ending(entry))
    if now.stage is not None and 0 <= at < len(stages) and stages[at].ending is StageEnding.RUNNING:
        stages[at] = replace(now.stage, started=stages[at].started, ended=None)
    return tuple(stages)


def _ending(entry: Entry) -> StageEnding:
    """An abort without a verdict is a person's."""
    if entry.what in _BACK and not entry.summary:
        return StageEnding.STOPPED
    return _OVER[entry.what]


def _ended(stage: Stage, entry: Entry, ending: StageEnding) -> Stage:
    if stage.ending is not StageEnding.RUNNING:
        return stage
    seen = summary.read(entry.summary)
    base = stage if seen is None else replace(seen, started=stage.started)
    return replace(base, ending=ending, ended=entry.at, sentence=base.sentence or entry.text)


def _event(entry: Entry) -> Event:
    return Event(entry.at, entry.what, entry.text, entry.who, None if entry.step == NOT_BEGUN else entry.step + 1)


def _changes(entries: Sequence[Entry], journals: Mapping[str, Sequence[JournalEntry]]) -> tuple[ConfigChange, ...]:
    """A fleet change an entry, from the lines of its hosts."""
    ours = {entry.rollout for entry in entries}
    found: dict[tuple[str, str], ConfigChange] = {}
    for host, journal in journals.items():
        for line in journal:
            entry = read(line)
            if entry is None or entry.rollout not in ours or line.result == NOTED:
                continue
            known = found.get((line.txn, line.result))
            hosts = (*(known.hosts if known else ()), host)
            found[line.txn, line.result] = ConfigChange(
                _seconds(line.at, entry.at),
                line.verb,
                line.who,
                hosts,
                line.from_release,
                line.to_release,
                line.result,
                (_asked(entry),),
            )
    return tuple(sorted(found.values(), key=lambda change: change.at))


def _asked(entry: Entry) -> str:
    match entry.what:
        case Happening.EMERGENCY:
            return "canary off"
        case Happening.ABORTED:
            return "weight 0 %"
        case Happening.PROMOTED:
            return f"{entry.canary} is stable"
        case _:
            return f"weight {entry.weight:g} %"


def _way_back(
    entries: Sequence[Entry], journals: Mapping[str, Sequence[JournalEntry]], stages: Sequence[Stage]
) -> WayBack | None:
    entry = next((one for one in entries if one.what in _BACK), None)
    if entry is None:
        return None
    lines = [line for journal in journals.values() for line in journal if line.txn == entry.txn]
    served = max((_seconds(line.at, entry.at) for line in lines), default=None)
    by = "" if entry.summary else entry.who
    return WayBack(
        entry.at,
        served,
        entry.what is Happening.EMERGENCY,
        entry.text,
        by,
        min(filter(None, map(showed, stages)), default=None),
    )


def _seconds(at: str, least: float) -> float:
    """Hosts write whole seconds: what was decided was not done before."""
    try:
        return max(least, datetime.fromisoformat(at).timestamp())
    except ValueError:
        return least
