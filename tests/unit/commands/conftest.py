"""The command line as it is typed, over a fleet in memory."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from command_line import INVENTORY, Typed
from memory_fleet import MemoryFleet

from nginxgen.fleet.connect import Connections
from nginxgen.fleet.fake import FakeSession
from nginxgen.model.host import Host


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(capsys)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryFleet:
    """Three hosts in memory in the place of those of the inventory, which is ./inventory/fleet.yml."""
    hosts = MemoryFleet()

    def connect(_: Connections, host: Host) -> FakeSession:
        return hosts.connect(host)

    monkeypatch.setattr(Connections, "connect", connect)
    monkeypatch.delenv("NGINXGEN_INVENTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "fleet.yml").write_text(INVENTORY)
    return hosts


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`somebody("y")`: a person is at the terminal and will answer so."""

    def sits_there(answer: str) -> None:
        monkeypatch.setattr("nginxgen.commands.person._present", lambda: True)
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    return sits_there
