"""The dashboard: what its panels ask for is served, nothing overlaps, and the data source is a variable."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from exported import unknown

from nginxgen.export import grafana
from nginxgen.model.metric_names import ALL, STEP_BAKE, STEP_STARTED


@pytest.fixture(scope="module")
def dashboard() -> dict:
    return json.loads(grafana.text("shop"))


@pytest.fixture(scope="module")
def asked(dashboard: dict) -> list[str]:
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*targets, *(one["expr"] for one in dashboard["annotations"]["list"])]


def test_every_metric_and_label_that_a_panel_asks_for_is_served(asked: list[str]) -> None:
    assert [found for expression in asked for found in unknown(expression)] == []
    assert all('service="shop",group=~"$group"' in expression for expression in asked)


def test_every_metric_is_on_it(asked: list[str]) -> None:
    shown = set(re.findall(r"nginxgen_\w+", " ".join(asked)))
    assert {one.name for one in ALL} - shown == {STEP_STARTED.name, STEP_BAKE.name}


def test_panels_have_ids_titles_and_room_of_their_own(dashboard: dict) -> None:
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert len({panel["title"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(one["x"] >= 0 and one["x"] + one["w"] <= 24 for one in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_it_can_be_imported_anywhere(dashboard: dict) -> None:
    assert dashboard["id"] is None, "Grafana gives the number"
    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    sources = [panel["datasource"]["uid"] for panel in dashboard["panels"]]
    sources += [target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}


def test_its_address_stays_the_same_and_is_short_enough() -> None:
    longest, other = (json.loads(grafana.text(letter * 63))["uid"] for letter in "ab")
    assert max(len(longest), len(other)) <= 40
    assert longest != other
    assert json.loads(grafana.text("shop"))["uid"] == "nginxgen-shop"
