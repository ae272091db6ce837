"""Shards on a Dask cluster: each worker holds the connections of its hosts in an actor, through all phases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from nginxgen import __version__
from nginxgen.errors import InputError, Refused
from nginxgen.fleet.connect import Roads
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.shards.calls import LIFE, SILENT, Answer, Call, Remote
from nginxgen.fleet.shards.shard import Shard

_KNOCK = 10.0  # seconds for the scheduler to answer, and for an actor to begin
_END = 25.0  # seconds in which an actor ends its sessions


def start(scheduler: str, most: int, make: Callable[[], Roads]) -> tuple[Remote, ...]:
    """An actor on each worker of the cluster, on `most` at most. Raises InputError or Refused."""
    client = _client(scheduler)
    workers = sorted(client.nthreads())[:most]
    shared = _Shared(client, users=max(1, len(workers)))
    begun: list[Remote] = []
    try:
        begun.extend(_Actor(shared, address, make) for address in workers)
    except BaseException:
        for actor in begun:
            actor.end()
        shared.leave(len(workers) - len(begun))
        raise
    if not begun:
        shared.leave()
        raise Refused(f"the Dask scheduler {scheduler} has no workers", hint=f"dask worker {scheduler}")
    return tuple(begun)


def _client(scheduler: str) -> Any:
    try:
        import distributed  # noqa: PLC0415  (an extra: where it is missing, this is said in words)
    except ImportError:
        raise InputError("--scheduler needs Dask", hint="pip install 'nginxgen[dask]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it logs we say ourselves, by host
    for name in ("client", "core", "comm", "batched"):
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    try:
        return distributed.Client(scheduler, timeout=_KNOCK, set_as_default=False, name="nginxgen")
    except (OSError, ValueError, TypeError) as error:
        said = str(error).strip() or type(error).__name__
        raise Refused(
            f"cannot reach the Dask scheduler {scheduler}: {said}",
            hint="is it up? Without --scheduler this machine connects by itself",
        ) from error


class _Shared:
    """One client for all actors; who leaves last closes it."""

    def __init__(self, client: Any, users: int) -> None:
        self.client = client
        self._users = users
        self._lock = threading.Lock()

    def leave(self, count: int = 1) -> None:
        with self._lock:
            self._users -= count
            last = self._users <= 0
        if last:
            with contextlib.suppress(Exception):
                self.client.close(timeout=2)


class _Actor:
    """calls.Remote over Dask."""

    def __init__(self, shared: _Shared, address: str, make: Callable[[], Roads]) -> None:
        self.name = f"the Dask worker {address}"
        self._shared = shared
        with shared.client.as_current():
            self._future = shared.client.submit(
                Held, make, __version__, actor=True, workers=[address], allow_other_workers=False, pure=False
            )
            try:
                self._actor = self._future.result(timeout=_KNOCK)
            except Refused:
                raise
            except Exception as error:
                why = f"{self.name} does not take hosts: {str(error) or type(error).__name__}"
                raise Refused(why, hint="is nginxgen installed there, in the same version?") from error

    def send(self, calls: Sequence[Call]) -> None:
        self._actor.post(tuple(calls)).result(timeout=SILENT)

    def receive(self) -> Sequence[Answer]:
        answers: Sequence[Answer] = self._actor.collect().result(timeout=SILENT)
        return answers

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self._actor.end().result(timeout=_END)
        with contextlib.suppress(Exception):
            self._future.release()
        self._shared.leave()


class Held:
    """A shard as an actor. Its methods are coroutines: Dask runs those beside each other, and others in turn.

    Who asked may die without a word: where nobody collects answers for a while, the sessions end.
    """

    def __init__(self, make: Callable[[], Roads], version: str) -> None:
        if version != __version__:
            raise Refused(f"nginxgen {__version__} is installed there, and {version} here")
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
