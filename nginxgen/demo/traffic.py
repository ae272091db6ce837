"""Requests to the lab, counted by the version that answered. Standard library only: four threads are enough here.

A request that gets no answer, or another status than 200, is counted as a failure under its reason, never dropped.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

Target = tuple[str, int]  # address and port
_TIMEOUT = 10.0  # seconds for one request


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for, at whichever target."""

    host: str  # the Host header: a server name of the service
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)

    def header_lines(self) -> dict[str, str]:
        cookie = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        )
        return {"Host": self.host, **cookie, **self.headers}


@dataclass(frozen=True, slots=True)
class Answer:
    """`version` is the first word of the body; without one `failure` says why: "status 502", "ConnectionResetError"."""

    version: str | None
    failure: str | None
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


@dataclass(frozen=True, slots=True)
class Tally:
    """All answers to a number of requests."""

    answers: tuple[Answer, ...]

    @property
    def versions(self) -> Counter[str]:
        return Counter(answer.version for answer in self.answers if answer.version is not None)

    @property
    def failures(self) -> Counter[str]:
        return Counter(answer.failure for answer in self.answers if answer.failure is not None)

    def share(self, version: str) -> float:
        """Percent of all requests, failed ones included, that this version answered."""
        return 100 * self.versions[version] / len(self.answers)

    def seconds(self, quantile: float) -> float:
        """The time within which this part (0 to 1, exclusive) of the requests was answered."""
        times = sorted(answer.seconds for answer in self.answers)
        return statistics.quantiles(times, n=1000, method="inclusive")[max(0, round(quantile * 1000) - 1)]


class Client:
    """One keepalive connection to one target; opened anew when the other side has closed it."""

    def __init__(self, target: Target) -> None:
        self._connection = http.client.HTTPConnection(*target, timeout=_TIMEOUT)

    def ask(self, request: Request) -> Answer:
        begin = time.perf_counter()
        try:
            response, body = self._exchange(request)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Answer(None, type(error).__name__, time.perf_counter() - begin)
        seconds = time.perf_counter() - begin
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.status != http.client.OK:
            return Answer(None, f"status {response.status}", seconds, headers)
        return Answer(body.decode(errors="replace").partition(" ")[0], None, seconds, headers)

    def close(self) -> None:
        self._connection.close()

    def _exchange(self, request: Request) -> tuple[http.client.HTTPResponse, bytes]:
        # A server may close an idle connection at any time, as nginx does on reload; a client then asks once more
        # on a new one (RFC 9110 9.2.2 allows it where no byte of an answer came and the method is safe to repeat).
        reused = self._connection.sock is not None
        try:
            return self._once(request)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            if not reused or request.method not in {"GET", "HEAD"}:
                raise
        return self._once(request)

    def _once(self, request: Request) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(request.method, request.path, headers=request.header_lines())
        response = self._connection.getresponse()
        return response, response.read()


def one(target: Target, request: Request) -> Answer:
    """One request on a connection of its own."""
    client = Client(target)
    try:
        return client.ask(request)
    finally:
        client.close()


def send(targets: Sequence[Target], request: Request, requests: int, *, concurrency: int = 4) -> Tally:
    """The same request, `requests` times: spread evenly over the targets and over `concurrency` connections."""
    return _spread(targets, lambda _: request, requests, concurrency)


def send_each(targets: Sequence[Target], requests: Sequence[Request], *, concurrency: int = 4) -> Tally:
    """Each of these requests once; answers stand in their order."""
    return _spread(targets, requests.__getitem__, len(requests), concurrency)


def count(targets: Sequence[Target], request: Request, requests: int, *, concurrency: int = 4) -> Counter[str]:
    """How often each version answered; failures are counted by their reason."""
    tally = send(targets, request, requests, concurrency=concurrency)
    return tally.versions + tally.failures


def _spread(targets: Sequence[Target], pick: Callable[[int], Request], requests: int, concurrency: int) -> Tally:
    def lane(first: int) -> list[tuple[int, Answer]]:
        clients = [Client(target) for target in targets]
        try:
            return [(i, clients[i % len(targets)].ask(pick(i))) for i in range(first, requests, concurrency)]
        finally:
            for client in clients:
                client.close()

    with ThreadPoolExecutor(concurrency) as pool:
        answers = [pair for pairs in pool.map(lane, range(concurrency)) for pair in pairs]
    return Tally(tuple(answer for _, answer in sorted(answers, key=lambda pair: pair[0])))
