"""A conversation with host.sh: our words there, its answers back, as ports.HostSession."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from nginxgen.errors import HostLost, HostRefused, NginxgenError, Unreachable
from nginxgen.fleet import answers, archive, script
from nginxgen.fleet.answers import Answer, Nonsense
from nginxgen.fleet.pipe import Pipe, PipeEnded
from nginxgen.model.logs import LogAnswer, LogAsk
from nginxgen.model.plan import Expected
from nginxgen.model.release import File, Release
from nginxgen.model.state import HostState, JournalEntry
from nginxgen.model.vitals import Vitals
from nginxgen.ports import Note, Restores, Stream

T = TypeVar("T")

_NOISE = 64 << 10  # bytes a login shell may print before host.sh speaks
_MOST = 32 << 20  # bytes of one answer; a host that says more is not speaking our protocol
_MOST_ROWS = 50_000  # of a metrics log; the host refuses to answer with more
_NOT_WHOLE = "bad-archive"  # the host's word for a release of which something is missing or wrong
HELLO = b'{"step":"hello"'


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a host may take, in seconds."""

    soon: float = 30.0  # for an answer that only reads
    long: float = 180.0  # for one that waits for nginx: a large config takes tens of seconds to load
    count: float = 320.0  # for one that reads a log of any size; the host ends that after 300
    undo: float = 15.0  # to put right what was under trial, when the session ends
    end: float = 2.0  # to put away what was staged; where nothing is, nobody waits: that would be a round trip


LIMITS = Limits()


class ScriptSession:
    """`pipe` leads to a host.sh that has not been spoken to yet."""

    def __init__(self, name: str, pipe: Pipe, limits: Limits = LIMITS, installed: str = "") -> None:
        """`installed`: the digest of the script that must be there, where none is to be sent."""
        self.name = name
        self._installed = installed
        self._pipe = pipe
        self._limits = limits
        self._heard = bytearray()  # and not yet read
        self._busy = threading.Lock()  # one question at a time
        self._sending = threading.Lock()  # a heartbeat goes between two words, never into one
        self._touched = False  # under trial: what the host serves depends on how we end
        self._kept: frozenset[str] = frozenset()  # releases that it has already
        self._staged = False  # it has something of ours to put away, if we end like this
        self._greeted = False  # host.sh has spoken
        self._over = False  # nothing more can be said
        self._txn = ""
        self._trials = 0
        self._trying = ""  # the release under trial
        self._start()

    def observe(self) -> HostState:
        return self._ask("observe", answers.state, self._limits.soon)

    def read(self, release: str) -> tuple[File, ...]:
        return self._ask(f"show {release}", answers.files, self._limits.soon)

    def journal(self, last: int) -> tuple[JournalEntry, ...]:
        return self._journal("journal", last)

    def notes(self, last: int) -> tuple[JournalEntry, ...]:
        return self._journal("notes", last)

    def _journal(self, word: str, last: int) -> tuple[JournalEntry, ...]:
        def read(answer: Answer) -> list[bytes]:
            deadline = time.monotonic() + self._limits.soon
            return [self._line(deadline) for _ in range(answers.lines(answer, last))]

        lines = self._ask(f"{word} {last}", read, self._limits.soon)
        return tuple(entry for entry in map(answers.journal_line, lines) if entry)

    def measure(self, ask: LogAsk) -> LogAnswer:
        def read(answer: Answer) -> LogAnswer:
            deadline = time.monotonic() + self._limits.soon
            rows = [self._line(deadline) for _ in range(answers.lines(answer, _MOST_ROWS))]
            return answers.measured(answer, rows)

        return self._ask(ask.word, read, self._limits.count)

    def vitals(self) -> Vitals:
        return self._ask("vitals", answers.vitals, self._limits.soon)

    def config(self) -> str:
        text = self._ask("config", answers.config, self._limits.long)
        if text is None:
            raise HostRefused(
                self.name, "too-much", "nginx -T prints more than 16 MiB", hint="check --tree reads any size"
            )
        return text

    def begin(self, note: Note) -> HostState:
        state = self._ask(f"begin {_told(note)}", answers.state, self._limits.long)
        self._txn, self._kept = note.txn, frozenset(state.releases)
        return state

    def note(self, note: Note) -> None:
        self._ask(f"note {_told(note)}", _nothing, self._limits.soon)

    def stage(self, release: Release, empty: Release | None, common: frozenset[str] = frozenset()) -> None:
        self._staged = True
        parts = (release, release.emergency, empty)
        try:
            self._send(parts, {release.id: common} | self._whole(parts))
        except HostRefused as error:
            if error.code != _NOT_WHOLE or not (self._kept or common):
                raise
            self._send(parts, {})  # what it has is not what we believe

    def _whole(self, parts: Sequence[Release | None]) -> dict[str, frozenset[str]]:
        """All files of those releases that the host keeps."""
        kept = (part for part in parts if part is not None and part.id in self._kept)
        return {part.id: frozenset(file.name for file in part.files) for part in kept}

    def _send(self, parts: Sequence[Release | None], there: Mapping[str, frozenset[str]]) -> None:
        packed = archive.pack((part for part in parts if part is not None), there)
        body = script.padded(packed)
        names = " ".join("-" if part is None else part.id for part in parts)
        word = f"stage {len(packed)} {len(body) // script.BLOCK} {names}"
        self._ask(word, _nothing, self._limits.long, body)

    def trial(self, release: str, expected: Expected, restores: Restores | None = None) -> None:
        self._trials += 1
        self._trying = release
        word = f"trial {self._txn}-{self._trials} {release} {expected.live or '-'} {expected.running or '-'}"
        if restores is not None:
            word += f" {restores.previous or '-'}"
        self._touched = True
        try:
            self._ask(word, lambda answer: _must_be(answer, "running", release), self._limits.long)
        except HostLost:
            raise
        except NginxgenError:  # an answer: the host is as it was
            self._touched = False
            raise

    def commit(self) -> str:
        def read(answer: Answer) -> str:
            _must_be(answer, "live", self._trying)
            return str(answer.get("warning") or "")

        return self._end_trial("commit", read)

    def abort(self) -> None:
        self._end_trial("abort", _nothing)

    def dial(self, address: str, port: int, deadline: float) -> Stream:
        return self._pipe.dial(address, port, deadline)

    def beat(self) -> None:
        """Put the host's dead-man off. Does not wait for the answer, which is skipped when the next one is read."""
        if self._txn and not self._over and self._sending.acquire(blocking=False):
            try:
                with contextlib.suppress(PipeEnded):
                    self._pipe.send(b"beat\n")
            finally:
                self._sending.release()

    def close(self) -> None:
        self._over = True
        self._pipe.close(self._limits.undo if self._touched else self._limits.end if self._staged else 0.0)

    # ---- the wire

    def _start(self) -> None:
        """Send the script. Whether it starts shows with the first answer: waiting for it would be a round trip."""
        if self._installed:
            return
        try:
            self._pipe.send(script.preamble())
        except PipeEnded as ended:
            raise self._lost("start", ended.why) from ended

    def _skip_noise(self, deadline: float) -> None:
        """A login shell may print anything before host.sh speaks, also without an end of line."""
        noise = 0
        while HELLO not in (line := self._line(deadline)):
            noise += len(line)
            if noise > _NOISE:
                raise PipeEnded("it talks, but not our protocol")
        self._greeted = True
        found = str(answers.parse(line[line.index(HELLO) :]).get("installed", ""))
        if found != self._installed:
            self._over = True
            raise _other_script(self.name, found, self._installed)

    def _end_trial(self, word: str, read: Callable[[Answer], T]) -> T:
        try:
            found = self._ask(word, read, self._limits.long)
        except HostLost:
            raise
        except NginxgenError:  # an answer: the host knows what it did
            self._touched = False
            raise
        self._touched = self._staged = False
        return found

    def _ask(self, word: str, read: Callable[[Answer], T], patience: float, body: bytes = b"") -> T:
        """Say a word; what `read` makes of the answer. Raises the error that the answer stands for."""
        step = word.split(" ", 1)[0]
        with self._busy:
            try:
                answer = self._exchange(word, step, patience, body)
                if answer["ok"]:
                    return read(answer)
            except PipeEnded as ended:
                raise self._lost(step, ended.why) from ended
        raise answers.error(self.name, answer)

    def _exchange(self, word: str, step: str, patience: float, body: bytes) -> Answer:
        if self._over:
            raise PipeEnded("the session has ended")
        if self._installed and not self._greeted:  # a word is for the right script only
            self._skip_noise(time.monotonic() + self._limits.soon)
        with self._sending:
            self._pipe.send(word.encode() + b"\n" + body)
        if not self._greeted:
            self._skip_noise(time.monotonic() + self._limits.soon)
        deadline = time.monotonic() + patience
        while (answer := answers.parse(self._line(deadline)))["step"] == "beat":
            pass
        if answer["step"] != step:
            raise Nonsense(answer)
        return answer

    def _line(self, deadline: float) -> bytes:
        looked_at = 0
        while (end := self._heard.find(b"\n", looked_at)) < 0:
            looked_at = len(self._heard)
            if looked_at > _MOST:
                raise PipeEnded("it says too much")
            self._heard += self._pipe.receive(deadline)
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        return line

    def _lost(self, step: str, why: str) -> NginxgenError:
        """Hang up, so that the host puts right what is under trial, and say what that means."""
        ended, self._over = self._over, True
        complaint = "" if ended else self._pipe.complaint()
        threading.Thread(target=self._pipe.close, args=(self._limits.undo,), daemon=True).start()
        if not self._greeted and not ended:
            return _cannot_start(self.name, why, complaint, installed=bool(self._installed))
        said = f"{why} during {step}{': ' + complaint if complaint else ''}"
        if self._touched:
            return HostLost(self.name, said, hint=f"nginxgen status --host {self.name} tells what it serves")
        # before a trial the host undoes by itself all that we have added
        return HostRefused(self.name, "connection-lost", said)


def _told(note: Note) -> str:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    members = {"verb": note.verb, "who": note.who, "why": note.why, "txn": note.txn, "since": since}
    return json.dumps(members | ({"rollout": note.rollout} if note.rollout else {}))


def _nothing(_: Answer) -> None:
    """Where "ok" is all that there is to know."""


def _must_be(answer: Answer, member: str, release: str) -> None:
    """That a host did what we asked is what it says of itself, not only that it says "ok"."""
    if answer.get(member) != release:
        raise Nonsense(answer)


def _other_script(host: str, found: str, wanted: str) -> HostRefused:
    """A script that was installed for other paths, or by another version, is never spoken to."""
    if not wanted:
        said, hint = "our key runs an installed script there, and no other", "set script: installed for this host"
    elif not found:
        said, hint = "it does not run the installed script", f"nginxgen host-setup --host {host} --apply"
    else:
        said = f"the installed script is another ({found}) than this nginxgen has for this host ({wanted})"
        hint = f"after an upgrade, or with other paths, install it anew: nginxgen host-setup --host {host} --apply"
    return HostRefused(host, "other-script", said, hint=hint)


def _cannot_start(host: str, why: str, complaint: str, *, installed: bool = False) -> NginxgenError:
    last = complaint.splitlines()[-1].strip() if complaint else ""
    if installed:
        how = f"nginxgen host-setup --host {host} --apply"
        return HostRefused(host, "no-script", f"the installed script does not start: {last or why}", hint=how)
    if "sudo" in last:
        right = "allow this user sudo without a password for nginxgen, or connect as root"
        return HostRefused(host, "no-sudo", f"no sudo right: {last}", hint=right)
    if "not found" in last:
        return HostRefused(host, "no-tool", f"a program is missing on the host: {last}")
    hint = "does this user get a shell there, or a forced command?" if "ended" in why or "talks" in why else None
    return Unreachable(host, f"host.sh does not start: {why}{': ' + last if last else ''}", hint=hint)
