"""What has to be so before a rollout, worked out from what was seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nginxgen.model.preflight import Level
from nginxgen.model.samples import Measured
from nginxgen.model.state import Drift, HostState
from nginxgen.model.vitals import Disk, Vitals

_MB = 1 << 20
_LEAST_SPACE = 200 * _MB
_LEAST_PART = 0.05
_GOOD_PART = 0.10
_LEAST_MEMORY = 50 * _MB
_GOOD_MEMORY = 200 * _MB
_MOST_SKEW = 5.0  # seconds: slices of time of two hosts must be the same
_HARMLESS = frozenset({Drift.BINARY_REPLACED})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at. What could not be looked at has failed."""

    name: str
    level: Level
    where: str  # host or service
    well: bool
    told: str
    hint: str | None = None


def host_items(host: str, state: HostState, vitals: Vitals, skew: float) -> Iterator[Item]:
    """`skew`: how far its clock is ahead of ours, in seconds."""
    yield _drift(host, state)
    yield from _way_back(host, state)
    for disk in vitals.disks:
        yield _disk(host, disk)
    yield _memory(host, vitals.memory)
    told = f"{abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    hint = "set the clocks by NTP: canary and stable are compared by the second"
    yield Item("clock", Level.CRITICAL, host, abs(skew) <= _MOST_SKEW, told, hint)


def _drift(host: str, state: HostState) -> Item:
    bad = [detail for code, detail in zip(state.drift, state.details, strict=False) if code not in _HARMLESS]
    level = Level.CRITICAL if bad or not state.drift else Level.ADVISORY
    told = "; ".join(bad or state.details) or "as it was committed"
    return Item("drift", level, host, not state.drift, told, "nginxgen status, then nginxgen apply")


def _way_back(host: str, state: HostState) -> Iterator[Item]:
    """A release that is kept has passed its test there: none other is."""
    if state.live is None:
        yield Item(
            "way back", Level.ADVISORY, host, well=False, told="nginxgen was not here yet", hint="nginxgen apply"
        )
        return
    there = state.previous in state.releases
    told = f"release {state.previous} is kept and tested" if there else "there is no release to go back to"
    yield Item("way back", Level.ADVISORY, host, there, told, "there is one after the next apply")
    if state.emergency is not None:
        kept = state.emergency in state.releases
        told = f"release {state.emergency} is {'kept and tested' if kept else 'gone'}"
        yield Item("emergency", Level.CRITICAL, host, kept, told, "nginxgen apply writes it again")


def _disk(host: str, disk: Disk) -> Item:
    part = disk.free / disk.total if disk.total else 0.0
    files = disk.free_files / disk.files if disk.files else 1.0
    enough = disk.free >= _LEAST_SPACE and min(part, files) >= _LEAST_PART
    well = enough and min(part, files) >= _GOOD_PART
    level = Level.ADVISORY if enough and not well else Level.CRITICAL
    told = f"{disk.free // _MB:,} MB ({part:.0%}) free at {disk.folder}"
    told += f", and {files:.0%} of the files" if files < _GOOD_PART else ""
    return Item("disk", level, host, well, told, "make room: releases, the journal and the logs go there")


def _memory(host: str, memory: int | None) -> Item:
    if memory is None:
        return Item("memory", Level.ADVISORY, host, well=False, told="not known")
    level = Level.ADVISORY if memory >= _LEAST_MEMORY else Level.CRITICAL
    told, hint = f"{memory // _MB:,} MB left", "a reload has old and new workers at the same time"
    return Item("memory", level, host, memory >= _GOOD_MEMORY, told, hint)


def metrics_items(service: str, measured: Measured, seconds: float) -> Iterator[Item]:
    """`seconds`: how far back it was looked."""
    hint = "nginxgen monitor shows more; docs/metrics.md"
    if measured.error:
        yield Item("metrics", Level.CRITICAL, service, well=False, told=measured.error, hint=hint)
    else:
        seen = 0 if measured.stable is None else measured.stable.total.counts.requests
        told = f"{seen:,} requests of stable in {seconds:.0f} s"
        hint = "without traffic no gate can pass: metrics: {source: probe} asks by itself"
        yield Item("metrics", Level.ADVISORY, service, seen > 0, told, hint)
    for name, number in measured.numbers.items():
        level = Level.CRITICAL if number.error or number.fine is False else Level.ADVISORY
        value = "no value" if number.value is None else f"{number.value:g}"
        yield Item(name, level, service, number.error is None and number.fine is not False, number.error or value)


def backend_item(host: str, service: str, down: Mapping[str, str], asked: int) -> Item:
    """`down`: why a server can't be reached from this host, by its address."""
    told = "; ".join(f"{address}: {why}" for address, why in down.items()) or f"all {asked} answer"
    name = f"backends of {service}"
    level = Level.CRITICAL if len(down) == asked else Level.ADVISORY
    return Item(name, level if down else Level.CRITICAL, host, not down, told, "is it running, and is the way open?")
