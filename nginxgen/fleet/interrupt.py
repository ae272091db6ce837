"""Ctrl-C in the middle of a fleet change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def heeding_ctrl_c(work: Callable[[], T], stop: threading.Event) -> T:
    """What `work` returns. Ctrl-C sets `stop`, and `work` ends where it can; a second one is raised here at once.

    Ctrl-C strikes the main thread between any two instructions, which no state machine can bear. So the work is done in
    another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  (it is raised where the result is asked for)
            done.set_exception(error)

    threading.Thread(target=run, name="fleet change", daemon=True).start()
    try:
        return done.result()
    except KeyboardInterrupt:
        stop.set()
        return done.result()
