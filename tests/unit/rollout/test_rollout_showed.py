"""From when on a trouble showed, before it was certain enough to go back."""

from __future__ import annotations

import pytest

from nginxgen.model.gates import Severity
from nginxgen.model.reading import GateReading, Point, Range, Reading
from nginxgen.model.record import Stage, StageEnding
from nginxgen.model.verdict import Outcome
from nginxgen.rollout.showed import showed

GOOD, BAD = Reading(requests=100, errors=1, p95=0.1), Reading(requests=100, errors=40, server_errors=40, p95=0.9)


def gate(metric: str, value: float, limit: float, outcome: Outcome = Outcome.FAIL) -> GateReading:
    return GateReading(metric, "as asked", outcome, "", Severity.P1, canary=Range(value, value, value), limit=limit)


def stage(*gates: GateReading, ending: StageEnding = StageEnding.FAILED) -> Stage:
    points = tuple(
        Point(10.0 * n, 10.0, 5.0, seen, GOOD) for n, seen in enumerate((GOOD, Reading(), BAD, GOOD, BAD), 1)
    )
    return Stage(1, 5.0, 60.0, ending, gates=gates, points=points)


@pytest.mark.parametrize(
    ("seen", "since"),
    [
        (stage(gate("error_rate", 0.3, 0.1)), 20.0),
        (stage(gate("success_rate", 0.7, 0.9)), 20.0),
        (stage(gate("availability", 0.7, 0.9)), 20.0),
        (stage(gate("p95", 0.5, 0.2)), 20.0),
        (stage(gate("error_rate", 0.3, 0.001)), 0.0),
        (stage(gate("error_rate", 0.6, 0.5)), None),
        (stage(gate("error_rate", 0.3, 0.1, Outcome.PASS)), None),
        (stage(gate("a number of their own", 3, 1)), None),
        (stage(gate("error_rate", 0.3, 0.1), ending=StageEnding.STOPPED), None),
        (stage(), None),
    ],
)
def test_the_first_point_beyond_the_limit_of_a_gate_that_failed(seen: Stage, since: float | None) -> None:
    assert showed(seen) == since
