"""From the JSON lines of host.sh to values and errors. A host may say anything: nothing here trusts it."""

from __future__ import annotations

import base64
import json
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from nginxgen.errors import HostFailed, HostRefused, InputError, NeedsHuman, NginxgenError
from nginxgen.fleet import archive
from nginxgen.fleet.pipe import PipeEnded
from nginxgen.model.intent import Intent
from nginxgen.model.logs import LogAnswer
from nginxgen.model.release import File
from nginxgen.model.state import Drift, HostState, JournalEntry
from nginxgen.model.vitals import Disk, Vitals

Answer = Mapping[str, Any]

_UNDONE = {"trial-failed", "superseded", "expired"}  # the host was touched, and says that it is back
_SHELLS_OWN = re.compile(
    r"\bnginxgen: (?:line )?\d+: (?:(?:eval|printf): )*"
)  # "nginxgen: 918: eval: cannot create ..."
_HINTS = {"rejected": "nginx -t on this host says so: mend the inventory, or the host's own config"}
_LARGEST_CONFIG = 64 << 20  # bytes; a few bytes can claim any size
_ID = re.compile(r"[0-9a-f]{12}")
# What the standard library raises when it reads nonsense; MemoryError where numbers promise more than there is.
_NONSENSE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, MemoryError)


class Nonsense(PipeEnded):
    """An answer that is none. What it left unread is not ours either: nothing more can be said on this pipe."""

    def __init__(self, what: object) -> None:
        super().__init__(f"the answer makes no sense: {str(what)[:200]!r}")


def parse(line: bytes) -> Answer:
    """One answer line. Raises Nonsense."""
    text = line.decode(errors="replace")
    try:
        answer = json.loads(text)
    except _NONSENSE:
        raise Nonsense(text) from None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool) or "step" not in answer:
        raise Nonsense(text)
    return answer


def error(host: str, answer: Answer) -> NginxgenError:
    """What an answer with ok false means."""
    code, message = str(answer.get("code", "")), str(answer.get("message", "no reason given")).strip()
    message = _SHELLS_OWN.sub("", message, count=1)
    hint = str(answer["hint"]) if answer.get("hint") else _HINTS.get(code)
    if code == "needs-human":
        return NeedsHuman(message, hint=hint, host=host)
    if code in _UNDONE:
        return HostFailed(host, code, message, hint=hint)
    if code == "locked":
        return HostRefused(host, code, f"locked{_owner(answer.get('owner'))}", hint="wait for it, or ask them")
    return HostRefused(host, code, message, hint=hint)


def _owner(owner: object) -> str:
    if not isinstance(owner, dict):
        return " by another nginxgen"
    return f" by {owner.get('who', 'somebody')} ({owner.get('verb', '?')}, since {owner.get('since', '?')})"


def state(answer: Answer) -> HostState:
    """The answer to observe or begin. Raises Nonsense where a field is missing or of another type."""
    try:
        return _state(answer)
    except _NONSENSE as fault:
        raise Nonsense(f"{fault!r} in {answer!r}"[:400]) from fault


def _state(answer: Answer) -> HostState:
    drift = [(Drift(code), str(detail)) for code, detail in answer["drift"]]
    live = release_id(answer["live"])
    intent, emergency = _manifest(answer["manifest"])
    if live is not None and intent is None:
        drift.append((Drift.MANIFEST_UNREADABLE, f"the manifest of {live} can't be read"))
    return HostState(
        live=live,
        running=release_id(answer["running"]),
        previous=release_id(answer["previous"]),
        intent=intent,
        previous_intent=_manifest(answer["previous_manifest"])[0],
        emergency=emergency,
        drift=tuple(code for code, _ in drift),
        details=tuple(detail for _, detail in drift),
        nginx_version=str(answer["version"]),
        nginx_options=tuple(map(str, answer.get("built", ()))),
        master=None if answer["master"] is None else int(answer["master"]),
        workers=tuple(int(pid) for pid in answer["workers"]),
        releases=tuple(name for name in map(release_id, answer["releases"]) if name is not None),
    )


def release_id(value: object) -> str | None:
    """Raises ValueError where it is neither an id nor nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise ValueError(f"{value!r} is not the id of a release")


def _manifest(data: object) -> tuple[Intent | None, str | None]:
    if not isinstance(data, dict):
        return None, None
    try:
        return Intent.from_json(data["services"]), release_id(data.get("emergency"))
    except (*_NONSENSE, InputError):
        return None, None


def files(answer: Answer) -> tuple[File, ...]:
    """The answer to show. Raises Nonsense where the archive is broken or far too large."""
    try:
        return archive.unpack(base64.b64decode(str(answer["archive"]), validate=True))
    except (*_NONSENSE, zlib.error, tarfile.TarError, EOFError, OSError) as fault:
        raise Nonsense(repr(fault)) from fault


def lines(answer: Answer, most: int) -> int:
    """How many lines follow. Raises Nonsense."""
    count = answer.get("lines")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= most:
        raise Nonsense(f"{count!r} lines, where {most} were asked for")
    return count


def measured(answer: Answer, rows: Sequence[bytes]) -> LogAnswer:
    """The answer to measure, with the lines that follow it. Raises Nonsense."""
    try:
        place = str(answer["place"])
        if not LogAnswer.is_place(place):
            raise ValueError(place)
        return LogAnswer(
            place=place,
            read=int(answer["read"]),
            bad=int(answer["bad"]),
            lost=answer["lost"] is True,
            now=int(answer["now"]),
            rows=tuple(row.decode("utf-8", "replace") for row in rows),
        )
    except _NONSENSE as fault:
        raise Nonsense(f"{fault!r} in {answer!r}"[:400]) from fault


def vitals(answer: Answer) -> Vitals:
    """The answer to vitals. Raises Nonsense."""
    try:
        return Vitals(
            now=int(answer["now"]),
            memory=None if answer["memory_kb"] is None else 1024 * int(answer["memory_kb"]),
            disks=tuple(
                Disk(
                    str(disk["folder"]),
                    int(disk["free"]) * int(disk["block"]),
                    int(disk["total"]) * int(disk["block"]),
                    int(disk["free_files"]),
                    int(disk["files"]),
                )
                for disk in answer["disks"]
            ),
        )
    except _NONSENSE as fault:
        raise Nonsense(f"{fault!r} in {answer!r}"[:400]) from fault


def config(answer: Answer) -> str | None:
    """The answer to config; None where it was cut off at the most that travels. Raises Nonsense."""
    try:
        most = min(int(answer["most"]), _LARGEST_CONFIG)
        stream = zlib.decompressobj(wbits=31)
        plain = stream.decompress(base64.b64decode(str(answer["config"]), validate=True), most + 1)
        if len(plain) > most:
            return None
        if not stream.eof:
            raise ValueError("a config that is cut off")
        return plain.decode("utf-8", "replace")
    except (*_NONSENSE, zlib.error) as fault:
        raise Nonsense(repr(fault)) from fault


def journal_line(line: bytes) -> JournalEntry | None:
    """One line of the journal; None where it was cut off or is foreign."""
    try:
        return JournalEntry.from_json(json.loads(line))
    except _NONSENSE:
        return None
