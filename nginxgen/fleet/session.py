"""A conversation with host.sh: our words there, its answers back, as ports.HostSession."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import threading
import time
from datetime import UTC, datetime
from typing import Any

from nginxgen.errors import HostLost, HostRefused, NginxgenError, Unreachable
from nginxgen.fleet import answers, script
from nginxgen.fleet.pipe import MOST, Pipe, PipeEnded
from nginxgen.model.plan import Expected
from nginxgen.model.release import File, Release
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.ports import Note

_NOISE = 64 << 10  # bytes a login shell may print before host.sh speaks
_SOON = 30.0  # seconds for an answer that only reads
_LONG = 180.0  # seconds for one that waits for nginx: a large config takes tens of seconds to load


class ScriptSession:
    """`pipe` leads to a host.sh that has not been spoken to yet."""

    def __init__(self, name: str, pipe: Pipe) -> None:
        self.name = name
        self._pipe = pipe
        self._rest = b""
        self._busy = threading.Lock()
        self._touched = False  # under trial: what the host serves depends on how we end
        self._txn = ""
        self._trials = 0
        self._greet()

    def observe(self) -> HostState:
        return answers.state(self.name, self._ask("observe", _SOON))

    def read(self, release: str) -> tuple[File, ...]:
        return answers.files(self.name, self._ask(f"show {release}", _SOON))

    def journal(self, last: int) -> tuple[JournalEntry, ...]:
        with self._busy:
            answer = self._exchange(f"journal {last}", b"", _SOON)
            deadline = time.monotonic() + _SOON
            try:
                lines = [self._line(deadline) for _ in range(min(int(answer.get("lines", 0)), last))]
            except PipeEnded as ended:
                raise self._lost("journal", ended) from ended
        return tuple(entry for entry in map(answers.journal_line, lines) if entry)

    def begin(self, note: Note) -> HostState:
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        members = {"verb": note.verb, "who": note.who, "why": note.why, "txn": note.txn, "since": since}
        state = answers.state(self.name, self._ask(f"begin {json.dumps(members)}", _LONG))
        self._txn = note.txn
        return state

    def stage(self, release: Release, empty: Release) -> None:
        twin = release.emergency
        packed = _pack([part for part in (empty, twin, release) if part is not None])
        body = script.padded(packed)
        word = f"stage {len(packed)} {len(body) // script.BLOCK} {release.id} {twin.id if twin else '-'} {empty.id}"
        self._ask(word, _LONG, body)

    def trial(self, release: str, expected: Expected) -> None:
        self._touched = True
        self._trials += 1
        word = f"trial {self._txn}-{self._trials} {release} {expected.live or '-'} {expected.running or '-'}"
        try:
            self._ask(word, _LONG)
        except HostLost:
            raise
        except NginxgenError:
            self._touched = False
            raise

    def commit(self) -> None:
        self._ask("commit", _LONG)
        self._touched = False

    def abort(self) -> None:
        self._ask("abort", _LONG)
        self._touched = False

    def beat(self) -> None:
        """Put the host's dead-man off. Silent: a session that is busy or gone needs no heartbeat."""
        if self._txn and self._busy.acquire(blocking=False):
            try:
                with contextlib.suppress(NginxgenError):
                    self._exchange("beat", b"", _SOON)
            finally:
                self._busy.release()

    def close(self) -> None:
        with contextlib.suppress(PipeEnded):
            self._pipe.send(b"bye\n")
        self._pipe.close()

    # ---- the wire

    def _greet(self) -> None:
        try:
            self._pipe.send(script.preamble())
            self._skip_noise(time.monotonic() + _SOON)
        except PipeEnded as ended:
            complaint = self._pipe.complaint()
            self._pipe.close()
            raise _cannot_start(self.name, ended.why, complaint) from ended

    def _skip_noise(self, deadline: float) -> None:
        """A login shell may print a banner before host.sh speaks."""
        noise = 0
        while not (line := self._line(deadline)).startswith(b'{"step":"hello"'):
            noise += len(line)
            if noise > _NOISE:
                raise PipeEnded("it talks, but not our protocol")

    def _ask(self, word: str, patience: float, body: bytes = b"") -> dict[str, Any]:
        with self._busy:
            return self._exchange(word, body, patience)

    def _exchange(self, word: str, body: bytes, patience: float) -> dict[str, Any]:
        step = word.split(" ", 1)[0]
        try:
            self._pipe.send(word.encode() + b"\n" + body)
            answer = answers.parse(self.name, self._line(time.monotonic() + patience))
        except PipeEnded as ended:
            raise self._lost(step, ended) from ended
        if answer.get("step") != step:
            raise answers.garbage(self.name, repr(answer))
        if not answer["ok"]:
            raise answers.error(self.name, answer)
        return answer

    def _line(self, deadline: float) -> bytes:
        parts = [self._rest]
        size = len(self._rest)
        while b"\n" not in parts[-1]:
            parts.append(self._pipe.receive(deadline))
            size += len(parts[-1])
            if size > MOST:
                raise PipeEnded("it says too much")
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line

    def _lost(self, step: str, ended: PipeEnded) -> NginxgenError:
        complaint = self._pipe.complaint()
        said = f"{ended.why} during {step}{': ' + complaint if complaint else ''}"
        if self._touched:
            return HostLost(self.name, said, hint=f"nginxgen status --host {self.name} tells what it serves")
        # before a trial the host undoes by itself all that we have added
        return HostRefused(self.name, "connection-lost", said)


def _cannot_start(host: str, why: str, complaint: str) -> NginxgenError:
    last = complaint.splitlines()[-1].strip() if complaint else ""
    if "sudo" in last:
        hint = "allow this user sudo without a password for nginxgen, or connect as root"
        return HostRefused(host, "no-sudo", f"no sudo right: {last}", hint=hint)
    if "not found" in last:
        return HostRefused(host, "no-tool", f"a program is missing on the host: {last}")
    return Unreachable(host, f"{why}{': ' + last if last else ''}")


def _pack(releases: list[Release]) -> bytes:
    """A tar.gz with `<id>/<file>` members, the same bytes for the same releases."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for release in releases:
            for file in release.files:
                content = file.text.encode()
                member = tarfile.TarInfo(f"{release.id}/{file.name}")
                member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)
