"""`metrics:` and `smoke:` of a service, and `preflight:`, as the program's nouns."""

from __future__ import annotations

from pathlib import Path

from nginxgen.inventory.schema.metrics import MetricsKeys, ProbeKeys, PrometheusKeys
from nginxgen.inventory.schema.preflight import CheckKeys
from nginxgen.inventory.schema.traffic import SmokeKeys
from nginxgen.inventory.words.figures import seconds
from nginxgen.model.preflight import OwnCheck
from nginxgen.model.service import Smoke
from nginxgen.model.sources import LOG_ONLY, NamedCommand, NamedQuery, Probe, Prometheus, Queries, Sources


def sources(keys: MetricsKeys | None, folder: Path) -> Sources:
    """`folder` is that of the inventory: a program named by a relative path is looked for from there."""
    if keys is None:
        return LOG_ONLY
    numbers = keys.numbers or {}
    return Sources(
        counting=keys.source,
        log=keys.log,
        prometheus=None if keys.prometheus is None else _prometheus(keys.prometheus),
        probe=None if keys.probe is None else _probe(keys.probe),
        queries=tuple(NamedQuery(name, one.query) for name, one in numbers.items() if one.query is not None),
        commands=tuple(
            NamedCommand(name, _argv(one.command, folder), seconds(one.timeout))
            for name, one in numbers.items()
            if one.command is not None
        ),
    )


def smoke(keys: SmokeKeys) -> Smoke:
    within = None if keys.within is None else seconds(keys.within)
    return Smoke(keys.path, keys.status, keys.body or "", keys.json_values or {}, within)


def check(keys: CheckKeys, folder: Path) -> OwnCheck:
    """`folder` as for `sources`."""
    return OwnCheck(keys.name, _argv(keys.command, folder), keys.severity, seconds(keys.timeout))


def _argv(words: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """A bare name is looked for on PATH, as everywhere."""
    program, *rest = words
    return (str((folder / program).absolute()) if "/" in program else program, *rest)


def _prometheus(keys: PrometheusKeys) -> Prometheus:
    timeout = seconds(keys.timeout)
    if keys.requests is None or keys.errors is None:
        return Prometheus(keys.url, timeout)
    return Prometheus(keys.url, timeout, Queries(keys.requests, keys.errors, keys.buckets, keys.timeouts))


def _probe(keys: ProbeKeys) -> Probe:
    return Probe(keys.path, keys.status, float(keys.rate), keys.number, seconds(keys.timeout))
