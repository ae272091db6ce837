"""check --live over hosts in memory: alike hosts are judged once, and none is passed over."""

from __future__ import annotations

import base64
import gzip

import pytest
from memory_fleet import MemoryFleet

from nginxgen.errors import SeveralRefused
from nginxgen.fleet import answers
from nginxgen.fleet.answers import Nonsense
from nginxgen.workflow.check import live
from nginxgen.workflow.scope import Scope

FORGED = "# configuration file /etc/nginx/nginx.conf:\nhttp {\n    underscores_in_headers on;\n}\n"


def scope(fleet: MemoryFleet) -> Scope:
    return Scope(fleet.inventory_hosts(), fleet.connect)


def test_hosts_with_the_same_config_are_judged_once() -> None:
    fleet = MemoryFleet(3)
    fleet[1].config = fleet[3].config = FORGED
    places = [str(finding.place) for finding in live(scope(fleet), ()) if finding.rule == "NG035"]
    assert places == [f"{fleet[1].name} and 1 more:/etc/nginx/nginx.conf:2"]


def test_a_host_that_is_down_is_an_error_and_not_a_host_without_faults() -> None:
    fleet = MemoryFleet(3)
    fleet.cut_off(1)
    with pytest.raises(SeveralRefused, match="edge-1"):
        live(scope(fleet), ())


def packed(text: str, cut: int | None = None) -> str:
    return base64.b64encode(gzip.compress(text.encode())[:cut]).decode()


def test_what_a_host_may_answer() -> None:
    assert answers.config({"most": 100, "config": packed("x" * 100)}) == "x" * 100
    assert answers.config({"most": 100, "config": packed("x" * 101)}) is None
    for bad in (
        {"most": 100, "config": packed("x", -3)},
        {"most": 1},
        {"most": "a", "config": ""},
        {"most": 9, "config": "é"},
    ):
        with pytest.raises(Nonsense):
            answers.config(bad)
