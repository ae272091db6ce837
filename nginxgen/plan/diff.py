"""A unified diff of nginx's config: what a host has against what it would have."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from hashlib import sha256

from nginxgen.model.release import MANIFEST, SUMS, File, Release

_OUR_BOOKKEEPING = frozenset({MANIFEST, SUMS})
_NOTHING = "/dev/null"


def diff(old_id: str | None, old: Sequence[File], new: Release) -> str:
    """`old` as it is on the host. Service files, and whatever was edited by hand; not our own bookkeeping."""
    return between(old_id, old, new.id, new.files)


def between(old_id: str | None, old: Sequence[File], new_id: str, new: Sequence[File]) -> str:
    """The same, of two releases as hosts have them."""
    before = {file.name: file.text for file in old}
    after = {file.name: file.text for file in new}
    edited = hand_edited(old)
    shown = [name for name in sorted({*before, *after}) if name.endswith(".conf") or name in edited]
    return "".join(_file(name, old_id, before.get(name), new_id, after.get(name)) for name in shown)


def hand_edited(files: Sequence[File]) -> frozenset[str]:
    """The files that are not as SHA256SUMS beside them says; a file that it does not name counts too."""
    sums = next((file.text for file in files if file.name == SUMS), None)
    if sums is None:
        return frozenset()
    known = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
    return frozenset(
        file.name for file in files if file.name not in _OUR_BOOKKEEPING and known.get(file.name) != _digest(file)
    )


def _digest(file: File) -> str:
    return sha256(file.text.encode("utf-8", "surrogateescape")).hexdigest()


def _file(name: str, old_id: str | None, old: str | None, new_id: str, new: str | None) -> str:
    if old == new:
        return ""
    lines = unified_diff(
        _lines(old or ""),
        _lines(new or ""),
        _NOTHING if old is None else f"releases/{old_id}/{name}",
        _NOTHING if new is None else f"releases/{new_id}/{name}",
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Split at newlines only: splitlines() would also split at form feeds and the like inside a value."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]
