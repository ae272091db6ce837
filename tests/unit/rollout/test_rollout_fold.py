"""From journals to a standing: whichever hosts have whichever lines, in whatever order they are read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nginxgen.model.record import Happening
from nginxgen.model.rollout import NEVER, Entry, Phase
from nginxgen.model.state import JournalEntry
from nginxgen.model.weight import Weight
from nginxgen.rollout.entries import read, written
from nginxgen.rollout.fold import entries, fold

AT = 1_900_000_000.0


def entry(sequence: int, what: Happening, **fields: object) -> Entry:
    made = Entry("r1", sequence, "shop", "", what, AT + sequence, "me", canary="v2", stable="v1", txn=f"t{sequence}")
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of Entry, by name


def line(one: Entry, result: str = "committed") -> JournalEntry:
    return JournalEntry("2026-01-01T00:00:00Z", "rollout", one.who, one.text, "a", "b", result, one.txn, written(one))


STORY = (
    entry(1, Happening.STARTED),
    entry(2, Happening.STEPPED, step=0, weight=1.0),
    entry(3, Happening.EXTENDED),
    entry(4, Happening.PAUSED, text="lunch"),
    entry(5, Happening.RESUMED),
    entry(6, Happening.STEPPED, step=1, weight=12.5),
)


@given(st.lists(st.sets(st.sampled_from(range(len(STORY)))), min_size=1, max_size=5))
def test_what_any_host_has_is_true_for_the_fleet(known: list[set[int]]) -> None:
    journals = {f"edge-{number}": [line(STORY[index]) for index in sorted(some)] for number, some in enumerate(known)}
    there = sorted(set().union(*known))
    assert entries(journals).get(("shop", ""), ()) == tuple(STORY[index] for index in there)


def test_the_whole_story() -> None:
    standing = fold(STORY)
    assert (standing.phase, standing.step, standing.weight, standing.since) == (Phase.RUNNING, 1, Weight(1_250), AT + 6)
    assert (standing.sequence, standing.by, standing.extended) == (6, "me", False)
    assert fold(STORY[:4]).reason == "lunch"
    assert fold(()) == NEVER


def test_a_change_that_was_taken_back_has_not_happened_there() -> None:
    journals = {"edge-1": [line(STORY[0], "noted"), line(STORY[1]), line(STORY[1], "reverted")]}
    assert fold(entries(journals)["shop", ""]).step == -1
    journals["edge-2"] = [line(STORY[0], "noted"), line(STORY[1])]
    assert fold(entries(journals)["shop", ""]).step == 0


def test_the_newest_rollout_counts() -> None:
    newer = replace(entry(1, Happening.STARTED), rollout="r2", at=AT + 100)
    journals = {"edge-1": [line(one) for one in (*STORY, newer)]}
    assert [one.rollout for one in entries(journals)["shop", ""]] == ["r2"]


def test_a_step_is_served_when_a_host_says_so_unless_its_clock_is_wrong() -> None:
    stepped = replace(STORY[1], at=1_767_225_600.0 - 2.5)  # 2026-01-01
    assert entries({"a": [line(stepped)]})["shop", ""][0].at == 1_767_225_600.0
    wrong = replace(STORY[1], at=1_767_225_600.0 - 500)
    assert entries({"a": [line(wrong)]})["shop", ""][0].at == wrong.at


@given(
    st.builds(
        Entry, st.text(), st.integers(0), st.text(), st.text(), st.sampled_from(Happening), st.floats(0, 4e9),
        st.text(), st.text(), step=st.integers(-1, 99), weight=st.floats(0, 100), chained=st.booleans(),
        summary=st.text(), routes=st.lists(st.text()).map(tuple), time_scale=st.floats(1, 1e6),
        again=st.booleans(),
    )
)  # fmt: skip
def test_an_entry_is_read_as_it_was_written(one: Entry) -> None:
    assert read(line(replace(one, txn="t"))) == replace(one, txn="t")


@given(st.text() | st.just('{"rollout": 1}') | st.just("[" * 5_000))
def test_what_is_no_entry_is_none(text: str) -> None:
    assert read(replace(line(STORY[0]), rollout=text)) is None
