"""Reading a saved plan. It is a file that went through hands: every part of it is checked before it is believed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from nginxgen.errors import InputError, Place
from nginxgen.model.intent import Intent
from nginxgen.model.plan import Action, Expected, HostPlan, Plan
from nginxgen.model.release import MANIFEST, SUMS, File, Release
from nginxgen.plan import document

MAX_BYTES = 512 * 1024 * 1024
_ID = re.compile(r"[0-9a-f]{12}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
_AGAIN = "make the plan again: nginxgen plan -o FILE"
_KINDS = {"str": "a string", "list": "a list", "dict": "an object"}
T = TypeVar("T")


class _Malformed(ValueError):
    """A part is not what it must be; the message names the part."""


def load(text: str, file: str) -> Plan:
    """The plan that `document.dump` wrote. Raises InputError at `file` for anything else."""
    data = _parse(text, file)
    if data.get("kind") != document.KIND:
        raise InputError("this is not a plan of nginxgen", place=Place(file), hint=_AGAIN)
    if data.get("format") != document.FORMAT:
        made_by = str(data.get("tool", "another version"))[:40]
        raise InputError(
            f"this plan has format {data.get('format')!r}, made by nginxgen {made_by}; "
            f"this version reads format {document.FORMAT}",
            place=Place(file),
            hint="apply it with the version that made it, or make the plan again",
        )
    if data.get("checksum") != document.digest(data):
        raise InputError(
            "the plan was changed after it was made: its checksum is wrong", place=Place(file), hint=_AGAIN
        )
    try:
        return _plan(data)
    except _Malformed as problem:
        raise InputError(f"the plan is malformed: {problem}", place=Place(file), hint=_AGAIN) from None


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        data = json.loads(text, object_pairs_hook=_no_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        what = "is empty" if not text.strip() else f"is not JSON: {problem.msg}"
        raise InputError(f"the plan {what}", place=Place(file, problem.lineno), hint=_AGAIN) from None
    except (ValueError, RecursionError) as problem:
        what = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise InputError(f"the plan is malformed: {what}", place=Place(file), hint=_AGAIN) from None
    if not isinstance(data, dict):
        raise InputError("this is not a plan of nginxgen", place=Place(file), hint=_AGAIN)
    return data


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice would show one thing to a reader and do another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a value of JSON")


def _plan(data: Mapping[str, Any]) -> Plan:
    files = {
        _id(name, "releases"): _files(name, content) for name, content in _get(data, "releases", dict, "plan").items()
    }
    hosts = tuple(_host(row) for row in _get(data, "hosts", list, "plan"))
    names = [host.host for host in hosts]
    if len(set(names)) != len(names):
        raise _Malformed("a host stands twice in it")
    missing = [host.release for host in hosts if host.release not in files]
    if missing:
        raise _Malformed(f"release {missing[0]} is not in it")
    return Plan(hosts, {name: _release(name, files, twin=False) for name in dict.fromkeys(h.release for h in hosts)})


def _host(row: Any) -> HostPlan:
    if not isinstance(row, dict):
        raise _Malformed("hosts: an entry is not an object")
    name = _get(row, "name", str, "host")
    action = _get(row, "action", str, name)
    if action not in set(Action):
        raise _Malformed(f"{name}: there is no action {action[:40]!r}")
    return HostPlan(
        host=name,
        action=Action(action),
        expected=Expected(_optional_id(row, "expected", name), _optional_id(row, "expected_running", name)),
        release=_id(_get(row, "release", str, name), name),
        summary=_texts(row, "summary", name),
        diff=_get(row, "diff", str, name),
        unsafe=_texts(row, "unsafe", name),
    )


def _files(release: str, content: Any) -> tuple[File, ...]:
    if not isinstance(content, dict):
        raise _Malformed(f"release {release} is not an object")
    for name, text in content.items():
        if not _FILE_NAME.fullmatch(name) or not isinstance(text, str):
            raise _Malformed(f"release {release}: {name[:40]!r} is not a file of a release")
    files = tuple(File(name, text) for name, text in sorted(content.items()))
    _compare_sums(release, files)
    return files


def _compare_sums(release: str, files: Iterable[File]) -> None:
    by_name = {file.name: file.text for file in files}
    try:
        listed = sorted(
            f"{sha256(text.encode()).hexdigest()}  {name}" for name, text in by_name.items() if name != SUMS
        )
    except UnicodeEncodeError:
        raise _Malformed(f"release {release}: a file is not text") from None
    if sorted(by_name.get(SUMS, "").splitlines()) != listed:
        raise _Malformed(f"release {release}: {SUMS} does not fit its files")


def _release(name: str, files: Mapping[str, tuple[File, ...]], *, twin: bool) -> Release:
    manifest = next((file.text for file in files[name] if file.name == MANIFEST), "")
    try:
        data = json.loads(manifest)
        intent = Intent.from_json(data["services"])
        emergency = data["emergency"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError):
        raise _Malformed(f"release {name}: its {MANIFEST} cannot be read") from None
    if emergency is None:
        return Release(name, files[name], intent)
    if twin or emergency not in files:
        raise _Malformed(f"release {name}: its emergency release is not in the plan")
    return Release(name, files[name], intent, _release(emergency, files, twin=True))


def _get(data: Mapping[str, Any], key: str, kind: type[T], where: str) -> T:
    value = data.get(key)
    if not isinstance(value, kind):
        raise _Malformed(f"{where[:60]}: {key} is not {_KINDS[kind.__name__]}")
    return value


def _id(text: str, where: str) -> str:
    if not _ID.fullmatch(text):
        raise _Malformed(f"{where[:60]}: {text[:40]!r} is not a release id")
    return text


def _optional_id(row: Mapping[str, Any], key: str, where: str) -> str | None:
    return None if row.get(key) is None else _id(_get(row, key, str, where), where)


def _texts(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = _get(row, key, list, where)
    if not all(isinstance(value, str) for value in values):
        raise _Malformed(f"{where}: {key} is not a list of strings")
    return tuple(values)
