"""Hosts that are not there: a double answers each question after one round trip and what the host would take.

Connecting takes five round trips. Apart from the bench, so that a worker which holds them loads little.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from nginxgen.fleet.fake import FakeHost, FakeSession
from nginxgen.model.host import Host

_ROUND_TRIP = 0.05  # seconds
_CONNECT = 5 * _ROUND_TRIP + 0.03  # TCP, key exchange, login, channel
_WORK = {"stage": 0.03, "trial": 0.3}  # seconds on the host: nginx -t; reload and watch


@dataclass(frozen=True, slots=True)
class Doubles:
    """fleet.connect.Roads to hosts in memory. Those of another name are others."""

    name: str

    def connect(self, host: Host) -> FakeSession:
        time.sleep(_CONNECT)
        return _FarAway(_double(self.name, host.name))

    def close(self) -> None: ...


class _FarAway(FakeSession):
    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        time.sleep(_ROUND_TRIP + _WORK.get(step, 0.0))
        with super()._step(step):
            yield


@cache
def _double(_: str, host: str) -> FakeHost:
    return FakeHost(host)
