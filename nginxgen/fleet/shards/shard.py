"""The side of a shard that holds the connections: it does what it is called to do, many calls at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from functools import partial
from typing import Any

from nginxgen.errors import NginxgenError
from nginxgen.fleet.connect import Roads
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.shards.calls import Answer, Call

_AT_ONCE = 4096  # calls; who calls has a limit of its own, and closing must not wait for steps that hang
_FAREWELL = 20.0  # seconds in which hosts put right what is under trial


class Shard:
    """`make` gives what leads to the hosts. Safe for many threads."""

    def __init__(self, make: Callable[[], Roads]) -> None:
        self._roads = make()
        self._crew = Crew(_AT_ONCE)
        self._things: dict[int, Any] = {}  # sessions, and streams that they have dialled
        self._answers: list[Answer] = []
        self.over = False
        self._told = threading.Condition()  # over these three

    def post(self, calls: Sequence[Call]) -> None:
        """Begin with them; the answers come with `collect`, in any order."""
        for call in calls:
            self._crew.submit(partial(self._carry_out, call))

    def collect(self, patience: float) -> list[Answer]:
        """The answers that are there, at least one; none after `patience` seconds."""
        with self._told:
            self._told.wait_for(lambda: self._answers or self.over, patience)
            found, self._answers = self._answers, []
        return found

    def close(self) -> None:
        """End every session; a host with an open trial undoes it."""
        with self._told:
            things, self._things, self.over = list(self._things.values()), {}, True
            self._told.notify_all()
        leaving = Crew(max(1, len(things)))
        wait([leaving.submit(thing.close) for thing in things], _FAREWELL)
        leaving.dismiss()
        self._crew.dismiss()
        self._roads.close()

    def _carry_out(self, call: Call) -> None:
        try:
            answer = Answer(call.number, self._done(call))
        except (NginxgenError, OSError) as error:
            answer = Answer(call.number, error=error)
        except Exception as bug:  # noqa: BLE001  (not every exception can travel; its words can)
            answer = Answer(call.number, error=RuntimeError(repr(bug)))
        if call.number:
            with self._told:
                self._answers.append(answer)
                self._told.notify_all()

    def _done(self, call: Call) -> object:
        match call.what:
            case "open":
                self._keep(call.thing, self._roads.connect(*call.words))
                return None
            case "dial":
                session, address, port, seconds = call.words
                stream = self._thing(session).dial(address, port, time.monotonic() + seconds)
                self._keep(call.thing, stream)
                return None
            case "close":
                thing = self._things.pop(call.thing, None)
                return None if thing is None else thing.close()
            case method:
                return getattr(self._thing(call.thing), method)(*call.words)

    def _thing(self, number: int) -> Any:
        if (thing := self._things.get(number)) is None:
            raise ConnectionAbortedError("the session has ended")  # closed by one thread while another asks
        return thing

    def _keep(self, number: int, thing: Any) -> None:
        with self._told:
            if not self.over:
                self._things[number] = thing
                return
        thing.close()
