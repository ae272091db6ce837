"""The way to hosts that shards hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from nginxgen.fleet.connect import Roads
from nginxgen.fleet.crew import Crew
from nginxgen.fleet.shards.calls import Remote
from nginxgen.fleet.shards.far import FarSession
from nginxgen.fleet.shards.line import Gone, Line
from nginxgen.model.host import Host
from nginxgen.ports import HostSession


class Places:
    """connect.Roads over shards. `home`: host name -> which of them holds it.

    A host whose shard is gone goes to another, and where none is left, this process connects to it.
    """

    def __init__(self, home: Mapping[str, int], remotes: Sequence[Remote], make: Callable[[], Roads]) -> None:
        self._lines = tuple(map(Line, remotes))
        self._home = home
        self._make = make
        self._here: Roads | None = None
        self._lock = threading.Lock()  # over _here

    def connect(self, host: Host) -> HostSession:
        for line in self._in_turn(host):
            try:
                return FarSession(host, line)
            except Gone:
                continue
        with self._lock:
            if self._here is None:
                self._here = self._make()
        return self._here.connect(host)

    def close(self) -> None:
        leaving = Crew(len(self._lines))
        for ended in [leaving.submit(line.close) for line in self._lines]:
            ended.result()
        leaving.dismiss()
        if self._here is not None:
            self._here.close()

    def _in_turn(self, host: Host) -> Iterator[Line]:
        first = self._home.get(host.name, 0)
        return (line for line in (*self._lines[first:], *self._lines[:first]) if line.alive)
