"""The gates that docs/judging.md shows can be written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from markdown_page import PAGES, blocks

from nginxgen.gates import grammar

LINES = [
    line
    for page in PAGES
    for block in blocks(page, "yaml")
    if block.note == "gates"
    for line in block.text.splitlines()
]


@pytest.mark.parametrize("line", LINES)
def test_every_gate_of_the_page_is_understood(line: str) -> None:
    written: dict[str, Any] = yaml.safe_load(line)
    for metric, gate in written.items():
        numbers = ("queue_depth", "consistency")
        understood = (
            grammar.levels(metric, numbers, **gate) if isinstance(gate, dict) else grammar.gate(metric, gate, numbers)
        )
        assert understood.metric == metric


def test_the_page_shows_some() -> None:
    assert len(LINES) > 5
