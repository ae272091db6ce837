"""Alerts that went out, as entries keep them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from nginxgen.errors import InputError
from nginxgen.model.codec import from_json, to_json
from nginxgen.model.record import Alert
from nginxgen.model.rollout import Entry

_LONGEST = 600  # characters of a body in a journal


def kept(alert: Alert) -> str:
    """As an entry has it."""
    return json.dumps(to_json(replace(alert, body=alert.body[:_LONGEST])), separators=(",", ":"))


def alerts(entries: Iterable[Entry]) -> tuple[Alert, ...]:
    """What was sent, by time. An entry that makes no sense is left out."""
    found = []
    for entry in entries:
        if entry.alert:
            try:
                found.append(from_json(Alert, json.loads(entry.alert), "this entry"))
            except (ValueError, RecursionError, InputError):
                continue
    return tuple(found)
