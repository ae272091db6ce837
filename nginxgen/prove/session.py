"""The claims of a stage, put to nginx one request after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from nginxgen.check.private import socket
from nginxgen.explain import Request
from nginxgen.model.service import Service
from nginxgen.prove.certificate import CHAIN
from nginxgen.prove.claim import Ask, Claim
from nginxgen.prove.client import Answer, Client
from nginxgen.prove.moved import tls_socket
from nginxgen.prove.roads import host_of
from nginxgen.prove.webserver import ADDRESS_HEADER, FAULT_HEADER, NUMBER_HEADER, logged

_MESSAGE = b"nginxgen proof"
_UNLOGGED = ("", "-")  # a request that nginx could not read has no number


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, with what nginx logged of it."""

    answer: Answer
    pool: str = ""
    tries: int = 0
    number: int = 0  # of the request
    asked: tuple[str, ...] = ()  # the stubs that got the request, or a copy of it
    echoed: bool = True
    again: Answer | None = None  # to the second request, with the cookie that the first one set

    @property
    def stub(self) -> str:
        """Version and server: "v1 0"."""
        return self.answer.headers.get("x-nginxgen-stub", "")

    @property
    def version(self) -> str:
        return version_of(self.answer)


def version_of(answer: Answer) -> str:
    return answer.headers.get("x-nginxgen-stub", "").rpartition(" ")[0]


@dataclass(slots=True)
class Session:
    """Requests to a private nginx, each with a number of its own."""

    folder: Path
    services: Sequence[Service]
    _number: int = field(default=0, init=False)

    def put(self, claims: Sequence[Claim]) -> list[tuple[Seen, ...]]:
        """What was seen, by claim. Raises Refused where no answer comes."""
        with ExitStack() as stack:
            talks = {
                service.name: _Talk(
                    service,
                    stack.enter_context(Client(socket(service.listen[0], self.folder))),
                    stack.enter_context(Client(tls_socket(service, self.folder), self.folder / CHAIN)),
                )
                for service in self.services
            }
            first = [
                (claim, [(self._next(), self._one(talks[claim.service], ask)) for ask in claim.asks])
                for claim in claims
            ]
        log = logged(self.folder, self._number)
        return [
            tuple(_with_log(replace(seen, number=number), *log.get(str(number), _UNLOGGED)) for number, seen in answers)
            for _, answers in first
        ]

    def _next(self) -> int:
        return self._number + 1

    def _one(self, talk: _Talk, ask: Ask) -> Seen:
        answer = self._ask(talk, ask.request, ask.fault, tls=ask.tls)
        if ask.echo:
            echoed = answer.status == 101 and talk.client.echo(_MESSAGE) == _MESSAGE  # noqa: PLR2004  (switching)
            talk.client.close()
            return Seen(answer, echoed=echoed)
        if ask.sets is None:
            return Seen(answer)
        value = answer.headers.get("set-cookie", "").partition(";")[0].partition("=")[2]
        again = replace(ask.request, cookies=(*ask.request.cookies, (ask.sets, value)))
        return Seen(answer, again=self._ask(talk, again, ""))

    def _ask(self, talk: _Talk, request: Request, fault: str, *, tls: bool = False) -> Answer:
        self._number += 1
        return (talk.secure if tls else talk.client).ask(
            host_of(talk.service), request, dict(self._extra(talk.service, request, fault))
        )

    def _extra(self, service: Service, request: Request, fault: str) -> Iterator[tuple[str, str]]:
        yield NUMBER_HEADER, str(self._number)
        if request.address:
            yield service.real_ip.header if service.real_ip else ADDRESS_HEADER, request.address
        if fault:
            yield FAULT_HEADER, fault


@dataclass(frozen=True, slots=True)
class _Talk:
    """A service, and the connections to it."""

    service: Service
    client: Client
    secure: Client  # over TLS; opened where a claim needs it


def _with_log(seen: Seen, pool: str, tried: str) -> Seen:
    """`$upstream_addr` lists tries with commas; sockets of ours have none in their names."""
    return replace(seen, pool=pool, tries=len(tried.split(", ")) if tried != "-" else 0)
