"""Gates as they are written: `"< 1%"`, `"<= stable + 50%"`, `"<= baseline(monday) + 0.5pp"`, `"± 10%"`, `"ok"`.

A gate says what must hold. A threshold of a level (`attention:`, `rollback:`) says when it is passed, or what must
hold: for a metric of ours the two can't be confused, since more errors are never good. Every InputError here is about
one text, which the caller knows the place of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from enum import Enum, auto

from nginxgen.errors import InputError
from nginxgen.gates import units
from nginxgen.model.gates import UNCHANGED, Base, Change, Gate, Good, Kind, Metric, Severity, Side, Threshold
from nginxgen.model.nearest import did_you_mean

FEWEST = 10
_LONGEST = 200
_CONDITION = re.compile(
    rf"(?P<compare><=|>=|<|>|≤|≥)\s*"
    rf"(?:(?P<stable>stable)|baseline\((?P<baseline>[^()]*)\)|(?P<fixed>-?{units.NUMBER}\s*(?:{units.UNIT})))"
    rf"(?:\s*(?P<sign>[+-])\s*(?P<change>{units.NUMBER}\s*(?:{units.UNIT})))?"
)
_AROUND = re.compile(rf"(?:±|\+/?-)\s*(?P<change>{units.NUMBER}\s*(?:{units.UNIT}))")
_BASELINE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HINT = 'like "< 1%", "<= stable + 50%", "<= stable + 0.5pp" or "<= baseline(NAME) + 20%"'


class Reading(Enum):
    HOLDS = auto()  # the text says what must hold
    FIRES = auto()  # the text says when it is passed


def gate(metric: str, text: str, numbers: Collection[str] = ()) -> Gate:
    """One condition that must hold. `numbers`: the names of the user's own queries and commands. Raises InputError."""
    kind, good = _metric(metric, numbers)
    threshold = _threshold(metric, kind, good, text, Reading.HOLDS)
    return Gate(metric, threshold, threshold)


def trigger(metric: str, text: str, numbers: Collection[str] = ()) -> Gate:
    """One condition that rolls back when it comes true, and holds nobody up before. Raises InputError."""
    return levels(metric, numbers, rollback=text)


def levels(
    metric: str,
    numbers: Collection[str] = (),
    *,
    attention: str | None = None,
    rollback: str | None = None,
    severity: str | None = None,
    min_requests: int | None = None,
) -> Gate:
    """The long form. Raises InputError."""
    kind, good = _metric(metric, numbers)
    if attention is None and rollback is None:
        raise InputError(f"{metric}: neither attention nor rollback is given", hint='like rollback: "> 5%"')
    if min_requests is not None and min_requests < FEWEST:
        raise InputError(f"{metric}: min_requests must be at least {FEWEST}", hint="fewer requests say nothing")
    low = None if attention is None else _threshold(metric, kind, good, attention, Reading.FIRES)
    high = None if rollback is None else _threshold(metric, kind, good, rollback, Reading.FIRES)
    if low and high:
        _refuse_disorder(metric, low, high)
    return Gate(metric, low, high, _severity(metric, severity), min_requests)


def _metric(metric: str, numbers: Collection[str]) -> tuple[Kind, Good]:
    if metric in set(Metric):
        known = Metric(metric)
        return known.kind, known.good
    if metric in numbers:
        return Kind.NUMBER, Good.UNKNOWN
    raise InputError(f"there is no metric {metric[:80]!r}", hint=did_you_mean(metric, (*Metric, *numbers)))


def _severity(metric: str, text: str | None) -> Severity:
    if text is None:
        return Severity.P2
    if text not in set(Severity):
        raise InputError(f"{metric}: {text[:80]!r} is not a severity", hint="P1, P2 or P3")
    return Severity(text)


def _threshold(metric: str, kind: Kind, good: Good, written: str, reading: Reading) -> Threshold:
    text = written.strip()
    if len(text) <= _LONGEST:
        if kind is Kind.SHARE:
            return _around(metric, text)
        if kind is Kind.NUMBER and text == "ok":
            return Threshold(Side.BELOW, Base.OPINION, text)
        if found := _CONDITION.fullmatch(text):
            return _condition(metric, kind, good, found, reading)
    hint = 'like "± 10%" of the weight, or "± 1pp"' if kind is Kind.SHARE else _HINT
    raise InputError(f"{metric}: {written[:80]!r} is not a condition", hint=hint)


def _around(metric: str, text: str) -> Threshold:
    found = _AROUND.fullmatch(text)
    if not found:
        hint = 'like "± 10%" of the weight, or "± 1pp"; +- is as good as ±'
        raise InputError(f"{metric}: {text[:80]!r} is not a tolerance", hint=hint)
    change = _change(metric, Kind.SHARE, found["change"], 1)
    if not change.amount:
        raise InputError(f"{metric}: a tolerance of nothing can never be kept", hint='like "± 10%"')
    return Threshold(Side.AROUND, Base.WEIGHT, text, change=change)


def _condition(metric: str, kind: Kind, good: Good, found: re.Match[str], reading: Reading) -> Threshold:
    compare = {"≤": "<=", "≥": ">="}.get(found["compare"], found["compare"])
    side, strict = (Side.BELOW if compare[0] == "<" else Side.ABOVE), len(compare) == 1
    wanted = {Good.LOW: Side.BELOW, Good.HIGH: Side.ABOVE, Good.UNKNOWN: side}[good]
    fires = reading is Reading.FIRES and (kind is Kind.NUMBER or side is not wanted)
    if side is not wanted and not fires:
        better = "low" if good is Good.LOW else "high"
        hint = f"a gate says what must hold, and {metric} should be {better}: turn {compare} round"
        raise InputError(f"{metric}: {found[0]!r} would ask for the bad", hint=hint)
    if fires:  # "> 1%" fires exactly where "<= 1%" does not hold
        side, strict = (Side.ABOVE if side is Side.BELOW else Side.BELOW), not strict
    text = f"{'<' if side is Side.BELOW else '>'}{'' if strict else '='} {found[0][len(found['compare']) :].strip()}"
    change = UNCHANGED if found["change"] is None else _change(metric, kind, found["change"], _sign(found["sign"]))
    if found["fixed"] is not None:
        return Threshold(side, Base.FIXED, text, _fixed(metric, kind, side, found, strict=strict), strict=strict)
    if kind is Kind.NUMBER:
        raise InputError(f"{metric}: only a metric of nginxgen's own has a stable and a baseline", hint='like "< 100"')
    if found["stable"]:
        return Threshold(side, Base.STABLE, text, change=change, strict=strict)
    return Threshold(side, Base.BASELINE, text, name=_baseline(metric, found), change=change, strict=strict)


def _sign(text: str) -> int:
    return -1 if text == "-" else 1


def _change(metric: str, kind: Kind, text: str, sign: int) -> Change:
    given = units.amount(text)
    if given.unit == "%":
        return Change(sign * given.number / 100, relative=True)
    return Change(sign * units.points(given, kind, metric), relative=False)


def _fixed(metric: str, kind: Kind, side: Side, found: re.Match[str], *, strict: bool) -> float:
    if found["change"] is not None:
        raise InputError(f"{metric}: {found[0]!r}: only stable and baseline(NAME) can be added to", hint=_HINT)
    value = units.value(units.amount(found["fixed"]), kind, metric)
    if kind is Kind.NUMBER:
        return value
    if not _says_something(value, side, strict=strict, top=1.0 if kind.is_share else math.inf):
        hint = "a share is from 0% to 100%" if kind.is_share else None
        raise InputError(f"{metric}: {found[0]!r} is always or never true", hint=hint)
    return value


def _says_something(value: float, side: Side, *, strict: bool, top: float) -> bool:
    """Whether the condition on 0..top can be kept, and can be broken."""
    at_the_bottom = value == 0 and (side is Side.BELOW) is not strict
    at_the_top = value == top and (side is Side.BELOW) is strict
    return 0 < value < top or at_the_bottom or at_the_top


def _baseline(metric: str, found: re.Match[str]) -> str:
    name = found["baseline"].strip()
    if not _BASELINE.fullmatch(name):
        raise InputError(f"{metric}: {name[:80]!r} can't be the name of a baseline", hint="a-z, 0-9, '.', '_' and '-'")
    return name


def _refuse_disorder(metric: str, attention: Threshold, rollback: Threshold) -> None:
    """Rolling back must not come before attention, where the two can be compared."""
    if attention.base is not rollback.base or attention.name != rollback.name or attention.side is not rollback.side:
        return
    if attention.change.relative is not rollback.change.relative:
        return
    first = attention.value if attention.base is Base.FIXED else attention.change.amount
    second = rollback.value if rollback.base is Base.FIXED else rollback.change.amount
    if (first > second) if attention.side is not Side.ABOVE else (first < second):
        raise InputError(f"{metric}: rollback would come before attention", hint="attention is the stricter of the two")
