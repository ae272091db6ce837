"""From the JSON lines of host.sh to values and errors. A host may say anything: nothing here trusts it."""

from __future__ import annotations

import base64
import binascii
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from nginxgen.errors import HostFailed, HostLost, HostRefused, InputError, NeedsHuman, NginxgenError
from nginxgen.model.intent import Intent
from nginxgen.model.release import File
from nginxgen.model.state import Drift, HostState, JournalEntry

_UNDONE = {"trial-failed", "superseded", "expired"}  # the host was touched, and says that it is back
_LARGEST = 64 << 20  # bytes of one release, unpacked


def garbage(host: str, what: str) -> HostLost:
    return HostLost(host, f"the answer makes no sense: {what[:200]!r}", hint="is the login shell of this user clean?")


def parse(host: str, line: bytes) -> dict[str, Any]:
    """One answer line. Raises HostLost where it is not one."""
    try:
        answer = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        raise garbage(host, line.decode(errors="replace")) from None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise garbage(host, line.decode(errors="replace"))
    return answer


def error(host: str, answer: Mapping[str, Any]) -> NginxgenError:
    """What an answer with ok false means."""
    code, message = str(answer.get("code", "")), str(answer.get("message", "no reason given")).strip()
    hint = str(answer["hint"]) if answer.get("hint") else None
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


def state(host: str, answer: Mapping[str, Any]) -> HostState:
    """The answer to observe or begin. Raises HostLost where a field is missing or of another type."""
    try:
        return _state(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise garbage(host, f"{fault!r} in {answer!r}") from fault


def _state(answer: Mapping[str, Any]) -> HostState:
    drift = [(Drift(code), str(detail)) for code, detail in answer["drift"]]
    live = _id(answer["live"])
    intent, emergency = _manifest(answer["manifest"])
    if live is not None and intent is None:
        drift.append((Drift.MANIFEST_UNREADABLE, f"the manifest of {live} can't be read"))
    return HostState(
        live=live,
        running=_id(answer["running"]),
        previous=_id(answer["previous"]),
        intent=intent,
        previous_intent=_manifest(answer["previous_manifest"])[0],
        emergency=emergency,
        drift=tuple(code for code, _ in drift),
        details=tuple(detail for _, detail in drift),
        nginx_version=str(answer["version"]),
        master=None if answer["master"] is None else int(answer["master"]),
        workers=tuple(int(pid) for pid in answer["workers"]),
        releases=tuple(str(name) for name in answer["releases"]),
    )


def _id(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise TypeError(f"{value!r} is not a release id")


def _manifest(data: object) -> tuple[Intent | None, str | None]:
    if not isinstance(data, dict):
        return None, None
    try:
        return Intent.from_json(data["services"]), _id(data.get("emergency"))
    except (KeyError, TypeError, AttributeError, ValueError, InputError):
        return None, None


def files(host: str, answer: Mapping[str, Any]) -> tuple[File, ...]:
    """The answer to show. Raises HostLost where the archive is broken or far too large."""
    try:
        packed = base64.b64decode(str(answer["archive"]), validate=True)
        found = []
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            total = 0
            for member in archive:
                total += member.size
                if total > _LARGEST:
                    raise garbage(host, f"a release of more than {_LARGEST} bytes")
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    name = member.name.removeprefix("./")
                    found.append(File(name, content.read().decode(errors="replace")))
    except (KeyError, binascii.Error, tarfile.TarError, EOFError, OSError) as fault:
        raise garbage(host, repr(fault)) from fault
    return tuple(sorted(found, key=lambda file: file.name))


def journal_line(line: bytes) -> JournalEntry | None:
    """One line of the journal; None where it was cut off or is foreign."""
    try:
        return JournalEntry.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
