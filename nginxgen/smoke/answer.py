"""An HTTP answer over a stream that somebody else opened, and whether it is what a smoke request must get."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nginxgen.model.service import Smoke
from nginxgen.ports import Stream
from nginxgen.smoke.door import Door
from nginxgen.smoke.request import left, opened

_LARGEST = 1 << 20  # bytes of a body that are looked at


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes  # the beginning of it; empty where nobody asks for it


def ask(
    stream: Stream, door: Door, name: str, smoke: Smoke, deadline: float, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """`deadline` in time.monotonic() seconds. Raises OSError, also for an answer that is not HTTP."""
    talk = opened(stream, door, name, deadline)
    given = {"Host": name, "User-Agent": "nginxgen-smoke", "Accept": "*/*", "Connection": "close", **(headers or {})}
    lines = "".join(f"{key}: {value}\r\n" for key, value in given.items())
    talk.settimeout(left(deadline))
    talk.sendall(f"GET {smoke.path} HTTP/1.1\r\n{lines}\r\n".encode())
    response = http.client.HTTPResponse(_Socket(talk, deadline))  # type: ignore[arg-type]  # it only asks for a file
    try:
        response.begin()
        return Answer(response.status, response.read(_LARGEST) if smoke.body or smoke.json else b"")
    except http.client.HTTPException as error:
        raise OSError(_said(error)) from error


def wrong(smoke: Smoke, answer: Answer, seconds: float) -> str | None:
    """Why it is not what it must be; None where it is."""
    if answer.status != smoke.status:
        return f"expected status {smoke.status}, got status {answer.status}"
    if smoke.body and smoke.body.encode() not in answer.body:
        return f"the text {smoke.body[:60]!r} is not in the answer"
    if smoke.json:
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            return "the answer is not JSON"
        for path, value in smoke.json.items():
            if (found := _at(data, path)) != value:
                return f"{path} is {found[:60]!r}, not {value[:60]!r}" if found is not None else f"there is no {path}"
    if smoke.within is not None and seconds > smoke.within:
        return f"it took {seconds:.2f} s, not {smoke.within:g}"
    return None


def _at(data: Any, path: str) -> str | None:
    """`checks.0.up`: the value there as JSON writes it, text without quotes; None where nothing is."""
    for step in path.split("."):
        if isinstance(data, dict) and step in data:
            data = data[step]
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data if isinstance(data, str) else json.dumps(data)


def _said(error: http.client.HTTPException) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed without an answer"
    return f"it answered {str(error)[:60]!r}, which is not HTTP"


class _Socket(io.RawIOBase):
    """What http.client reads from: any stream, up to a moment."""

    def __init__(self, stream: Stream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._stream.settimeout(left(self._deadline))
        data = self._stream.recv(min(len(buffer), 65_536))
        buffer[: len(data)] = data
        return len(data)
