"""The live page in a real browser: drawn, readable on a phone and on a desk, and silent towards everybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

from nginxgen.live.board import Board, Shown
from nginxgen.live.server import serving
from tests import records

pytestmark = [pytest.mark.live, pytest.mark.full]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_is_drawn_fits_and_asks_nobody_else(browser: Chrome, width: int, scheme: str) -> None:
    board = Board(120.0)
    board.show((Shown("", records.running()), Shown("reads", records.aborted()), Shown("", records.begun())))
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    with serving("127.0.0.1", 0, board) as url:
        browser.get(url)
        WebDriverWait(browser, 20).until(
            lambda one: one.execute_script("return document.querySelectorAll('h1').length")
        )
        found = browser.execute_script(
            "return {wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth,"
            " charts: document.querySelectorAll('svg').length, lines: document.querySelectorAll('path').length,"
            " paper: getComputedStyle(document.body).backgroundColor, text: document.body.innerText,"
            " small: [...document.querySelectorAll('body *')].filter(one => one.textContent &&"
            " parseFloat(getComputedStyle(one).fontSize) < 12).length}"
        )
        logged = browser.get_log("browser")
        asked = requests(browser, url)
    assert width - 20 <= found["room"] <= width  # less a scroll bar
    assert found["wide"] == found["room"], "something sticks out"
    assert (found["charts"], found["lines"], found["small"]) == (8, 16, 0)
    assert found["paper"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    assert "error_rate < 1%" in found["text"]
    assert "p95 is above its attention level" in found["text"]
    assert "Nothing measured yet." in found["text"]
    assert logged == []
    assert {f"{url}", f"{url}record.json"} <= asked
    assert {urlsplit(one).netloc for one in asked} == {urlsplit(url).netloc}


def requests(browser: Chrome, url: str) -> set[str]:
    """What went over the network since the page at `url` was asked for."""
    events = [json.loads(one["message"])["message"] for one in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert url in asked
    return {one for one in asked[asked.index(url) :] if not one.startswith("data:")}
