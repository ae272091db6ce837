"""monitor's files: refused before the time is spent, and written when somebody has seen enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import makers
import pytest
from command_line import Typed
from memory_fleet import MemoryFleet

from nginxgen.model.samples import Measured, Window
from nginxgen.workflow.measure import Look
from nginxgen.workflow.monitor import Frame, Show, Watching
from nginxgen.workflow.scope import Scope


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("name", "why"), [("gone/looks.csv", "there is no such folder"), ("inventory", "a folder")])
@pytest.mark.parametrize("option", ["--csv", "--json"])
def test_a_file_that_can_t_be_written_is_refused_before_the_time_is_spent(
    typed: Typed, option: str, name: str, why: str
) -> None:
    ended = typed("monitor", "86400", option, name)
    assert ended.code == 2
    assert why in ended.err
    assert f"at {name}" in ended.err


def test_what_was_seen_until_an_interrupt_is_shown_and_written(
    typed: Typed, fleet: MemoryFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(scope: Scope, asked: Watching, show: Show) -> NoReturn:
        del scope, asked
        show((Frame(Look(makers.service(), Window(0, 60), "v1", "v2"), Measured(), None),))
        raise KeyboardInterrupt

    del fleet
    monkeypatch.setattr("nginxgen.workflow.monitor.monitor", interrupted)
    ended = typed("monitor", "86400", "--json", "report.json", "--csv", "looks.csv")
    assert ended.code == 130
    assert "shop, 60 s" in ended.out
    assert json.loads(Path("report.json").read_text())["services"][0]["service"] == "shop"
    assert len(Path("looks.csv").read_text().splitlines()) == 3
