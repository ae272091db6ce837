"""A slow network in front of one host: a TCP forwarder that delays, and counts bytes. Needs no root.

Each direction is delayed by half the round trip, in order, at any bandwidth. The handshake costs what it costs on a
real line: the server hears of the client after one and a half round trips, and nothing reaches the client before two.
Not modelled: loss, and TCP's slow start (an upload beyond some 14 KB would take a round trip more).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bench.fleet import Endpoint


@dataclass(slots=True)
class Line:
    """A forwarder to one endpoint, on a port of its own."""

    behind: Endpoint
    round_trip: float  # seconds; may be changed between connections
    endpoint: Endpoint = ("127.0.0.1", 0)
    sent: int = 0  # bytes, client to server
    received: int = 0
    connections: int = 0
    turns: int = 0  # round trips: TCP's own, and each time that the client hears an answer to what it has said
    _spoke_at: float | None = None  # when the client said the first thing that is not answered yet

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._forward, self.endpoint[0], 0)
        self.endpoint = server.sockets[0].getsockname()[:2]
        return server

    def reset(self) -> None:
        self.sent = self.received = self.connections = self.turns = 0

    async def _forward(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.turns += 1
        begin = asyncio.get_running_loop().time()
        await asyncio.sleep(1.5 * self.round_trip)
        server_in, server_out = await asyncio.open_connection(*self.behind)
        up = self._delayed(client_in, server_out, begin + 1.5 * self.round_trip, self._spoken, _ignored)
        down = self._delayed(server_in, client_out, begin + 2 * self.round_trip, _ignored, self._answered)
        with suppress(OSError, asyncio.CancelledError):  # cancelled: the line is taken down
            await asyncio.gather(up, down)

    async def _delayed(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        earliest: float,
        heard: Callable[[int], None],
        told: Callable[[int], None],
    ) -> None:
        """Pass on what comes, each piece half a round trip later, and none before `earliest`; then the end of it."""
        clock = asyncio.get_running_loop().time
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            data = b"-"
            while data:
                try:
                    data = await source.read(1 << 16)
                except OSError:
                    data = b""
                heard(len(data))
                pieces.put_nowait((max(clock() + self.round_trip / 2, earliest), data))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, data = await pieces.get()
                await asyncio.sleep(due - clock())
                if not data:
                    break
                told(len(data))
                sink.write(data)
                await sink.drain()
        finally:
            reading.cancel()
            sink.close()

    def _spoken(self, size: int) -> None:
        self.sent += size
        if size and self._spoke_at is None:
            self._spoke_at = time.monotonic()

    def _answered(self, size: int) -> None:
        self.received += size
        # what comes sooner than a round trip later was on its way already
        if self._spoke_at is not None and time.monotonic() - self._spoke_at >= 0.95 * self.round_trip:
            self.turns += 1
            self._spoke_at = None


def _ignored(_: int) -> None: ...


@contextmanager
def slow_line(behind: Endpoint) -> Iterator[Line]:
    """The forwarder runs in a thread of its own while the block lasts."""
    line = Line(behind, 0.0)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(line.serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
