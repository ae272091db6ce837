"""What a judge says, with the numbers that made it say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nginxgen.model.gates import Gate, Severity


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105  (the word of the field, no password)
    FAIL = "fail"  # roll back
    INCONCLUSIVE = "inconclusive"  # too little was seen: neither on nor back
    ERROR = "error"  # a source is down: pause, and tell somebody; never on, never back


# A failure that was seen stays one, whatever else could not be; an answer that is missing hides no failure.
_WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.PASS)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Of nothing at all: INCONCLUSIVE, because no data is not success."""
    seen = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in seen), Outcome.INCONCLUSIVE)


class Leaning(StrEnum):
    """Where the estimate is, evidence aside. For people, and for an INCONCLUSIVE that lasts."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its interval: 95 % sure at all looks together. Times in seconds, rates from 0 to 1."""

    value: float
    lower: float
    upper: float
    requests: int  # how many it was made of


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate says."""

    gate: Gate
    outcome: Outcome
    sentence: str
    canary: Estimate | None = None
    stable: Estimate | None = None  # or the baseline, where the gate compares with one
    limit: float | None = None  # of the gate's rollback level, else its attention level
    leaning: Leaning = Leaning.NONE
    attention: bool = False  # the attention level is passed for certain: tell somebody

    @property
    def severity(self) -> Severity | None:
        """How loudly to say it; None: nothing to say."""
        if self.outcome is Outcome.FAIL:
            return self.gate.severity
        return Severity.P3 if self.attention else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all gates say together."""

    results: tuple[GateResult, ...]

    @property
    def outcome(self) -> Outcome:
        return worst(result.outcome for result in self.results)

    @property
    def severity(self) -> Severity | None:
        return min((found for result in self.results if (found := result.severity)), default=None)

    @property
    def sentence(self) -> str:
        """Why, by the gates that decided."""
        if not self.results:
            return "there is no gate, so nothing was judged"
        said = (result.sentence for result in self.results if result.outcome is self.outcome)
        return "; ".join(dict.fromkeys(said))  # two gates over one metric may have the same to say
