"""The report for programs."""

from __future__ import annotations

from typing import Any

from nginxgen.model.codec import to_json
from nginxgen.model.record import Record
from nginxgen.report.derived import back_seconds, touched


def document(record: Record) -> dict[str, Any]:
    """The record as it is, and under "derived" what follows from it."""
    return {**to_json(record), "derived": {"touched": to_json(touched(record)), "seconds_back": back_seconds(record)}}
