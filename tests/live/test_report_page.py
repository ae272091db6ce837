"""The report in a real browser: it fits, it can be read, it complains of nothing and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
import records
from browser import Browser, chromium

from nginxgen.report.html import html
from nginxgen.report.language import Language

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("chromium")]

SMALL = """return [...document.querySelectorAll("body *")]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && one.offsetParent)
    .map(one => parseFloat(getComputedStyle(one).fontSize)).reduce((a, b) => Math.min(a, b), 99)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", records.ALL)
def test_a_report_is_drawn(
    *, browser: Browser, tmp_path: Path, name: str, language: Language, width: int, dark: bool
) -> None:
    page = tmp_path / "report.html"
    page.write_text(html(records.ALL[name](), language, UTC))
    browser.open(page.as_uri(), width, dark)
    assert browser.run("return document.documentElement.scrollWidth") == width, "nothing is wider than the screen"
    assert browser.run("return document.documentElement.scrollHeight > 300")
    assert browser.run(SMALL) >= 11
    assert browser.faint() == []
    assert browser.logs() == []
    assert [url for url in browser.requested() if not url.startswith(("file:", "data:"))] == []
    assert browser.run("return [...document.querySelectorAll('svg path')].every(one => one.getTotalLength() > 0)")
