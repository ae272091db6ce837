"""Entries of rollouts as a member of a journal line: JSON in a string, what is as by default left out."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace

from nginxgen.errors import InputError
from nginxgen.model.codec import from_json, to_json
from nginxgen.model.rollout import Entry
from nginxgen.model.state import JournalEntry

_DEFAULTS = {one.name: one.default for one in fields(Entry) if one.default is not MISSING}
_ELSEWHERE = frozenset({"txn"})  # a member of its own in the journal
NOTED = "noted"  # the result of a line that changed nothing but the journal


def written(entry: Entry) -> str:
    """As a journal keeps it."""
    data = to_json(entry)
    told = {
        name: value
        for name, value in data.items()
        if name not in _ELSEWHERE and (name not in _DEFAULTS or getattr(entry, name) != _DEFAULTS[name])
    }
    return json.dumps(told, separators=(",", ":"))


def read(line: JournalEntry) -> Entry | None:
    """The entry of a line; None where it has none, or one that makes no sense."""
    if not line.rollout:
        return None
    try:
        return replace(from_json(Entry, json.loads(line.rollout), "this line"), txn=line.txn)
    except (ValueError, RecursionError, InputError):
        return None
