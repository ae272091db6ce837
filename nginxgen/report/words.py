"""The words of a report. A word that one language lacks is a fault that the type checker finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginxgen.model.record import AlertFate, Ending, Happening, StageEnding
from nginxgen.model.verdict import Outcome
from nginxgen.report.sayings import Sayings


@dataclass(frozen=True, slots=True)
class Words:
    """`{}` is filled in. Field names are the English words."""

    code: str  # of HTML's lang
    title: str  # {} the service
    endings: Mapping[Ending, str]
    stage_endings: Mapping[StageEnding, str]
    outcomes: Mapping[Outcome, str]
    happenings: Mapping[Happening, str]
    fates: Mapping[AlertFate, str]
    metrics: Mapping[str, str]
    stable: str
    canary: str
    control: str  # the part of stable that the canary was compared with
    started_by: str
    why: str
    from_to: str
    so_far: str
    hosts: str
    incomplete: str
    touched: str  # how long the canary served users
    touched_note: str  # {} requests
    errors: str
    beside: str  # {} stable or the control group, {} what it has
    slow: str
    none_failed: str
    seen_failed: str  # {} requests
    saved: str  # {} requests
    way_back: str
    way_back_note: str  # {} the time that the trouble lasted
    not_yet: str
    stages: str
    stage: str
    of: str
    weight: str
    asked: str
    served: str
    bake: str
    time: str
    requests: str
    verdict: str
    gate: str
    gates: str
    interval: str
    seen: str
    limit: str
    no_gates: str
    approved_by: str
    charts: str
    chart_share: str
    chart_errors: str
    chart_p95: str
    chart_requests: str
    nothing_seen: str
    events: str
    alerts: str
    no_alerts: str
    resolved: str
    level: str
    sent_to: str
    changes: str
    no_changes: str
    when: str
    who: str
    what: str
    release: str
    nothing: str
    next: str
    written: str
    intervals_note: str
    rehearsal: str  # {} times faster
    worst_note: str
    live: str
    updated: str
    stale: str
    day: str
    hour: str
    minute: str
    second: str
    stage_sentences: Mapping[StageEnding, str] | None = None  # None: what the record says is in this language
    ending_sentences: Mapping[Ending, str] | None = None
    gate_sentence: str = ""  # {metric} {value} {interval} {asked} {outcome}
    sayings: Sayings | None = None
