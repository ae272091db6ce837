"""Shards in processes of this machine: for more connections than one interpreter can encrypt for at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

from nginxgen.errors import Refused
from nginxgen.fleet.connect import Roads
from nginxgen.fleet.shards.calls import LIFE, SILENT, Answer, Call, Remote
from nginxgen.fleet.shards.shard import Shard

_END = 25.0  # seconds in which a worker ends its sessions


def start(number: int, make: Callable[[], Roads]) -> tuple[Remote, ...]:
    """So many workers. Raises Refused where the machine has no room for them."""
    begun: list[Remote] = []
    try:
        begun.extend(_Worker(make) for _ in range(number))
    except OSError as error:
        for worker in begun:
            worker.end()
        raise Refused(f"cannot start worker processes: {error.strerror}", hint="use fewer: --workers 1") from error
    return tuple(begun)


class _Worker:
    """A process of our own that ends when we do: it sees the end of its pipe."""

    def __init__(self, make: Callable[[], Roads]) -> None:
        # not by fork: that copies locks which other threads hold
        start_anew = multiprocessing.get_context("spawn")
        self._pipe, theirs = start_anew.Pipe()
        self._process = start_anew.Process(target=_live, args=(theirs, make), name="nginxgen-shard", daemon=True)
        # Ctrl-C is for us, and a child inherits what is blocked: so it can't strike while it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._sending = threading.Lock()
        self.name = f"the worker process {self._process.pid}"

    def send(self, calls: Sequence[Call]) -> None:
        with self._sending:
            self._pipe.send(calls)

    def receive(self) -> Sequence[Answer]:
        if not self._pipe.poll(SILENT):
            raise TimeoutError
        answers: Sequence[Answer] = self._pipe.recv()
        return answers

    def end(self) -> None:
        with contextlib.suppress(OSError), self._sending:
            self._pipe.send(None)
        self._process.join(_END)
        if self._process.is_alive():
            self._process.kill()


def _live(pipe: Connection, make: Callable[[], Roads]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shard = Shard(make)
    threading.Thread(target=_answer, args=(pipe, shard), daemon=True).start()
    # the end of the pipe: who asked has died, and the hosts are to put right what is under trial
    with contextlib.suppress(EOFError, OSError):
        while (calls := pipe.recv()) is not None:
            shard.post(calls)
    shard.close()


def _answer(pipe: Connection, shard: Shard) -> None:
    with contextlib.suppress(OSError):
        while not shard.over:
            pipe.send(shard.collect(LIFE))
