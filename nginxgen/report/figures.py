"""Numbers, times and durations in the words of a language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from nginxgen.model.gates import Kind, Metric
from nginxgen.model.numbers import digits, value
from nginxgen.model.reading import GateReading, Point, Range
from nginxgen.model.record import Stage
from nginxgen.report.words import Words

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def kind(metric: str) -> Kind:
    return Metric(metric).kind if metric in set(Metric) else Kind.NUMBER


def beside_name(words: Words, seen: Iterable[Stage | Point]) -> str:
    """What the canary was compared with there: stable, or the control group where there was one."""
    return words.stable if all(one.control is None for one in seen) else words.control


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers in the words of one language, times in one zone."""

    words: Words
    zone: tzinfo

    def percent(self, number: float | None) -> str:
        return "–" if number is None else f"{digits(number)} %"

    def rate(self, number: float | None) -> str:
        return "–" if number is None else value(Kind.RATE, number)

    def latency(self, seconds: float | None) -> str:
        return "–" if seconds is None else value(Kind.QUANTILE, seconds)

    def count(self, number: int) -> str:
        return f"{number:,}"

    def metric(self, name: str, number: float | None) -> str:
        return "–" if number is None else value(kind(name), number)

    def duration(self, seconds: float | None) -> str:
        """`24 h`, `1 d 3 h`, `4.2 s`: two units at most."""
        if seconds is None:
            return "–"
        words = self.words
        if seconds < _MINUTE:
            return f"{digits(max(0.0, round(seconds, 1)))} {words.second}"
        steps = ((_DAY, words.day), (_HOUR, words.hour), (_MINUTE, words.minute), (1, words.second))
        rest, told = round(seconds), list[str]()
        for size, unit in steps:
            number, rest = divmod(rest, size)
            if number:
                told.append(f"{number} {unit}")
            elif told:
                break
        return " ".join(told[:2])

    def clock(self, at: float | None) -> str:
        """`2026-11-22 08:00:05`."""
        return "–" if at is None else f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M:%S}"

    def zone_of(self, at: float) -> str:
        return datetime.fromtimestamp(at, self.zone).tzname() or ""

    def range(self, name: str, found: Range | None) -> str:
        """`0.4 %`"""
        return "–" if found is None else self.metric(name, found.value)

    def interval(self, name: str, found: Range | None) -> str:
        """`0.38 – 0.42 %`, empty for a fact."""
        if found is None or found.lower == found.upper:
            return ""
        lower = self.metric(name, found.lower)
        if found.upper is None:
            return f"≥ {lower}"
        upper = self.metric(name, found.upper)
        if lower.rpartition(" ")[2] == upper.rpartition(" ")[2]:
            lower = lower.rpartition(" ")[0] or lower
        return f"{lower} – {upper}"

    def metric_name(self, name: str) -> str:
        return self.words.metrics.get(name, name)

    def said(self, text: str) -> str:
        """What nginxgen wrote down, line by line; people's words are left alone."""
        sayings = self.words.sayings
        if sayings is None:
            return text
        return "\n".join(sayings.said(line, self.words.metrics) for line in text.split("\n"))

    def gate_sentence(self, gate: GateReading) -> str:
        """The judge's own words, or the same facts in another language."""
        form = self.words.gate_sentence
        if not form or gate.canary is None:
            return self.said(gate.sentence)  # without a number: why there is none
        interval = self.interval(gate.metric, gate.canary)
        return form.format(
            metric=self.metric_name(gate.metric),
            value=self.range(gate.metric, gate.canary),
            interval=f"({interval})" if interval else "",
            asked=gate.asked,
            outcome=self.words.outcomes[gate.outcome],
        )
