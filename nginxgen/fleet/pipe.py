"""A two-way pipe to a running host.sh, whatever carries it."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from typing import Protocol

from nginxgen.errors import Unreachable
from nginxgen.fleet import script
from nginxgen.model.host import Host

MOST = 64 << 20  # bytes in one answer; a host that says more is not speaking our protocol


class PipeEnded(Exception):
    """The other side closed, broke, was silent past the deadline, or said too much. `why` is for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Pipe(Protocol):
    def send(self, data: bytes) -> None:
        """All of it. Raises PipeEnded."""

    def receive(self, deadline: float) -> bytes:
        """Some bytes, at least one. `deadline` in time.monotonic() seconds. Raises PipeEnded."""

    def complaint(self) -> str:
        """What the other side wrote to stderr, for a message; may be empty."""

    def close(self) -> None: ...


class LocalPipe:
    """host.sh on this machine, without SSH."""

    def __init__(self, host: Host) -> None:
        try:
            self._process = subprocess.Popen(
                script.argv(host),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for us; the host learns of it by the end of its input
            )
        except OSError as error:
            raise Unreachable(host.name, f"cannot start {error.filename}: {error.strerror}") from error
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        os.set_blocking(self._stdin, False)

    @property
    def _stdin(self) -> int:
        assert self._process.stdin is not None  # noqa: S101  (for the type checker: it was asked for above)
        return self._process.stdin.fileno()

    @property
    def _stdout(self) -> int:
        assert self._process.stdout is not None  # noqa: S101  (as above)
        return self._process.stdout.fileno()

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        deadline = time.monotonic() + 60
        while rest:
            try:
                rest = rest[os.write(self._stdin, rest) :]
            except BlockingIOError:
                with selectors.DefaultSelector() as writable:
                    writable.register(self._stdin, selectors.EVENT_WRITE)
                    if not writable.select(max(0.0, deadline - time.monotonic())):
                        raise PipeEnded("it stopped reading") from None
            except OSError as error:
                raise PipeEnded("the script on the host ended") from error

    def receive(self, deadline: float) -> bytes:
        if not self._selector.select(max(0.0, deadline - time.monotonic())):
            raise PipeEnded("no answer in time")
        data = os.read(self._stdout, 1 << 16)
        if not data:
            raise PipeEnded("the script on the host ended")
        return data

    def complaint(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        if self._process.poll() is None or self._process.stderr is None:
            return ""
        return self._process.stderr.read(4000).decode(errors="replace").strip()

    def close(self) -> None:
        """Closing stdin tells host.sh to put right what is under trial; it is given time to do so."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._selector.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
