"""A two-way pipe to a running host.sh, whatever carries it."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from nginxgen.errors import Unreachable
from nginxgen.ports import Stream

WRITE = 60.0  # seconds in which the other side has to take what we send
CHATTY = 4000  # bytes of its complaints that are worth reading
_REAP = 2.0  # seconds in which a process of ours ends that hears no more; only then is nothing left of it


class PipeEnded(Exception):
    """The other side closed, broke, was silent past the deadline, or makes no sense. `why` is for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Pipe(Protocol):
    """One thread may send, another receive and a third close, all at the same time: closing ends what the others do."""

    def send(self, data: bytes) -> None:
        """All of it. Raises PipeEnded."""

    def receive(self, deadline: float) -> bytes:
        """Some bytes, at least one. `deadline` in time.monotonic() seconds. Raises PipeEnded."""

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        """As ports.HostSession."""

    def complaint(self) -> str:
        """What the other side wrote to stderr, for a message; may be empty. Does not wait long."""

    def close(self, patience: float) -> None:
        """Say that nothing more comes, which tells host.sh to put right what is under trial and to end.

        Returns when it has ended, or after `patience` seconds. Never raises; again does nothing.
        """


class LocalPipe:
    """A command on this machine, without SSH."""

    def __init__(self, name: str, argv: Sequence[str]) -> None:
        # A socket can be shut while other threads wait on it; a pipe that is closed under them may become another file.
        self._ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (a pipe that nobody reads would fill and stop the host)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,  # Ctrl-C is for us; the host learns of it by the end of its input
            )
        except OSError as error:
            self._ours.close()
            self._errors.close()
            raise Unreachable(name, f"cannot start {error.filename}: {error.strerror}") from error
        finally:
            theirs.close()
        self._ours.setblocking(False)
        self._sending, self._receiving = threading.Lock(), threading.Lock()

    def send(self, data: bytes) -> None:
        deadline, rest = time.monotonic() + WRITE, memoryview(data)
        with self._sending:
            while rest:
                self._wait(select.POLLOUT, deadline, "it stopped reading")
                try:
                    rest = rest[self._ours.send(rest) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise PipeEnded("the script on the host ended") from error

    def receive(self, deadline: float) -> bytes:
        with self._receiving:
            self._wait(select.POLLIN, deadline, "no answer in time")
            try:
                data = self._ours.recv(1 << 16)
            except OSError as error:
                raise PipeEnded("the script on the host ended") from error
        if not data:
            raise PipeEnded("the script on the host ended")
        return data

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        return socket.create_connection((address, port), max(0.001, deadline - time.monotonic()))

    def complaint(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        try:
            self._errors.seek(0)
            return self._errors.read(CHATTY).decode(errors="replace").strip()
        except ValueError:  # closed meanwhile
            return ""

    def close(self, patience: float) -> None:
        self._shut(socket.SHUT_WR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(patience, _REAP))
        self._shut(socket.SHUT_RDWR)
        with self._sending, self._receiving:
            self._ours.close()
            self._errors.close()

    def _shut(self, how: int) -> None:
        with contextlib.suppress(OSError):  # it is shut already
            self._ours.shutdown(how)

    def _wait(self, event: int, deadline: float, late: str) -> None:
        if self._ours.fileno() < 0:
            raise PipeEnded("the session is closed")
        ready = select.poll()
        ready.register(self._ours, event)
        if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise PipeEnded(late)


class ContainerPipe(LocalPipe):
    """A command in a container of this machine, by `docker exec -i`. `address`: where we reach the container."""

    def __init__(self, name: str, argv: Sequence[str], address: str) -> None:
        super().__init__(name, argv)
        self._address = address

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        """What is the container's own loopback is not ours."""
        inside = address.startswith("127.") or address == "::1"
        return super().dial(self._address if inside else address, port, deadline)
