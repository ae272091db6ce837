"""smoke: what was asked, and of what is not there yet, that nobody was asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import INVENTORY, Typed
from memory_fleet import MemoryFleet

SMOKE = "    smoke: [{path: /health}]\n"


@pytest.fixture
def smoking(fleet: MemoryFleet) -> MemoryFleet:
    Path("inventory/fleet.yml").write_text(INVENTORY + SMOKE)
    return fleet


@pytest.mark.usefixtures("smoking")
def test_a_service_that_was_never_applied_is_not_asked_and_the_hint_says_how_it_gets_there(typed: Typed) -> None:
    """Every port of these hosts answers 200: it would be somebody else's answer."""
    ended = typed("smoke")
    assert ended.code == 5
    assert "error: edge-1: shop/health (-): it is not on this host yet and 2 more\n" in ended.err
    assert "  hint: nginxgen apply brings it there\n" in ended.err
    told = typed("smoke", "--json").json
    assert told["ok"] is False
    assert {(one["message"], one["hint"]) for one in told["requests"]} == {
        ("it is not on this host yet", "nginxgen apply brings it there")
    }
    typed("apply", "--yes")
    assert typed("smoke", "--json").json["ok"] is True


@pytest.mark.usefixtures("smoking")
def test_a_second_service_that_is_not_live_yet_does_not_hide_the_first(typed: Typed) -> None:
    typed("apply", "--yes")
    second = INVENTORY.partition("services:\n")[2].replace("shop", "basket")
    Path("inventory/fleet.yml").write_text(INVENTORY + SMOKE + second + SMOKE)
    told = typed("smoke", "--host", "edge-1", "--json").json
    assert [(one["service"], one["to"], one["ok"]) for one in told["requests"]] == [
        ("shop", "stable", True), ("shop", "canary", True), ("basket", "-", False),
    ]  # fmt: skip


def test_a_host_that_is_down_is_told_with_what_to_do(typed: Typed, smoking: MemoryFleet) -> None:
    typed("apply", "--yes")
    smoking.cut_off(1)
    ended = typed("smoke")
    assert ended.code == 5
    assert "edge-1: shop/health (-): connection refused\n  hint: is sshd up?\n" in ended.err
