"""From what a host has to what is done with it."""

from __future__ import annotations

import makers
import pytest
from states import NOWHERE, SHOP, edited, release, serving

from nginxgen.model.plan import Action, Expected
from nginxgen.model.state import Drift, HostState
from nginxgen.plan.build import Target, build, needs_files

OLD = release(weight="0")
NEW = release(weight="10")
STOPPED = HostState(NEW.id, None, None, NEW.intent, drift=(Drift.NGINX_STOPPED,))


@pytest.mark.parametrize(
    ("state", "action"),
    [
        pytest.param(NOWHERE, Action.FIRST, id="nginxgen has not been there"),
        pytest.param(serving(OLD), Action.CHANGE, id="another release"),
        pytest.param(serving(NEW), Action.NONE, id="the same"),
        pytest.param(serving(NEW, drift=(Drift.BINARY_REPLACED,)), Action.NONE, id="what an apply cannot mend"),
        pytest.param(STOPPED, Action.NONE, id="nor a stopped nginx"),
        *(
            pytest.param(serving(NEW, drift=(drift,)), Action.CHANGE, id=drift)
            for drift in (Drift.EDITED, Drift.LOADER_MISSING, Drift.LOADER_EDITED, Drift.NOT_RUNNING_LIVE)
        ),
    ],
)
def test_action(state: HostState, action: Action) -> None:
    plan = build([Target("edge-1", state, NEW, OLD.files if state.live == OLD.id else NEW.files)])
    assert plan.hosts[0].action is action
    assert plan.changed is (action is not Action.NONE)
    assert bool(plan.changes()) is plan.changed
    assert bool(plan.hosts[0].summary) is plan.changed


def test_files_are_read_only_where_there_is_something_to_compare() -> None:
    assert needs_files(serving(OLD), NEW)
    assert not needs_files(serving(NEW), NEW)
    assert not needs_files(NOWHERE, NEW)


def test_a_change_expects_what_was_seen() -> None:
    plan = build([Target("edge-1", serving(OLD, running="ffffffffffff"), NEW, OLD.files)])
    assert plan.changes()[0].expected == Expected(OLD.id, "ffffffffffff")


def test_an_open_transaction_is_expected_to_be_undone_first() -> None:
    state = serving(OLD, running=NEW.id, drift=(Drift.NOT_RUNNING_LIVE, Drift.OPEN_TRANSACTION))
    plan = build([Target("edge-1", state, NEW, OLD.files)])
    assert plan.hosts[0].expected == Expected(OLD.id, OLD.id)
    assert "finished or undone first" in " ".join(plan.hosts[0].summary)


def test_a_weight_change_is_a_small_diff_of_the_service_alone() -> None:
    host = build([Target("edge-1", serving(OLD), NEW, OLD.files)]).hosts[0]
    assert host.summary == ("shop/default: weight 0 -> 10",)
    assert host.diff.startswith(f"--- releases/{OLD.id}/shop.conf\n+++ releases/{NEW.id}/shop.conf\n@@ ")
    assert host.diff.count("--- ") == 1
    assert "manifest" not in host.diff


def test_other_text_with_the_same_weights_is_said_in_words() -> None:
    other = release(makers.service("shop", override=makers.BOTH, server_names=("new.example.com",)))
    host = build([Target("edge-1", serving(NEW), other, NEW.files)]).hosts[0]
    assert host.summary == ("no change in weights; config text changes",)


def test_a_removed_service_needs_force() -> None:
    both = release(SHOP, makers.service("blog"))
    host = build([Target("edge-1", serving(both), NEW, both.files)]).hosts[0]
    assert host.unsafe == ("service blog is removed",)
    assert f"--- releases/{both.id}/blog.conf\n+++ /dev/null\n" in host.diff


def test_an_edit_by_hand_is_shown_and_undone() -> None:
    files = edited(NEW, "shop.conf", NEW.file("shop.conf").text.replace("listen 80", "listen 81"))
    host = build([Target("edge-1", serving(NEW, drift=(Drift.EDITED,)), NEW, files)]).hosts[0]
    assert host.summary == ("files were edited by hand on this host: the edit is undone",)
    assert "-    listen 81;\n+    listen 80;\n" in host.diff


def test_hosts_share_a_release_where_it_is_the_same() -> None:
    plan = build([Target(name, serving(OLD), NEW, OLD.files) for name in ("edge-1", "edge-2")])
    assert list(plan.releases) == [NEW.id]
    assert [change.release for change in plan.changes()] == [NEW, NEW]
