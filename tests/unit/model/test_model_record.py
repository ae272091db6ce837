"""A record is kept as JSON and read back the same, whatever is in it; its sums keep their numbers."""

from __future__ import annotations

import json
import math

import pytest
import records
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.errors import InputError
from nginxgen.model.codec import from_json, to_json
from nginxgen.model.gates import Base, Gate, Side, Threshold
from nginxgen.model.histogram import Histogram
from nginxgen.model.reading import GateReading, Reading
from nginxgen.model.record import Record
from nginxgen.model.samples import Counts, Tally
from nginxgen.model.verdict import Estimate, GateResult, Outcome

finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, finite)


@given(st.from_type(Record))
def test_a_record_is_read_back_as_it_was(record: Record) -> None:
    assert from_json(Record, json.loads(json.dumps(to_json(record), allow_nan=False))) == record


@pytest.mark.parametrize("name", records.ALL)
def test_the_records_of_these_tests_too(name: str) -> None:
    record = records.ALL[name]()
    assert from_json(Record, json.loads(json.dumps(to_json(record)))) == record


def test_a_newer_versions_fields_are_left_alone() -> None:
    assert from_json(Record, {**to_json(records.good()), "colour": "red"}) == records.good()


@pytest.mark.parametrize("data", [{}, [], None, {"service": 3}, {**to_json(records.good()), "ending": "sideways"}])
def test_what_is_no_record_is_an_error_that_says_where(data: object) -> None:
    with pytest.raises(InputError, match=r"^the file is not a Record: "):
        from_json(Record, data, "the file")


@given(st.lists(st.floats(0.001, 100), max_size=50))
def test_a_reading_is_the_tally_in_numbers(times: list[float]) -> None:
    found = Reading.of(Tally(Counts(requests=len(times)), Histogram.of(times)))
    assert found.requests == len(times)
    if not times:
        assert found == Reading()
        return
    assert found.mean == pytest.approx(sum(times) / len(times), rel=0.01)
    assert found.p50 == pytest.approx(sorted(times)[math.ceil(len(times) / 2) - 1], rel=0.011)
    assert found.max == pytest.approx(max(times), rel=0.01)


def test_a_gate_keeps_its_words_and_no_infinity() -> None:
    held, gone = Threshold(Side.BELOW, Base.FIXED, "< 1s", 1.0), Threshold(Side.BELOW, Base.FIXED, "< 2s", 2.0)
    seen = Estimate(0.5, 0.1, math.inf, 3)
    found = GateReading.of(GateResult(Gate("p95", held, gone), Outcome.INCONCLUSIVE, "too few", seen))
    assert found.asked == "attention < 1s, rollback < 2s"
    assert found.canary is not None
    assert found.canary.upper is None
    assert GateReading.of(GateResult(Gate("p95", held, held), Outcome.PASS, "")).asked == "< 1s"
