"""Threads that do jobs. A step on a host may hang for minutes, and Ctrl-C must not wait for it.

The threads of concurrent.futures keep the interpreter alive until their last job is done. These do not.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple[Future[Any], Callable[[], Any]]


class Crew:
    """At most `size` jobs at once; more wait their turn. Threads are started when they are needed, and kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._members = 0
        self._free = 0  # members without a job, or below nothing the jobs without a member
        self._dismissed = False
        self._lock = threading.Lock()  # over the three, and over putting jobs in the queue

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """The result to be; it is cancelled where the crew is dismissed before the job has begun."""
        future: Future[T] = Future()
        with self._lock:
            if self._dismissed:
                future.cancel()
                return future
            self._jobs.put((future, job))
            self._free -= 1
            if self._free < 0 and self._members < self._size:
                self._free += 1
                self._members += 1
                threading.Thread(target=self._work, name=f"host-{self._members}", daemon=True).start()
        return future

    def dismiss(self) -> None:
        """Nobody waits for jobs that are under way; those that have not begun are cancelled."""
        with self._lock:
            self._dismissed = True
            while not self._jobs.empty():
                with contextlib.suppress(queue.Empty):  # a member was quicker
                    if (job := self._jobs.get_nowait()) is not None:
                        job[0].cancel()
            for _ in range(self._members):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001  (it is raised where the result is asked for)
                    future.set_exception(error)
            del job, future, work  # a thread that waits holds nothing of its last job
            with self._lock:
                self._free += 1
