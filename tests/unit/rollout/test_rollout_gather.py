"""What a step is measured against: nothing of the weight before, and the baselines that its gates name."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginxgen.gates.grammar import gate
from nginxgen.metrics.baselines import save
from nginxgen.model.baseline import Baseline
from nginxgen.model.rollout import Standing
from nginxgen.model.samples import Counts, Tally
from nginxgen.workflow.looks import saved
from nginxgen.workflow.rollout.gather import first_slice


@pytest.mark.parametrize(
    ("since", "scale", "begin"), [(100.0, 1.0, 110.0), (99.5, 1.0, 110.0), (98.9, 1.0, 100.0), (100.2, 60.0, 102.0)]
)
def test_the_first_slice_lies_wholly_after_the_change(since: float, scale: float, begin: float) -> None:
    assert first_slice(Standing(since=since, time_scale=scale)) == begin


def test_a_gate_finds_the_baseline_that_it_names_and_says_which_is_missing(tmp_path: Path) -> None:
    routes = {"reads": Tally(Counts(requests=70)), "writes": Tally(Counts(requests=30))}
    save(tmp_path, "monday", Baseline("shop", "v1", 0.0, 60.0, routes))
    gates = (
        gate("p95", "<= baseline(monday) + 20%"),
        gate("mean", "<= baseline(sunday) + 20%"),
        gate("error_rate", "< 1%"),
    )
    found, notes = saved(tmp_path, gates, "shop", ())
    assert {name: tally.counts.requests for name, tally in found.items()} == {"monday": 100}
    assert notes == ("there is no baseline sunday of shop",)
    found, _ = saved(tmp_path, gates, "shop", ("writes",))
    assert found["monday"].counts.requests == 30
