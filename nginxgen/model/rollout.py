"""A rollout: the plan that somebody wrote, how far it has come, and what is to be done next.

Durations are seconds, times seconds since the epoch. A plan comes from the inventory, a standing from the hosts'
journals, a decision from both (`rollout.decide`). Steps are counted from 0 here and from 1 for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nginxgen.model.gates import Gate, Severity
from nginxgen.model.record import Happening
from nginxgen.model.weight import ZERO, Weight

NOT_BEGUN = -1  # the step of a rollout that was started and serves nobody yet


@dataclass(frozen=True, slots=True)
class Watch:
    """How closely a step is looked at."""

    name: str
    window: float  # a step passes after so long at the earliest, though its bake is shorter
    every: float  # between two looks
    cooldown: float  # before the same alert is sent again


WATCHES = {
    watch.name: watch
    for watch in (
        Watch("standard", 300.0, 60.0, 300.0),
        Watch("enhanced", 60.0, 30.0, 120.0),
        Watch("critical", 30.0, 15.0, 60.0),
    )
}


@dataclass(frozen=True, slots=True)
class Step:
    """One weight, how long it is served, and what has to hold meanwhile."""

    weight: Weight
    bake: float  # how long it is served at least
    gates: tuple[Gate, ...] = ()
    approval: bool = False  # somebody must approve before it begins
    watch: Watch = WATCHES["standard"]
    max_bake: float = 0.0  # how long it may be served while too little is known; at least `bake`
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the week, by the wall clock of a place. One that ends before it begins ends the next day."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    begin: int  # minutes after midnight
    end: int  # up to 1440; not part of it
    zone: str  # as the tz database names it
    text: str  # as it was written


@dataclass(frozen=True, slots=True)
class Windows:
    """When a step may begin: in one of `allow` (none: always), and in none of `deny`."""

    allow: tuple[Hours, ...] = ()
    deny: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class Hooks:
    """Commands for this machine's shell, in their order."""

    before: tuple[str, ...] = ()  # before the first step; one that fails keeps the rollout from beginning
    after_step: tuple[str, ...] = ()  # after each step that passed
    on_abort: tuple[str, ...] = ()
    on_promote: tuple[str, ...] = ()


class WayOut(StrEnum):
    """What an abort does."""

    WEIGHT = "weight"  # weight 0; overrides still reach the canary
    EMERGENCY = "emergency"  # canary off on every host, overrides too


@dataclass(frozen=True, slots=True)
class Channels:
    """Where alerts of one level go: addresses as Apprise takes them. They may hold secrets."""

    level: Severity
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """For all routes of a service, or for a group of them."""

    service: str
    group: str  # "" where it is about the whole service
    routes: tuple[str, ...]  # by name, never empty
    steps: tuple[Step, ...]  # never empty
    rollback: tuple[Gate, ...] = ()  # triggers, at every step
    after: str = ""  # the group that has to finish first
    on_fail: WayOut = WayOut.WEIGHT
    windows: Windows = field(default_factory=Windows)
    hooks: Hooks = field(default_factory=Hooks)
    alerts: tuple[Channels, ...] = ()

    @property
    def name(self) -> str:
        """`shop`, or `shop/reads`."""
        return f"{self.service}/{self.group}" if self.group else self.service

    def gates(self, step: int) -> tuple[Gate, ...]:
        """All that is judged at a step. Without gates of its own a rollback trigger is all that there is."""
        return (*self.steps[step].gates, *self.rollback)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a rollout, as a host's journal has it. `sequence` grows by one with each event of the rollout."""

    rollout: str  # id: one start to its end
    sequence: int
    service: str
    group: str
    what: Happening
    at: float
    who: str = ""
    text: str = ""
    step: int = NOT_BEGUN  # served from here on
    weight: float = 0.0  # percent, of that step
    canary: str = ""
    stable: str = ""
    routes: tuple[str, ...] = ()
    time_scale: float = 1.0
    chained: bool = False  # started together with the group that it waits for
    again: bool = False  # served already, and now on the hosts too that had missed it
    summary: str = ""  # JSON of a record.Stage: the step that ended with this event, as it was seen
    level: Severity | None = None  # how loudly to say it; None: it is no news
    alert: str = ""  # JSON of the record.Alert that went out
    txn: str = ""  # of the fleet change that wrote it

    @property
    def name(self) -> str:
        return f"{self.service}/{self.group}" if self.group else self.service


class Phase(StrEnum):
    NONE = "none"  # never started
    RUNNING = "running"
    PAUSED = "paused"
    ABORTED = "aborted"
    FINISHED = "finished"  # all steps passed; the canary is not yet the new stable
    PROMOTED = "promoted"


ENDED = frozenset({Phase.NONE, Phase.ABORTED, Phase.PROMOTED})


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a rollout has come, folded from its entries."""

    phase: Phase = Phase.NONE
    rollout: str = ""  # id
    sequence: int = 0  # of the last entry
    step: int = NOT_BEGUN  # that is served
    weight: Weight = ZERO  # of that step, as it was applied
    since: float = 0.0  # that step is served; before the first one, since it was started
    resumed: float = 0.0  # the last time; patience with too little traffic counts from there
    started: float = 0.0
    by: str = ""  # who started it
    canary: str = ""
    stable: str = ""
    time_scale: float = 1.0
    chained: bool = False
    approved: bool = False  # the next step may begin
    approved_by: str = ""
    extended: bool = False  # it was said that the bake goes on
    waiting: str = ""  # what it was last said to wait for
    attention: bool = False  # it was said that a gate asks for attention
    reason: str = ""  # of a pause or an abort
    last: Happening | None = None

    @property
    def open(self) -> bool:
        """It serves the canary, or will."""
        return self.phase not in ENDED

    def scaled(self, seconds: float) -> float:
        return seconds / self.time_scale


NEVER = Standing()


class Fleet(StrEnum):
    """What the hosts have, against what the standing says that they have."""

    AS_LEFT = "as-left"
    BEHIND = "behind"  # some hosts missed the last change of this rollout: it was cut off
    FOREIGN = "foreign"  # somebody else has applied something
    DRIFTED = "drifted"  # files or what runs are not what was committed
    AWAY = "away"  # a host does not answer
    PROMOTED = "promoted"  # the canary is stable everywhere


@dataclass(frozen=True, slots=True)
class View:
    """The fleet as a decision sees it."""

    fleet: Fleet = Fleet.AS_LEFT
    detail: str = ""  # a sentence, where it is not as left


class Act(StrEnum):
    NOTHING = "nothing"  # nothing changed that is worth a line in a journal
    BEGIN = "begin"  # run `before` hooks and serve the first step
    STEP = "step"  # serve the next step
    AGAIN = "again"  # serve this step on the hosts that missed it
    SAY = "say"  # write down `happening`, change nothing
    PAUSE = "pause"
    ABORT = "abort"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, and why."""

    act: Act
    sentence: str  # why, for an operator
    step: int = NOT_BEGUN  # to be served, where a step is
    happening: Happening | None = None  # to be written down
    severity: Severity | None = None  # how loudly to say it; None: no alert
    until: float | None = None  # when something can change by time alone

    @property
    def acts(self) -> bool:
        return self.act is not Act.NOTHING
