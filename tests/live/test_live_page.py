"""The live page in a real browser: drawn, readable on a phone and on a desk, and silent towards everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser import Browser, chromium
from selenium.webdriver.support.ui import WebDriverWait

from nginxgen.live.board import Board, Shown
from nginxgen.live.server import serving
from tests import records

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("chromium")]

LOOK = """return {wide: document.documentElement.scrollWidth,
  charts: document.querySelectorAll('svg').length, lines: document.querySelectorAll('path').length,
  paper: getComputedStyle(document.body).backgroundColor, text: document.body.innerText,
  axes: [...document.querySelectorAll('svg[aria-label^="Weight"] text')].map(one => parseFloat(one.textContent)),
  small: [...document.querySelectorAll('body *')].filter(one => one.textContent
    && parseFloat(getComputedStyle(one).fontSize) < 12).length}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_is_drawn_fits_and_asks_nobody_else(*, browser: Browser, width: int, dark: bool) -> None:
    board = Board(120.0)
    board.show((Shown("", records.running()), Shown("reads", records.aborted()), Shown("", records.begun())))
    with serving("127.0.0.1", 0, board) as url:
        browser.open(url, width, dark)
        wait_for_the_script(browser)
        found: Any = browser.run(LOOK)
        faint, logged, asked = browser.faint(), browser.logs(), browser.requested()
    assert found["wide"] == width, "something sticks out"
    assert (found["charts"], found["lines"], found["small"]) == (8, 16, 0)
    assert max(found["axes"]) <= 100, "no weight is above 100 %"
    assert found["paper"] == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
    assert "error_rate < 1%" in found["text"]
    assert "p95 is above its attention level" in found["text"]
    assert "Nothing measured yet." in found["text"]
    assert faint == []
    assert logged == []
    asked = [one for one in asked if not one.startswith("data:")]
    assert {f"{url}", f"{url}record.json"} <= set(asked)
    assert {urlsplit(one).netloc for one in asked} == {urlsplit(url).netloc}


def test_texts_that_are_too_faint_are_found(browser: Browser) -> None:
    browser.open("data:text/html,<p style='color:%23999'>pale</p><p style='color:%23666'>readable</p>", 400)
    assert browser.faint() == ["2.85 4.5 pale"]


def wait_for_the_script(browser: Browser) -> None:
    WebDriverWait(browser.driver, 20).until(
        lambda driver: driver.execute_script("return document.querySelectorAll('h1').length")
    )
