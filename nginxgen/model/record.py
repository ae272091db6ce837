"""The story of a rollout, as those who were not there read it: one value for the report, the live page and the alerts.

Times are seconds since the epoch, durations seconds, weights and shares percent, rates 0 to 1. A record is complete in
itself: nothing that shows it looks anywhere else. It is kept and read as JSON by `model.codec`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nginxgen.model.gates import Severity
from nginxgen.model.reading import NOTHING_SEEN, GateReading, Point, Range, Reading
from nginxgen.model.verdict import Outcome


class Ending(StrEnum):
    """How it stands, or how it ended."""

    RUNNING = "running"
    WAITING = "waiting"  # for an approval, or for a window to open; nothing is wrong
    PAUSED = "paused"  # somebody has to look
    ABORTED = "aborted"  # stable serves
    FINISHED = "finished"  # all stages passed
    PROMOTED = "promoted"  # and the canary is the new stable


class StageEnding(StrEnum):
    AHEAD = "ahead"  # not begun
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"  # its gates ended the rollout
    STOPPED = "stopped"  # a person, or something from outside, ended it
    SKIPPED = "skipped"  # a person went past it


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the plan, and what became of it."""

    number: int  # from 1
    weight: float  # asked, percent
    bake: float  # asked, seconds, before `time_scale`
    ending: StageEnding = StageEnding.AHEAD
    started: float | None = None  # served by all hosts; None: not begun
    ended: float | None = None
    note: str = ""  # the author's words
    watch: str = ""  # the name of the watch mode
    verdict: Outcome | None = None  # the last one
    sentence: str = ""  # why it ended so, or how it stands
    share: Range | None = None  # served to the canary of what the weight decided, percent
    canary: Reading = NOTHING_SEEN
    stable: Reading = NOTHING_SEEN
    gates: tuple[GateReading, ...] = ()  # as they stood last
    points: tuple[Point, ...] = ()  # by time
    control: Reading | None = None  # those of stable's requests that the canary was compared with; None: all of them

    @property
    def beside(self) -> Reading:
        """What the canary was compared with."""
        return self.stable if self.control is None else self.control


class Happening(StrEnum):
    STARTED = "started"
    STEPPED = "stepped"  # another stage is served
    EXTENDED = "extended"  # too little was seen: the bake goes on
    WAITING = "waiting"
    PAUSED = "paused"
    RESUMED = "resumed"
    APPROVED = "approved"
    ATTENTION = "attention"  # a gate is past its attention level
    TROUBLE = "trouble"  # a source is down, a host is away, a hook failed
    HOOK = "hook"
    DRIFTED = "drifted"  # somebody else changed the fleet
    ABORTED = "aborted"
    EMERGENCY = "emergency"
    FINISHED = "finished"
    PROMOTED = "promoted"
    NOTE = "note"
    ALERTED = "alerted"  # somebody was told


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the story."""

    at: float
    what: Happening
    text: str  # a sentence
    who: str = ""  # user@machine, or the runner
    stage: int | None = None  # its number


class AlertFate(StrEnum):
    SENT = "sent"
    FAILED = "failed"  # no channel took it
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Alert:
    """One message that went out. `key` names the trouble: alerts of one key are one trouble."""

    at: float
    level: Severity
    key: str  # "shop/reads gate p95"
    title: str
    body: str
    resolved: bool = False  # this message says that the trouble is over
    fate: AlertFate = AlertFate.SENT
    channels: tuple[str, ...] = ()  # kinds, without the secrets of their addresses: "slack", "mailto"
    error: str = ""  # what the channels said, secrets masked
    number: int = 0  # of the entry that it is about; 0: of none


@dataclass(frozen=True, slots=True)
class Approval:
    """A person let a stage begin."""

    at: float
    who: str
    stage: int  # the stage that it let begin
    why: str = ""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What was applied to hosts, from which release to which."""

    at: float
    verb: str
    who: str
    hosts: tuple[str, ...]
    from_release: str | None
    to_release: str
    result: str  # "committed", "reverted"
    summary: tuple[str, ...] = ()
    diff: str = ""  # unified


@dataclass(frozen=True, slots=True)
class WayBack:
    """From the decision to stable serving everybody."""

    decided: float
    served: float | None  # stable is proved to serve on all hosts; None: not yet
    emergency: bool  # canary off, overrides too; else the weight is 0
    reason: str
    by: str = ""  # who, where it was a person; "" where gates decided
    since: float | None = None  # the first look at which the trouble showed


@dataclass(frozen=True, slots=True)
class Record:
    """One rollout of one service, or of one group of its routes."""

    service: str
    routes: tuple[str, ...]  # all of the service: ("*",)
    stable: str
    canary: str
    ending: Ending
    started: float
    at: float  # when this was written down
    ended: float | None = None
    by: str = ""  # who started it
    why: str = ""
    sentence: str = ""  # how it stands, or why it ended
    next: str = ""  # the command that a person would run now; "" where there is none
    hosts: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    events: tuple[Event, ...] = ()  # by time
    alerts: tuple[Alert, ...] = ()
    approvals: tuple[Approval, ...] = ()
    changes: tuple[ConfigChange, ...] = ()
    back: WayBack | None = None
    time_scale: float = 1.0  # bakes are divided by it: rehearsals
    incomplete: tuple[str, ...] = ()  # what could not be read, and why: "edge-2 does not answer"

    @property
    def name(self) -> str:
        """`shop`, or `shop/reads` where it is about some routes."""
        return self.service if self.routes in ((), ("*",)) else f"{self.service}/{'+'.join(self.routes)}"

    @property
    def stage(self) -> Stage | None:
        """The last that has begun."""
        return next((one for one in reversed(self.stages) if one.started is not None), None)

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(point for stage in self.stages for point in stage.points)

    @property
    def over(self) -> bool:
        return self.ending in (Ending.ABORTED, Ending.FINISHED, Ending.PROMOTED)
