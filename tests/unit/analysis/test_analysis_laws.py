"""What holds for every gate and everything that can be measured."""

from __future__ import annotations

from dataclasses import replace

from cases import GATES, gates, measured, samples, tallies
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import sample

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.model.gates import Kind, Metric
from nginxgen.model.samples import NOTHING, Measured, Sample, add
from nginxgen.model.verdict import Outcome, worst

JUDGE = Judge()
ORDER = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]


@settings(max_examples=300)
@given(st.lists(gates, max_size=4), measured)
def test_everything_gets_an_answer_with_a_sentence(asked, seen):
    verdict = JUDGE.judge(asked, seen)
    assert len(verdict.results) == len(asked)
    assert verdict.outcome is worst(result.outcome for result in verdict.results)
    assert verdict.sentence
    assert all(result.sentence.startswith(result.gate.metric) for result in verdict.results)


@given(measured)
def test_no_gate_is_no_pass(seen):
    assert JUDGE.judge((), seen).outcome is Outcome.INCONCLUSIVE


def test_no_data_is_no_pass():
    for one in GATES:
        assert JUDGE.judge((one,), Measured()).outcome is not Outcome.PASS, one
        assert JUDGE.judge((one,), Measured()).outcome is not Outcome.FAIL, one


@settings(max_examples=200)
@given(gates.filter(lambda one: one.known), measured)
def test_a_source_that_is_down_neither_promotes_nor_hides_a_failure(one, seen):
    known = JUDGE.judge((one,), replace(seen, error=None)).outcome
    down = JUDGE.judge((one,), replace(seen, error="edge-2 can't be reached")).outcome
    assert down is not Outcome.PASS
    assert down in {Outcome.ERROR, known}


@given(measured)
def test_a_source_that_is_down_does_not_roll_back(seen):
    nothing = replace(seen, canary=None, stable=None, error="Prometheus did not answer")
    for one in GATES:
        if one.known:
            assert JUDGE.judge((one,), nothing).outcome is Outcome.ERROR


@settings(max_examples=100)
@given(
    gates.filter(lambda one: one.known and one.known.kind not in (Kind.COUNT, Kind.SHARE)), st.integers(0, 9), st.data()
)
def test_fewer_than_ten_requests_say_nothing(one, requests, data):
    errors = data.draw(st.integers(0, requests))
    seen = Measured(sample("v2", [requests], [errors]), sample("v1", [10_000], [0]), {"monday": NOTHING})
    assert JUDGE.judge((one,), seen).outcome is Outcome.INCONCLUSIVE


RATES = ["< 1%", "<= stable", "<= stable + 50%", "<= stable + 0.5pp", "<= baseline(monday) + 20%"]


@settings(max_examples=200)
@given(st.sampled_from(RATES), st.integers(10, 3000), st.integers(10, 30_000), st.data())
def test_another_error_of_the_canary_never_improves_its_verdict(text, mine, theirs, data):
    errors, stable_errors = data.draw(st.integers(0, mine - 1)), data.draw(st.integers(0, theirs))
    stable = sample("v1", [theirs], [stable_errors])
    asked = (gate("error_rate", text),)

    def outcome(failed: int) -> Outcome:
        seen = Measured(sample("v2", [mine], [failed]), stable, {"monday": stable.total})
        return JUDGE.judge(asked, seen).outcome

    assert ORDER.index(outcome(errors)) <= ORDER.index(outcome(errors + 1))


@settings(max_examples=100)
@given(st.sampled_from(RATES[1:]), st.integers(10, 3000), st.integers(10, 30_000), st.data())
def test_another_error_of_stable_never_worsens_the_canarys_verdict(text, mine, theirs, data):
    errors, stable_errors = data.draw(st.integers(0, mine)), data.draw(st.integers(0, theirs - 1))
    canary = sample("v2", [mine], [errors])

    def outcome(failed: int) -> Outcome:
        stable = sample("v1", [theirs], [failed])
        return JUDGE.judge((gate("error_rate", text),), Measured(canary, stable, {"monday": stable.total})).outcome

    assert ORDER.index(outcome(stable_errors + 1)) <= ORDER.index(outcome(stable_errors))


@given(st.lists(tallies, max_size=4), st.randoms())
def test_tallies_merge_in_any_order_and_grouping(parts, random):
    shuffled = parts.copy()
    random.shuffle(shuffled)
    one_by_one = NOTHING
    for part in shuffled:
        one_by_one = part + one_by_one
    assert add(parts) == one_by_one
    assert add(parts[:2]) + add(parts[2:]) == one_by_one


@given(samples(), samples(), samples())
def test_samples_of_several_hosts_merge_in_any_order_and_grouping(one, two, three):
    one, two, three = (_of_width_10(each) for each in (one, two, three))
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert (one + two).total == one.total + two.total


def _of_width_10(one: Sample) -> Sample:
    slices = tuple(replace(slice_, seconds=10) for slice_ in one.slices)
    return replace(one, route="*", version="v2", slices=slices)


def test_the_worst_names_the_whole():
    assert worst([Outcome.PASS, Outcome.INCONCLUSIVE]) is Outcome.INCONCLUSIVE
    assert worst([Outcome.INCONCLUSIVE, Outcome.ERROR]) is Outcome.ERROR
    assert worst([Outcome.ERROR, Outcome.FAIL, Outcome.PASS]) is Outcome.FAIL
    assert worst([Outcome.PASS, Outcome.PASS]) is Outcome.PASS


def test_every_metric_is_named_in_a_case():
    assert {one.known for one in GATES if one.known} == set(Metric)


def test_a_canary_with_a_control_group_is_compared_with_it_and_not_with_stable():
    """Stable as a whole is better than both, since clients without a session are no fair comparison; or worse."""
    asked = (gate("error_rate", "<= stable"),)
    canary, stable = sample("v2", [2_000], [60]), sample("v1", [90_000], [180])
    alone, alike = Measured(canary, stable), Measured(canary, stable, control=sample("v1", [2_000], [60]))
    assert JUDGE.judge(asked, alone).outcome is Outcome.FAIL
    assert JUDGE.judge(asked, alike).outcome is Outcome.INCONCLUSIVE
    better = replace(alike, control=sample("v1", [2_000], [2]), stable=sample("v1", [90_000], [2_700]))
    assert JUDGE.judge(asked, better).outcome is Outcome.FAIL
    assert "control 0.1 %" in JUDGE.judge(asked, better).sentence
    nobody = replace(alike, control=sample("v1", [], []))
    assert JUDGE.judge(asked, nobody).outcome is Outcome.INCONCLUSIVE, "stable is never put in its place"


def test_the_share_is_of_all_that_the_weight_decided_whatever_the_control_group():
    asked = (gate("share", "± 20%"),)
    canary, stable, control = (sample(name, [number], [0]) for name, number in (("v2", 5e3), ("v1", 45e3), ("v1", 5e3)))
    assert JUDGE.judge(asked, Measured(canary, stable, weight=0.1, control=control)).outcome is Outcome.PASS
