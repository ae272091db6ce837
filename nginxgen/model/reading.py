"""What was seen of a version, and of a gate, in a form that can be kept: numbers, no histograms, no infinities."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nginxgen.model.gates import Gate, Severity
from nginxgen.model.histogram import Histogram
from nginxgen.model.samples import Tally
from nginxgen.model.verdict import Estimate, GateResult, Outcome


@dataclass(frozen=True, slots=True)
class Reading:
    """What one version showed over a time. Times in seconds; None where nothing was timed."""

    requests: int = 0
    errors: int = 0  # this version failed, whether or not the client saw it
    server_errors: int = 0  # the client saw a 5xx
    timeouts: int = 0
    fallbacks: int = 0  # another version had to answer
    weighted: int = 0  # decided by the weight, not by an override
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None

    @classmethod
    def of(cls, tally: Tally) -> Reading:
        counts, times = tally.counts, tally.times
        return cls(
            requests=counts.requests,
            errors=counts.errors,
            server_errors=counts.server_errors,
            timeouts=counts.timeouts,
            fallbacks=counts.fallbacks,
            weighted=counts.weighted,
            mean=times.sum_us / times.count / 1e6 if times.count else None,
            p50=_quantile(times, 0.50),
            p95=_quantile(times, 0.95),
            p99=_quantile(times, 0.99),
            max=None if times.max_us is None else times.max_us / 1e6,
        )

    @property
    def error_rate(self) -> float | None:
        """0 to 1; None without a request."""
        return self.errors / self.requests if self.requests else None


NOTHING_SEEN = Reading()


def _quantile(times: Histogram, quantile: float) -> float | None:
    return times.at_rank(max(1, math.ceil(quantile * times.count))).middle if times.count else None


@dataclass(frozen=True, slots=True)
class Point:
    """What was seen between two looks."""

    at: float  # the end of the time, seconds since the epoch
    seconds: float
    weight: float  # asked, percent
    canary: Reading
    stable: Reading
    verdict: Outcome | None = None  # at that look
    control: Reading | None = None  # those of stable's requests that the canary was compared with; None: all of them

    @property
    def beside(self) -> Reading:
        """What the canary was compared with."""
        return self.stable if self.control is None else self.control

    @property
    def share(self) -> float | None:
        """Served to the canary of what the weight decided, percent."""
        both = self.canary.weighted + self.stable.weighted
        return 100 * self.canary.weighted / both if both else None


@dataclass(frozen=True, slots=True)
class Range:
    """A number with its interval."""

    value: float
    lower: float
    upper: float | None  # None: nothing bounds it
    requests: int = 0

    @classmethod
    def of(cls, found: Estimate) -> Range:
        return cls(found.value, found.lower, None if math.isinf(found.upper) else found.upper, found.requests)


@dataclass(frozen=True, slots=True)
class GateReading:
    """A gate as it was asked, and what was seen."""

    metric: str
    asked: str  # as it was written: "< 1%"; "attention > 1%, rollback > 2%"
    outcome: Outcome
    sentence: str
    severity: Severity
    canary: Range | None = None
    stable: Range | None = None  # or the baseline, where the gate compares with one
    limit: float | None = None
    attention: bool = False

    @classmethod
    def of(cls, result: GateResult) -> GateReading:
        return cls(
            metric=result.gate.metric,
            asked=asked(result.gate),
            outcome=result.outcome,
            sentence=result.sentence,
            severity=result.gate.severity,
            canary=None if result.canary is None else Range.of(result.canary),
            stable=None if result.stable is None else Range.of(result.stable),
            limit=None if result.limit is None or math.isinf(result.limit) else result.limit,
            attention=result.attention,
        )


def asked(gate: Gate) -> str:
    """A gate in the words that its author used."""
    attention, rollback = gate.attention, gate.rollback
    if attention is not None and rollback is not None and attention.text == rollback.text:
        return attention.text
    levels = (("attention", attention), ("rollback", rollback))
    return ", ".join(f"{word} {level.text}" for word, level in levels if level is not None)
