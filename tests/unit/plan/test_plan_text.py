"""Plans as people read them."""

from __future__ import annotations

import pytest
from states import NOWHERE, release, serving

from nginxgen.model.plan import Action, Expected, HostPlan, Plan
from nginxgen.plan.build import Target, build
from nginxgen.plan.document import checksum
from nginxgen.plan.markdown import plan_markdown
from nginxgen.plan.text import DIFF_LINES, groups, hosts_text, plan_text, shown
from nginxgen.plan.words import counted, listed, visible

OLD, NEW = release(weight="0"), release(weight="10")


def change(name: str = "edge-1", *summary: str, diff: str = "", unsafe: tuple[str, ...] = ()) -> HostPlan:
    return HostPlan(name, Action.CHANGE, Expected("aaaa", "aaaa"), "bbbb", summary, diff, unsafe)


def planned(*hosts: HostPlan) -> Plan:
    return Plan(hosts, {})


def test_hosts_with_the_same_change_stand_together() -> None:
    plan = build([Target(name, serving(OLD), NEW, OLD.files) for name in ("edge-1", "edge-2")])
    text = plan_text(plan)
    assert f"edge-1, edge-2  ({OLD.id} -> {NEW.id})\n  shop/default: weight 0 -> 10\n" in text
    assert text.count("+++ ") == 1
    assert text.startswith(f"plan {checksum(plan)[:12]}: 2 hosts to change\n")


def test_hosts_that_differ_in_their_own_address_only_stand_together_and_it_is_said() -> None:
    ends = {name: (release(weight="0", bind=bind), release(bind=bind)) for name, bind in BINDS.items()}
    new = build([Target(name, NOWHERE, after) for name, (_, after) in ends.items()])
    assert len(groups(new.hosts)) == 1
    assert "as on edge-1; the others differ in the address that they listen on" in plan_text(new)
    moved = build([Target(name, serving(before), after, before.files) for name, (before, after) in ends.items()])
    assert "differ" not in plan_text(moved)


BINDS = {"edge-1": "10.0.0.1", "edge-2": "10.0.0.2"}


def test_hosts_with_different_changes_stand_apart() -> None:
    assert len(groups([change("a", "x"), change("b", "y"), change("c", "x", diff="+z\n")])) == 3


def test_a_host_that_stays_is_said_to_stay() -> None:
    plan = build([Target("edge-1", serving(OLD), NEW, OLD.files), Target("edge-2", serving(NEW), NEW)])
    assert "1 host to change, 1 up to date" in plan_text(plan)
    assert plan_text(plan).endswith("\nedge-2: up to date\n")
    same = build([Target("edge-2", serving(NEW), NEW)])
    assert "nothing to do, 1 host up to date" in plan_text(same)
    assert "Nothing to do" in plan_markdown(same)


def test_force_is_asked_for_in_both_forms() -> None:
    plan = planned(change("edge-1", "x", unsafe=("service blog is removed",)))
    assert "needs --force: service blog is removed" in plan_text(plan)
    assert "**needs `--force`**: service blog is removed" in plan_markdown(plan)


def test_a_long_diff_is_cut_with_a_word() -> None:
    lines = shown("".join(f"+{n}\n" for n in range(DIFF_LINES + 7)))
    assert len(lines) == DIFF_LINES + 1
    assert "7 more lines" in lines[-1]
    assert shown("+a\n+b\n") == ["+a", "+b"]


def test_text_from_a_host_cannot_steer_the_terminal() -> None:
    text = hosts_text([change("edge-1", "x", diff="-\x1b[2J\x07gone\n")])
    assert "\x1b" not in text
    assert "\\x1b[2J\\x07gone" in text


@pytest.mark.parametrize("diff", ["+ a ``` b\n", "+````\n+```\n"])
def test_a_fence_is_longer_than_any_in_the_diff(diff: str) -> None:
    text = plan_markdown(planned(change("edge-1", "x", diff=diff)))
    fence = next(line for line in text.splitlines() if line.endswith("diff") and line.startswith("`"))[:-4]
    assert fence not in diff
    assert text.count(f"\n{fence}\n") == 1


def test_a_sentence_cannot_break_the_table() -> None:
    text = plan_markdown(planned(change("edge-1", "a | b <script> *c* -> d")))
    assert "a \\| b \\<script\\> \\*c\\* -> d |" in text


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed(names: list[str], expected: str) -> None:
    assert listed(names) == expected


def test_a_long_list_is_cut() -> None:
    assert listed([str(n) for n in range(20)]).endswith("and 12 more")


def test_counted() -> None:
    assert (counted(1, "host"), counted(0, "host"), counted(2, "host")) == ("1 host", "0 hosts", "2 hosts")


def test_visible_keeps_what_can_be_printed() -> None:
    assert visible("tab\tümlaut 漢") == "tab\tümlaut 漢"
    assert visible("a\x00\x9b\u202eb\udc80") == "a\\x00\\x9b\\u202eb\\udc80"
