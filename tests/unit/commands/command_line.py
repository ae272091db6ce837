"""What tests of the command line share that is not a fixture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from nginxgen import cli

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
