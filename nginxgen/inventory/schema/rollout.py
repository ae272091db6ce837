"""`rollout:` the steps by which the weight grows, and what has to hold meanwhile."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from nginxgen.inventory.limits import MOST_ROUTES
from nginxgen.inventory.presets import Preset
from nginxgen.inventory.schema.base import Keys, RouteName, Span, at_most, number, short_form
from nginxgen.inventory.words import hours, names, values
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import whole
from nginxgen.model.gates import Severity
from nginxgen.model.rollout import WayOut
from nginxgen.model.weight import Weight

_MOST_STEPS = 100
_MOST_COMMANDS = 50


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _weight(text: Any) -> Any:
    if not isinstance(text, str):
        raise BadValue("expected a percentage", "from 0 to 100 with up to two decimals, like 10 or 0.25")
    return values.percent(text)


class Approving(StrEnum):
    MANUAL = "manual"
    NONE = "none"


class GateKeys(Keys):
    """A gate in its long form."""

    holds: str | None = Field(default=None, description='what must hold, like "< 1%": the short form writes only this')
    attention: str | None = Field(default=None, description='beyond it somebody is told, like "> stable + 20%"')
    rollback: str | None = Field(default=None, description='beyond it the canary goes, like "> stable + 50%"')
    severity: Severity | None = Field(default=None, description="of the alert when it fails: P1, P2 or P3; P2")
    min_requests: Annotated[int, number(whole(10, 1_000_000))] | None = Field(
        default=None, description="of the canary, before anything is said; 30"
    )


Gates = dict[str, Annotated[GateKeys, BeforeValidator(short_form("holds"), json_schema_input_type=str | GateKeys)]]
Commands = Annotated[
    tuple[Annotated[str, AfterValidator(values.raw)], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    at_most(_MOST_COMMANDS),
]
WindowList = Annotated[
    tuple[Annotated[str, AfterValidator(hours.window)], ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    at_most(_MOST_COMMANDS),
]


class StepKeys(Keys):
    weight: Annotated[Weight, BeforeValidator(_weight, json_schema_input_type=float | str)] = Field(
        description="percent for the canary, like 10"
    )
    bake: Span = Field(description="how long it is served at least, like 24h")
    max_bake: Span | None = Field(default=None, description="how long while too little is known; twice bake")
    gates: Gates = Field(default={}, description='what must hold, like {error_rate: "< 1%"}')
    approval: Approving = Field(
        default=Approving.NONE, description="manual: somebody must approve before it begins; none"
    )
    watch: str = Field(default="standard", description="how closely it is looked at: a name under watch; standard")
    note: str | None = Field(default=None, description="words for the report")


class WatchKeys(Keys):
    window: Span = Field(description="a step passes after so long at the earliest, though its bake is shorter, like 5m")
    every: Span = Field(description="between two looks, like 60s")
    cooldown: Span = Field(description="before the same alert is sent again, like 5m")


class WindowsKeys(Keys):
    allow: WindowList = Field(default=(), description='when steps may begin, like "Mon-Fri 09:00-17:00 Asia/Shanghai"')
    deny: WindowList = Field(default=(), description="when none may begin, whatever allow says")


class HooksKeys(Keys):
    """Commands for the shell of the machine that runs the rollout."""

    before: Commands = Field(default=(), description="before the first step; one that fails stops the rollout")
    after_step: Commands = Field(default=(), description="after each step that passed")
    on_abort: Commands = Field(default=(), description="after an abort")
    on_promote: Commands = Field(default=(), description="after the canary has become stable")


class AlertKeys(Keys):
    """Addresses as Apprise takes them, by level."""

    P1: Commands = Field(default=(), description="something is broken: like [mailto://..., slack://...]")
    P2: Commands = Field(default=(), description="somebody has to look")
    P3: Commands = Field(default=(), description="good to know")


class GroupKeys(Keys):
    """What may stand under rollout, and under a group of it."""

    steps: Annotated[tuple[StepKeys, ...], at_most(_MOST_STEPS)] = Field(
        default=(), description="like [{weight: 10, bake: 24h, gates: {error_rate: '< 1%'}}]"
    )
    rollback: Gates = Field(default={}, description='what ends it at any step, like {error_rate: "> 10%"}')
    on_fail: WayOut | None = Field(default=None, description="weight: to 0. emergency: overrides off too; weight")
    max_bake: Span | None = Field(default=None, description="of every step that says nothing else; twice its bake")
    watch: dict[Annotated[str, AfterValidator(names.route)], WatchKeys] = Field(
        default={}, description="ways to look: standard, enhanced and critical are there, and others by name"
    )
    windows: WindowsKeys | None = Field(default=None, description="when steps may begin; always")
    hooks: HooksKeys | None = Field(default=None, description="commands of one's own")
    alerts: AlertKeys | None = Field(default=None, description="whom to tell, by level")


class PartKeys(GroupKeys):
    routes: Annotated[tuple[RouteName, ...], at_most(MOST_ROUTES)] = Field(
        default=(), description="the routes of this group; the route of its name"
    )
    after: str | None = Field(default=None, description="the group that has to finish first")


class RolloutKeys(GroupKeys):
    preset: Preset | None = Field(
        default=None, description="cautious, standard or blue-green: steps, gates and rollback that are left out"
    )
    groups: dict[RouteName, PartKeys] = Field(
        default={}, description="groups of routes that go one by one; what they leave out is as above"
    )
