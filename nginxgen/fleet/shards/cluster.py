"""Shards on a Dask cluster: each worker holds the connections of its hosts in an actor, through all phases."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from typing import Any

from nginxgen.errors import Refused
from nginxgen.fleet.connect import Roads
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.shards.calls import LIFE, SILENT, Answer, Call, Remote
from nginxgen.fleet.shards.muster import able, client_of, said_by
from nginxgen.fleet.shards.shard import Shard

_KNOCK = 10.0  # seconds for the scheduler to answer, and for each worker to say which version it has
_END = 25.0  # seconds in which an actor ends its sessions
_HINT = "see its log; without --scheduler this machine connects by itself"


def start(scheduler: str, most: int, make: Callable[[], Roads]) -> tuple[Remote, ...]:
    """An actor on each worker of the cluster, on `most` at most. Raises InputError or Refused."""
    client = client_of(scheduler, _KNOCK)
    shared = _Shared(client)
    begun: list[_Actor] = []
    try:
        workers = able(client, scheduler, _KNOCK)[:most]
        begun.extend(_Actor(shared, address, make) for address in workers)
        for actor in begun:  # not before all were asked to: on each it takes what Python takes to import us
            actor.wait()
    except BaseException:
        leaving = Crew(max(1, len(begun)))
        wait([leaving.submit(actor.end) for actor in begun])
        leaving.dismiss()
        shared.leave()
        raise
    shared.leave()
    return tuple(begun)


class _Shared:
    """One client for all actors and for who starts them; who leaves last closes it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._users = 1
        self._lock = threading.Lock()

    def join(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            with contextlib.suppress(Exception):
                self.client.close(timeout=2)


class _Actor:
    """calls.Remote over Dask. It has begun after `wait`."""

    _actor: Any = None

    def __init__(self, shared: _Shared, address: str, make: Callable[[], Roads]) -> None:
        self.name = f"the Dask worker {address}"
        self._shared = shared
        self._address = address
        with shared.client.as_current():
            self._future = shared.client.submit(
                Held, make, actor=True, workers=[address], allow_other_workers=False, pure=False
            )
        shared.join()

    def wait(self) -> None:
        """A busy machine may need long for it; a worker that is gone needs for ever. Raises Refused."""
        over = time.monotonic() + SILENT
        while self._actor is None:
            try:
                with self._shared.client.as_current():  # which the actor remembers
                    self._actor = self._future.result(timeout=1)
            except TimeoutError as error:
                if self._address not in self._shared.client.nthreads():
                    raise Refused(f"{self.name} is gone", hint=_HINT) from error
                if time.monotonic() > over:
                    raise Refused(f"{self.name} does not take hosts within {SILENT:.0f} s", hint=_HINT) from error
            except Exception as error:
                raise Refused(f"{self.name} does not take hosts: {said_by(error)}", hint=_HINT) from error

    def send(self, calls: Sequence[Call]) -> None:
        self._actor.post(tuple(calls)).result(timeout=SILENT)

    def receive(self) -> Sequence[Answer]:
        answers: Sequence[Answer] = self._actor.collect().result(timeout=SILENT)
        return answers

    def end(self) -> None:
        with contextlib.suppress(Exception):
            if self._actor is not None:
                self._actor.end().result(timeout=_END)
        with contextlib.suppress(Exception):
            self._future.release()
        self._shared.leave()


class Held:
    """A shard as an actor. Its methods are coroutines: Dask runs those beside each other, and others in turn.

    Who asked may die without a word: where nobody collects answers for a while, the sessions end.
    """

    def __init__(self, make: Callable[[], Roads]) -> None:
        self._shard = Shard(make)
        self._waiter = Crew(4)
        self._heard = time.monotonic()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="nginxgen shard", daemon=True).start()

    async def post(self, calls: Sequence[Call]) -> None:
        self._shard.post(calls)

    async def collect(self) -> list[Answer]:
        self._heard = time.monotonic()
        return await asyncio.wrap_future(self._waiter.submit(lambda: self._shard.collect(LIFE)))

    async def end(self) -> None:
        self._over.set()
        await asyncio.wrap_future(self._waiter.submit(self._shard.close))
        self._waiter.dismiss()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            if time.monotonic() - self._heard > LIFE + SILENT / 2:
                self._over.set()
                self._shard.close()
                self._waiter.dismiss()
