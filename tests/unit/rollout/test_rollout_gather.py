"""From when on a step is measured: nothing of the weight before may be in it."""

from __future__ import annotations

import pytest

from nginxgen.model.rollout import Standing
from nginxgen.workflow.rollout.gather import first_slice


@pytest.mark.parametrize(
    ("since", "scale", "begin"), [(100.0, 1.0, 110.0), (99.5, 1.0, 110.0), (98.9, 1.0, 100.0), (100.2, 60.0, 102.0)]
)
def test_the_first_slice_lies_wholly_after_the_change(since: float, scale: float, begin: float) -> None:
    assert first_slice(Standing(since=since, time_scale=scale)) == begin
