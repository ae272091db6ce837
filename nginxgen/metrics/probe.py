"""Requests of our own, to stable and to canary by the override: samples where nobody else asks, at a bounded rate."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

from nginxgen.metrics.fetch import Failed, fetch
from nginxgen.metrics.port import Reading, Subject
from nginxgen.metrics.slices import within
from nginxgen.model.histogram import Histogram
from nginxgen.model.samples import Counts, Sample, Slice, Tally, Window

_MOST_BODY = 1 << 20  # bytes that are read of an answer
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Target:
    """One nginx, as it is reached from here."""

    address: str
    port: int
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, always a GET. `canary` and `stable` are the headers that choose: the override of the service."""

    host: str  # the Host header, and the name that TLS asks for
    path: str
    canary: Mapping[str, str]
    stable: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    expect: int | None = None  # another status than this is a failure; None: 5xx is
    timeout: float = 5.0  # seconds, for the whole of a request


@dataclass(frozen=True, slots=True)
class _Try:
    """How one request of ours ended."""

    status: int | None  # None: no answer came; unless it is a timeout, nginx itself is at fault, and no version
    seconds: float
    timeout: bool = False


class ProbeMetrics:
    """`number` requests to each version a measurement, no more than `rate` in a second, one at a time."""

    name = "probe"

    def __init__(
        self,
        targets: Sequence[Target],
        request: Request,
        *,
        number: int,
        rate: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not targets or number < 1 or rate <= 0:
            raise ValueError("a probe needs a target, a number and a rate")
        self._targets, self._request = tuple(targets), request
        self._number, self._pause = number, 1 / rate
        self._clock, self._sleep = clock, sleep
        self._slices: dict[tuple[Subject, str], list[Slice]] = {}
        self._until = 0  # where the last slice ended: they lie side by side

    def measure(self, subject: Subject, window: Window) -> Reading:
        """Asks now; earlier answers count as well, as far as the window reaches."""
        begun = max(int(self._clock()), self._until)
        asked = {subject.stable: self._request.stable}
        if subject.canary is not None:
            asked[subject.canary] = self._request.canary
        tries: dict[str, list[_Try]] = {version: [] for version in asked}
        for target in islice(cycle(self._targets), self._number):
            for version, headers in asked.items():
                tries[version].append(_ask(target, self._request, headers))
                self._sleep(max(0.0, self._pause - tries[version][-1].seconds))
        self._until = max(begun, int(self._clock())) + 1
        lost = 0
        for version, answers in tries.items():
            reached = [answer for answer in answers if answer.status is not None or answer.timeout]
            lost += len(answers) - len(reached)
            new = Slice(begun, self._until - begun, _tally(reached, self._request.expect))
            self._slices.setdefault((subject, version), []).append(new)
        canary = None if subject.canary is None else self._sample(subject, subject.canary, window)
        told = f"{lost} of {self._number * len(asked)} requests did not get to nginx"
        everything = lost == self._number * len(asked)
        return Reading(
            canary,
            self._sample(subject, subject.stable, window),
            error=told if everything else None,
            notes=(told,) if lost and not everything else (),
        )

    def _sample(self, subject: Subject, version: str, window: Window) -> Sample:
        slices = tuple(self._slices.get((subject, version), ()))
        return within(Sample(subject.service, subject.route, version, slices), window)


def _ask(target: Target, request: Request, headers: Mapping[str, str]) -> _Try:
    """A connection of its own for each: what a keepalive connection meets at a reload says nothing of the version."""
    try:
        answer = fetch(
            _connection(target, request),
            "GET",
            request.path,
            headers={"Host": request.host, **request.headers, **headers},
            most=_MOST_BODY,
            timeout=request.timeout,
        )
    except Failed as failed:
        return _Try(None, failed.seconds, failed.timeout)
    return _Try(answer.status, answer.seconds)


def _connection(target: Target, request: Request) -> http.client.HTTPConnection:
    """To the host's address, by the service's name."""
    if not target.tls:
        return http.client.HTTPConnection(target.address, target.port, timeout=request.timeout)
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(request.host, target.port, timeout=request.timeout, context=context)
    connection._create_connection = lambda _, timeout, source: socket.create_connection(  # type: ignore[attr-defined]  # noqa: SLF001  (the one way to connect elsewhere than to the name that the certificate is checked for)
        (target.address, target.port), timeout, source
    )
    return connection


def _tally(answers: Sequence[_Try], expect: int | None) -> Tally:
    def failed(answer: _Try) -> bool:
        if answer.status is None:
            return True
        return answer.status != expect if expect is not None else answer.status >= _SERVER_ERROR

    classes = [0 if answer.status is None else answer.status // 100 for answer in answers]
    counts = Counts(
        requests=len(answers),
        informational=classes.count(1),
        successful=classes.count(2),
        redirected=classes.count(3),
        client_errors=classes.count(4),
        server_errors=classes.count(5) + classes.count(0),
        errors=sum(map(failed, answers)),
        timeouts=sum(answer.timeout for answer in answers),
    )
    return Tally(counts, Histogram.of(answer.seconds for answer in answers))
