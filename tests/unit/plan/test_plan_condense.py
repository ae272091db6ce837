"""A long plan shows each way to change once, and hides nothing that changes in another way."""

from __future__ import annotations

from dataclasses import replace

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import serving

from nginxgen.model.plan import Plan
from nginxgen.model.service import Server, Service, Version
from nginxgen.plan.build import Target, build
from nginxgen.plan.condense import SENTENCES, condensed, files, sentences
from nginxgen.plan.markdown import plan_markdown
from nginxgen.plan.text import DIFF_LINES, plan_text
from nginxgen.render import render

MANY = 60


def service(number: int, **changes: object) -> Service:
    pools = {name: Server(f"10.{at}.0.{number + 1}:{5000 + number}") for at, name in enumerate(("v1", "v2"))}
    versions = tuple(Version(name, (server,)) for name, server in pools.items())
    return replace(makers.service(f"s{number}"), versions=versions, server_names=(f"s{number}.example.com",), **changes)


def plan_of(old: str, new: str, before: tuple[Service, ...], after: tuple[Service, ...] | None = None) -> Plan:
    after = before if after is None else after
    host = makers.host()
    was, will = (
        render(before, makers.intent(before, old, True), host),
        render(after, makers.intent(after, new, True), host),
    )
    return build([Target("edge-1", serving(was), will, was.files)])


def services(**changes: object) -> tuple[Service, ...]:
    return tuple(service(number, **changes) for number in range(MANY))


@pytest.mark.parametrize(("old", "new"), [("0", "10"), ("5", "10"), ("10", "0"), ("100", "99.99")])
def test_one_weight_over_many_services_is_one_diff_and_a_word(old: str, new: str) -> None:
    text = plan_text(plan_of(old, new, services()))
    assert text.count("+++ ") == 1
    assert f"... {MANY - 1} more files change in the same way: s1.conf, s10.conf, " in text
    assert f"and {MANY - 8} more: weight {old} -> {new}\n" in text
    assert len(text.splitlines()) < DIFF_LINES


def test_full_shows_every_file_and_every_sentence() -> None:
    plan = plan_of("0", "10", services())
    for text in (plan_text(plan, full=True), plan_markdown(plan, full=True)):
        assert text.count("+++ ") == MANY
        assert text.count(": weight 0 -\\> 10") + text.count(": weight 0 -> 10") == MANY


def test_a_short_plan_is_shown_as_it_is() -> None:
    text = plan_text(plan_of("5", "10", services()[:2]))
    assert text.count("+++ ") == 2
    assert "same way" not in text
    assert "  s0/default: weight 5 -> 10\n  s1/default: weight 5 -> 10\n" in text


MOVED = service(30, listen=("8443",))
OTHER = {
    "another port to listen on": MOVED,
    "another server, in place of the old one": replace(
        service(30), versions=(service(30).versions[0], Version("v2", (Server("10.9.9.9:1"),)))
    ),
    "one server more": replace(
        service(30),
        versions=(service(30).versions[0], Version("v2", (*service(30).versions[1].servers, Server("10.9.9.9:1")))),
    ),
    "a directive of its own": replace(service(30), server_extra="client_max_body_size 3m;"),
    "another name": replace(service(30), server_names=("other.example.com",)),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_what_changes_in_another_way_is_shown(other: Service) -> None:
    before = services()
    after = tuple(other if one.name == other.name else one for one in before)
    text = plan_text(plan_of("5", "10", before, after))
    assert text.count("+++ ") == 2
    assert "/s30.conf\n" in text
    assert f"... {MANY - 2} more files" in text


def test_a_new_service_is_no_changed_one() -> None:
    text = plan_text(plan_of("5", "10", services()[:-1], services()))
    assert text.count("--- /dev/null\n") == 1
    assert f"service s{MANY - 1} is new" in text


lines = st.lists(
    st.sampled_from(["+a 1;", "-a 1;", "-a 2;", " a;", "+--- x", "--- x", "@@ -1 +1 @@", "+server a;"]), max_size=8
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "10"]), lines), min_size=1, max_size=5))
def test_every_file_is_shown_or_named(made: list[tuple[str, list[str]]]) -> None:
    diff = [
        line
        for name, body in made
        for line in (f"--- releases/1/{name}.conf", f"+++ releases/2/{name}.conf", "@@ -1 +1 @@", *body)
    ]
    assert [line for file in files(diff) for line in file.lines] == diff  # nothing is lost in taking it apart
    short = condensed(diff)
    told = [line for line in short if line.startswith("... ")]
    apart = list(files(diff))
    assert sum(int(line.split()[1]) for line in told) == len(apart) - len(
        list(files([x for x in short if x not in told]))
    )


def test_many_sentences_stand_together_by_what_changes() -> None:
    many = [f"s{number}/default: weight 0 -> {10 if number % 2 else 20}" for number in range(SENTENCES + 2)]
    assert sentences(many[:SENTENCES]) == tuple(many[:SENTENCES])
    even, odd = (", ".join(f"s{number}/default" for number in range(first, 16, 2)) for first in (0, 1))
    assert sentences([*many, "x"]) == (
        f"{even} and 3 more: weight 0 -> 20",
        f"{odd} and 3 more: weight 0 -> 10",
        "x",
    )
