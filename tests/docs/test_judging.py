"""The gates that docs/judging.md shows can be written."""

from __future__ import annotations

from math import comb
from typing import Any

import pytest
import yaml
from markdown_page import PAGES, blocks, tables, text_of

from nginxgen.gates import grammar

PAGE = next(page for page in PAGES if page.name == "judging.md")

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


def chance(errors: int, requests: int, rate: float) -> float:
    return comb(requests, errors) * rate**errors * (1 - rate) ** (requests - errors)


def most_caught(requests: int, alpha: float = 0.05, good: float = 0.001, bad: float = 0.01) -> float:
    """Neyman and Pearson: from the most errors down, as long as good canaries allow it; the last one in part."""
    left, caught = alpha, 0.0
    for errors in range(40, -1, -1):
        part = min(1.0, left / chance(errors, requests, good))
        left -= part * chance(errors, requests, good)
        caught += part * chance(errors, requests, bad)
    return caught


def test_the_bound_for_230_requests_is_the_one_of_the_page() -> None:
    [rows] = [rows for rows in tables(text_of(PAGE)) if rows[0][0].startswith("errors in 230")]
    for row, rate in zip(rows[1:], (0.001, 0.01), strict=True):
        none, one = chance(0, 230, rate), chance(1, 230, rate)
        rolled_back = 0.05 if rate == 0.001 else most_caught(230)
        assert row[1:] == [f"{100 * part:.1f} %" for part in (none, one, 1 - none - one, rolled_back)]
    least = next(requests for requests in range(100, 1_000) if most_caught(requests) >= 0.8)
    assert f"80 % takes {least} requests at least" in text_of(PAGE)


def test_the_page_shows_some() -> None:
    assert len(LINES) > 5
