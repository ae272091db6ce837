"""`rollout:` to plans: one for the service, or one for each of its groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from nginxgen.inventory import presets
from nginxgen.inventory.gate_words import GateWords, gate
from nginxgen.inventory.presets import Preset
from nginxgen.inventory.schema.rollout import (
    AlertKeys,
    Approving,
    GateKeys,
    GroupKeys,
    HooksKeys,
    PartKeys,
    RolloutKeys,
    StepKeys,
    WatchKeys,
    WindowsKeys,
)
from nginxgen.inventory.words.hours import hours
from nginxgen.inventory.words.values import span
from nginxgen.model.gates import Gate, Severity
from nginxgen.model.rollout import WATCHES, Channels, Hooks, RolloutPlan, Step, Watch, WayOut, Windows
from nginxgen.model.service import Service
from nginxgen.model.weight import Weight

_PATIENCE = 2.0  # times bake, where no max_bake is given


def with_rollouts(service: Service, keys: RolloutKeys | None) -> Service:
    """The service with its plans. Raises InputError for gates that can't be read, which the rules tell before."""
    if keys is None:
        return service
    if not keys.groups:
        plans = [_plan(service, "", PartKeys(routes=tuple(route.name for route in service.routes)), keys)]
    else:
        plans = [_plan(service, name, group, keys) for name, group in keys.groups.items()]
    return replace(service, rollouts=tuple(plans))


def _plan(service: Service, group: str, own: PartKeys, above: RolloutKeys) -> RolloutPlan:
    numbers = service.metrics.numbers
    watches = {**WATCHES, **_watches(above), **_watches(own)}
    most = own.max_bake or above.max_bake
    return RolloutPlan(
        service=service.name,
        group=group,
        routes=own.routes or (group,),
        steps=_steps(own.steps or above.steps, above.preset, watches, numbers, most),
        rollback=_rollback(own, above, numbers),
        after=own.after or "",
        on_fail=own.on_fail or above.on_fail or WayOut.WEIGHT,
        windows=_windows(own.windows or above.windows),
        hooks=_hooks(own.hooks or above.hooks),
        alerts=_alerts(own.alerts or above.alerts),
    )


def _steps(
    keys: tuple[StepKeys, ...],
    preset: Preset | None,
    watches: Mapping[str, Watch],
    numbers: Collection[str],
    most: str | None,
) -> tuple[Step, ...]:
    if not keys and preset is not None:
        return tuple(_preset_step(one, most) for one in presets.STEPS[preset])
    return tuple(_step(one, watches, numbers, most) for one in keys)


def _step(keys: StepKeys, watches: Mapping[str, Watch], numbers: Collection[str], most: str | None) -> Step:
    bake = span(keys.bake)
    longest = keys.max_bake or most
    return Step(
        weight=keys.weight,
        bake=bake,
        gates=_gates(keys.gates, numbers, trigger=False),
        approval=keys.approval is Approving.MANUAL,
        watch=watches[keys.watch],
        max_bake=max(bake, span(longest)) if longest else bake * _PATIENCE,
        note=keys.note or "",
    )


def _preset_step(one: presets.PresetStep, most: str | None) -> Step:
    bake = span(one.bake)
    return Step(
        weight=Weight.parse(one.weight),
        bake=bake,
        gates=_short(presets.GATES, trigger=False),
        approval=one.approval,
        watch=WATCHES[one.watch],
        max_bake=max(bake, span(most)) if most else bake * _PATIENCE,
    )


def _rollback(own: GroupKeys, above: RolloutKeys, numbers: Collection[str]) -> tuple[Gate, ...]:
    keys = own.rollback or above.rollback
    if not keys and above.preset is not None:
        return _short(presets.ROLLBACK, trigger=True)
    return _gates(keys, numbers, trigger=True)


def _gates(keys: Mapping[str, GateKeys], numbers: Collection[str], *, trigger: bool) -> tuple[Gate, ...]:
    return tuple(
        gate(
            metric,
            GateWords(one.holds, one.attention, one.rollback, one.severity, one.min_requests),
            numbers,
            trigger=trigger,
        )
        for metric, one in keys.items()
    )


def _short(texts: Mapping[str, str], *, trigger: bool) -> tuple[Gate, ...]:
    return tuple(gate(metric, GateWords(text), (), trigger=trigger) for metric, text in texts.items())


def _watches(keys: GroupKeys) -> dict[str, Watch]:
    return {name: _watch(name, one) for name, one in keys.watch.items()}


def _watch(name: str, keys: WatchKeys) -> Watch:
    return Watch(name, span(keys.window), span(keys.every), span(keys.cooldown))


def _windows(keys: WindowsKeys | None) -> Windows:
    return Windows() if keys is None else Windows(tuple(map(hours, keys.allow)), tuple(map(hours, keys.deny)))


def _hooks(keys: HooksKeys | None) -> Hooks:
    return Hooks() if keys is None else Hooks(keys.before, keys.after_step, keys.on_abort, keys.on_promote)


def _alerts(keys: AlertKeys | None) -> tuple[Channels, ...]:
    if keys is None:
        return ()
    levels = ((Severity.P1, keys.P1), (Severity.P2, keys.P2), (Severity.P3, keys.P3))
    return tuple(Channels(level, urls) for level, urls in levels if urls)
