"""Canary and stable from Prometheus: counts and buckets, so that the same judge judges them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from nginxgen.metrics.port import Reading, Subject
from nginxgen.metrics.prometheus.client import Client, Series, SourceDown
from nginxgen.model.histogram import Bucket, Histogram
from nginxgen.model.samples import Counts, Number, Sample, Slice, Tally, Window
from nginxgen.model.sources import Queries

_WORDS = re.compile(r"\$(version|service|route|window)\b")
_LEAST = 60  # seconds of a slice: increase() needs some scrapes to go by


class PrometheusMetrics:
    """Each measurement adds a slice from where the last one ended, so that the judge sees what is new."""

    name = "prometheus"

    def __init__(self, client: Client, queries: Queries | None, numbers: Mapping[str, str] | None = None) -> None:
        """`numbers`: queries by the name that gates use. Without `queries` only they are asked for."""
        self._client = client
        self._queries = queries
        self._numbers = dict(numbers or {})
        self._slices: dict[tuple[Subject, str], list[Slice]] = {}
        self._until: dict[Subject, int] = {}

    def measure(self, subject: Subject, window: Window) -> Reading:
        numbers = {name: self._number(query, subject, window) for name, query in self._numbers.items()}
        if self._queries is None:
            return Reading(numbers=numbers)
        start = self._until.get(subject, int(window.since))
        seconds = int(window.until) - start
        try:
            new = {
                version: self._slice(self._queries, version, subject, start, seconds) for version in _versions(subject)
            }
        except SourceDown as down:
            return Reading(numbers=numbers, error=str(down))
        found = {version: (*self._slices.get((subject, version), ()), *new[version]) for version in new}
        if seconds >= _LEAST:  # a shorter one is asked for again, longer, the next time
            self._until[subject] = start + seconds
            self._slices |= {(subject, version): list(slices) for version, slices in found.items()}
        samples = {
            version: Sample(subject.service, subject.route, version, slices) for version, slices in found.items()
        }
        canary = None if subject.canary is None else samples[subject.canary]
        return Reading(canary, samples[subject.stable], numbers)

    def _slice(self, asked: Queries, version: str, subject: Subject, start: int, seconds: int) -> tuple[Slice, ...]:
        """None where there was no request. Raises SourceDown."""
        if seconds <= 0:
            return ()
        words = _told(subject, version, seconds)
        at = float(start + seconds)
        requests = _count(self._client.ask(filled(asked.requests, words), at), "requests", none=0)
        if not requests:
            return ()
        errors = _count(self._client.ask(filled(asked.errors, words), at), "errors")
        timeouts = _count(self._client.ask(filled(asked.timeouts, words), at), "timeouts") if asked.timeouts else 0
        times = _buckets(self._client.ask(filled(asked.buckets, words), at)) if asked.buckets else Histogram()
        errors, timeouts = min(errors, requests), min(timeouts, requests)  # increase() rounds each on its own
        counts = Counts(requests=requests, server_errors=errors, errors=errors, timeouts=timeouts)
        return (Slice(start, seconds, Tally(counts, times)),)

    def _number(self, query: str, subject: Subject, window: Window) -> Number:
        words = _told(subject, subject.canary or subject.stable, max(1, round(window.seconds)))
        try:
            series = self._client.ask(filled(query, words), window.until)
        except SourceDown as down:
            return Number(error=str(down))
        if len(series) > 1:
            return Number(error=f"the query gives {len(series)} series where one is wanted: add up, or choose")
        return Number(series[0].value if series else None)


def filled(query: str, words: Mapping[str, str]) -> str:
    """Only our own words; PromQL has braces and, in patterns, dollars."""
    return _WORDS.sub(lambda found: words[found[1]], query)


def _told(subject: Subject, version: str, seconds: int) -> dict[str, str]:
    """$route is a pattern for =~, since it may be several."""
    routes = "|".join(subject.routes) or ".*"
    return {"version": version, "service": subject.service, "route": routes, "window": f"{seconds}s"}


def _versions(subject: Subject) -> tuple[str, ...]:
    return (subject.stable,) if subject.canary is None else (subject.stable, subject.canary)


def _count(series: Sequence[Series], what: str, none: int | None = None) -> int:
    """`none`: what no series, or NaN, stands for. Raises SourceDown."""
    if len(series) > 1:
        raise SourceDown(f"the query of {what} gives {len(series)} series where one is wanted: add up, or choose")
    value = series[0].value if series else math.nan
    if not math.isnan(value) and 0 <= value < _MOST:
        return round(value)
    if none is not None and math.isnan(value):
        return none
    hint = ": where none is meant, end it with `or vector(0)`" if math.isnan(value) else f", {value:g}"
    raise SourceDown(f"the query of {what} gives no count{hint}")


_MOST = 1e15


def _buckets(series: Sequence[Series]) -> Histogram:
    """From counts of `le`, each with all that is smaller. Raises SourceDown."""
    try:
        known = sorted((float(one.labels["le"]), one.value) for one in series)
    except (KeyError, ValueError):
        raise SourceDown("the query of buckets gives series without an le: sum by (le) (...)") from None
    if len({edge for edge, _ in known}) < len(known):
        raise SourceDown("the query of buckets gives an le twice: sum by (le) (...)")
    buckets, lower, below = [], 0.0, 0
    for edge, value in known:
        total = max(below, round(value)) if 0 <= value < _MOST else below  # NaN and rounding add nothing
        if total > below and edge > lower:
            buckets.append(Bucket(lower, edge, total - below))
        lower, below = max(lower, edge), total
    middle = sum(bucket.count * bucket.middle for bucket in buckets)
    return Histogram(tuple(buckets), round(middle * 1e6))
