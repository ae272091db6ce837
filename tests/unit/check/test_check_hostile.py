"""No value ends a directive or opens a block: it is refused, or it is one argument where it belongs."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import hostile_services
import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.check import check
from nginxgen.check.syntax import Reader
from nginxgen.errors import Finding, InputError
from nginxgen.model.service import Service
from nginxgen.render import render

_BROKEN = {"NG001", "NG002", "NG003"}


@cache
def judged(service: Service) -> tuple[Finding, ...] | None:
    """None where rendering refuses it."""
    try:
        release = render([service], makers.intent([service]), makers.host())
    except InputError:
        return None
    return check([service], makers.host(), release, render)


@pytest.mark.parametrize("field", [field for field in hostile_services.FIELDS if field != "server_extra"])
def test_a_hostile_value_is_refused_or_stays_a_value(field: str) -> None:
    seen: Counter[bool] = Counter()
    for name, value, service in hostile_services.cases():
        if name == field:
            found = judged(service)
            assert not {finding.rule for finding in found or ()} & _BROKEN, (value, found)
            seen[found is None] += 1
    assert seen[True] > 0


def test_a_hostile_server_extra_is_refused_or_whole() -> None:
    for _, value, service in [case for case in hostile_services.cases() if case[0] == "server_extra"]:
        for finding in judged(service) or ():
            assert finding.rule != "NG002", (value, finding)
            assert finding.place is not None
            assert finding.place.line is not None


texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("a\"'\\ ;{}$#~\n/", max_size=12)


@given(st.sampled_from(sorted(hostile_services.FIELDS.keys() - {"server_extra"})), texts)
def test_no_text_breaks_out_of_any_field(field: str, value: str) -> None:
    found = judged(hostile_services.FIELDS[field](value))
    assert not {finding.rule for finding in found or ()} & _BROKEN


def test_blocks_within_blocks_without_end_are_an_error_and_no_traceback(tmp_path: Path) -> None:
    nodes, found = Reader(tmp_path).parse("location /a { " * 900 + "}" * 900, "shop.conf", ("http", "server"))
    assert nodes == ()
    assert [(one.rule, str(one.place)) for one in found] == [("NG001", "shop.conf:1")]
