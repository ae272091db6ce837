"""The side of a shard that asks: many threads at once, whose calls and answers travel together."""

from __future__ import annotations

import itertools
import queue
import threading
from concurrent.futures import Future
from typing import Any

from nginxgen.fleet.shards.calls import Call, Remote


class Gone(Exception):
    """The shard is not there any more, and with it the connections that it held."""


class Line:
    """Safe for many threads."""

    def __init__(self, remote: Remote) -> None:
        self.name = remote.name
        self._remote = remote
        self._numbers = itertools.count(1)
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._waiting: dict[int, Future[Any]] = {}
        self._gone = False
        self._lock = threading.Lock()  # over the two
        for work in (self._send, self._receive):
            threading.Thread(target=work, name=f"{work.__name__} {self.name}", daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._gone

    def number(self) -> int:
        """A new one, for a call or a thing."""
        return next(self._numbers)

    def ask(self, thing: int, what: str, *words: Any) -> Any:
        """What came of it. Raises what was raised there, or Gone."""
        future: Future[Any] = Future()
        call = Call(self.number(), thing, what, words)
        with self._lock:
            if self._gone:
                raise Gone
            self._waiting[call.number] = future
        self._calls.put(call)
        return future.result()

    def tell(self, thing: int, what: str, *words: Any) -> None:
        """The same without an answer."""
        self._calls.put(Call(0, thing, what, words))

    def close(self) -> None:
        self._lose()
        self._remote.end()

    def _send(self) -> None:
        try:
            while (call := self._calls.get()) is not None:
                calls = [call]
                while not self._calls.empty():
                    if (call := self._calls.get()) is None:
                        return
                    calls.append(call)
                self._remote.send(calls)
        except Exception:  # noqa: BLE001  (whatever it was, nothing can be said any more)
            self._lose()

    def _receive(self) -> None:
        try:
            while not self._gone:
                for answer in self._remote.receive():
                    with self._lock:
                        future = self._waiting.pop(answer.number, None)
                    if future is None:
                        continue
                    if answer.error is not None:
                        future.set_exception(answer.error)
                    else:
                        future.set_result(answer.value)
        except Exception:  # noqa: BLE001  (as above)
            self._lose()

    def _lose(self) -> None:
        with self._lock:
            self._gone = True
            waiting, self._waiting = self._waiting, {}
        self._calls.put(None)
        for future in waiting.values():
            future.set_exception(Gone())
