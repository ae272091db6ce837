"""The metrics of a fleet, from its hosts' logs: each is asked for what is new, and the answers are added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from nginxgen.errors import NginxgenError
from nginxgen.metrics.log.rows import CONTROL, BadRow, parse, samples
from nginxgen.metrics.port import Reading, Subject
from nginxgen.metrics.slices import WIDER, as_one_route, compacted, within
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.samples import Sample, Window

AskHosts = Callable[[Mapping[str, LogAsk]], Mapping[str, LogAnswer | NginxgenError]]

_UNKNOWN = "?"
_MOST_UNKNOWN = 0.01  # of the requests may have gone to addresses of no version
_MOST_BAD = 0.01  # of the lines may be none of ours
_MOST_SKEW = 5.0  # seconds
_LONG_AGO = 2 * WIDER  # narrow slices; what is older is asked for in wide ones
_FOREVER = 9_999_999_999  # a host whose clock is ahead writes of times to come


class LogMetrics:
    """`ask` asks several hosts at once. `slice_seconds`: how finely it looks at what is recent, 1 or 10.

    The first window that is measured should begin where any of them begins: what was passed over is not read again.
    """

    name = "log"

    def __init__(
        self,
        hosts: Sequence[str],
        ask: AskHosts,
        clock: Callable[[], float],
        *,
        services: Sequence[str] = (),
        slice_seconds: int = 10,
    ) -> None:
        self._hosts = tuple(hosts)
        self._ask = ask
        self._clock = clock
        self._services = tuple(services)
        self._narrow = slice_seconds
        self._wide = WIDER * slice_seconds
        self._places: dict[str, str] = {}  # where the next narrow look at a host begins
        self._since: dict[str, int] = {}  # and from when, as long as there is no place
        self._known: dict[tuple[str, str, str], Sample] = {}

    def measure(self, subject: Subject, window: Window) -> Reading:
        now = self._clock()
        recent = int(now) - _LONG_AGO * self._narrow
        recent -= recent % self._wide
        for host in self._hosts:
            self._since.setdefault(host, int(window.since))
        failed = self._look_back(recent)
        notes, new_failed = self._go_on([host for host in self._hosts if host not in failed], recent, now)
        failed |= new_failed
        self._known = {key: compacted(sample, recent, self._wide) for key, sample in self._known.items()}
        control = self._of(subject, f"{subject.stable}{CONTROL}", window)
        stable = self._of(subject, subject.stable, window) + replace(control, version=subject.stable)
        canary = None if subject.canary is None else self._of(subject, subject.canary, window)
        faults = [*failed.values(), *self._unknown(subject, window, canary, stable)]
        error = "; ".join(faults) or None
        return Reading(canary, stable, control=control if subject.control else None, error=error, notes=tuple(notes))

    def _look_back(self, recent: int) -> dict[str, str]:
        """What is long ago, in wide slices, from hosts that were not asked before. Returns why hosts failed."""
        asks = {
            host: LogAsk(self._since[host], recent, self._wide, None, self._services)
            for host in self._hosts
            if host not in self._places and self._since[host] < recent
        }
        answers, failed = self._take(asks, recent)
        self._since |= dict.fromkeys(answers, recent)
        return failed

    def _go_on(self, hosts: Sequence[str], recent: int, now: float) -> tuple[list[str], dict[str, str]]:
        """What is recent, in narrow slices. Returns notes, and why hosts failed."""
        asks = {
            host: LogAsk(self._since[host], _FOREVER, self._narrow, self._places.get(host), self._services)
            for host in hosts
        }
        answers, failed = self._take(asks, recent)
        self._places |= {host: answer.place for host, answer in answers.items()}
        return [f"{host}: {note}" for host, answer in answers.items() for note in _notes(answer, now)], failed

    def _take(self, asks: Mapping[str, LogAsk], recent: int) -> tuple[dict[str, LogAnswer], dict[str, str]]:
        """Add the answers up, each whole or not at all; the hosts that gave one, and why others did not."""
        taken, failed = {}, {}
        for host, answer in (self._ask(asks) if asks else {}).items():
            if isinstance(answer, NginxgenError):
                failed[host] = answer.message if host in answer.message else f"{host}: {answer.message}"
                continue
            width = asks[host].slice_seconds
            try:
                rows = [parse(row, width) for row in answer.rows]
            except BadRow as fault:
                failed[host] = f"{host}: it said what is no row of a metrics log: {fault}"
                continue
            for sample in samples(rows, width):
                self._add(compacted(sample, recent, self._wide), recent)
            taken[host] = answer
        return taken, failed

    def _add(self, sample: Sample, recent: int) -> None:
        key = (sample.service, sample.route, sample.version)
        known = self._known.get(key)
        self._known[key] = sample if known is None else compacted(known, recent, self._wide) + sample

    def _of(self, subject: Subject, version: str, window: Window) -> Sample:
        chosen = (
            sample
            for (service, route, name), sample in self._known.items()
            if service == subject.service and name == version and (not subject.routes or route in subject.routes)
        )
        return within(as_one_route(chosen, subject.service, subject.route, version), window)

    def _unknown(self, subject: Subject, window: Window, *known: Sample | None) -> Iterator[str]:
        lost = self._of(subject, _UNKNOWN, window).total.counts.requests
        found = sum(sample.total.counts.requests for sample in known if sample is not None)
        if lost > _MOST_UNKNOWN * (lost + found):
            yield f"{lost:,} of {lost + found:,} requests of {subject.service} went to addresses of no version"


def _notes(answer: LogAnswer, now: float) -> Iterator[str]:
    if answer.lost:
        yield "the metrics log was rotated away before it was read: some requests are not counted"
    if answer.bad > _MOST_BAD * answer.read:
        yield f"{answer.bad:,} of {answer.read:,} lines of the metrics log are none"
    skew = answer.now - now
    if abs(skew) > _MOST_SKEW:
        yield f"its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
