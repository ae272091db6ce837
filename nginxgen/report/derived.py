"""What follows from a record: how long users were touched, what they saw, how fast the way back was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nginxgen.model.reading import Reading
from nginxgen.model.record import Record, Stage


@dataclass(frozen=True, slots=True)
class Touched:
    """What the canary did to the users who got it."""

    seconds: float  # at a weight above 0, until stable served again
    requests: int
    errors: int  # the canary failed
    seen: int  # of these, a client saw the failure
    saved: int  # of these, stable answered


def touched(record: Record) -> Touched:
    seen = add([stage.canary for stage in record.stages if stage.weight > 0])
    return Touched(
        seconds=sum(lasted(record, stage) or 0.0 for stage in record.stages if stage.weight > 0) + _until_back(record),
        requests=seen.requests,
        errors=seen.errors,
        seen=seen.server_errors,
        saved=seen.fallbacks,
    )


def _until_back(record: Record) -> float:
    """From the end of the last stage, which is the decision, to stable serving."""
    back, stage = record.back, record.stage
    if back is None or stage is None or stage.weight == 0 or stage.ended is None:
        return 0.0
    return max(0.0, (back.served or record.at) - stage.ended)


def lasted(record: Record, stage: Stage) -> float | None:
    """Seconds; until now, where it goes on. None: it has not begun."""
    if stage.started is None:
        return None
    return max(0.0, (stage.ended if stage.ended is not None else record.at) - stage.started)


def back_seconds(record: Record) -> float | None:
    """From the decision to stable serving on all hosts."""
    back = record.back
    return back.served - back.decided if back is not None and back.served is not None else None


def add(readings: Sequence[Reading]) -> Reading:
    """Counts add up; times of unlike requests do not, and are left out."""
    return Reading(
        requests=sum(one.requests for one in readings),
        errors=sum(one.errors for one in readings),
        server_errors=sum(one.server_errors for one in readings),
        timeouts=sum(one.timeouts for one in readings),
        fallbacks=sum(one.fallbacks for one in readings),
        weighted=sum(one.weighted for one in readings),
    )
