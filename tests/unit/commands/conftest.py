"""The command line as it is typed, over a fleet in memory."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from memory_fleet import MemoryFleet, MemorySession

from nginxgen import cli
from nginxgen.fleet.connect import Connections
from nginxgen.model.host import Host

INVENTORY = """\
fleet:
  hosts:
    edge-1: {address: 10.0.0.1, bind: 10.0.0.1}
    edge-2: {address: 10.0.0.2, bind: 10.0.0.2}
    edge-3: {address: 10.0.0.3, bind: 10.0.0.3}
services:
  shop:
    listen: [80]
    server_names: [shop.example.com]
    versions:
      v1: {servers: ["10.0.1.10:5000"]}
      v2: {servers: ["10.0.1.11:5000"]}
    stable: v1
    canary: v2
    override: {cookie: gray_release}
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Typed:
    """`typed("plan", "--json")` is what a person types, in the folder of the inventory."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Ended:
        self._capsys.readouterr()
        code = cli.run(words)
        out, err = self._capsys.readouterr()
        return Ended(int(code), out, err)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(capsys)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryFleet:
    """Three hosts in memory in the place of those of the inventory, which is ./inventory/fleet.yml."""
    hosts = MemoryFleet()

    def connect(_: Connections, host: Host) -> MemorySession:
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
