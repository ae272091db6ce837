"""A saved plan comes back as it was, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import NOWHERE, release, serving

from nginxgen.errors import InputError
from nginxgen.model.plan import Plan
from nginxgen.plan.build import Target, build
from nginxgen.plan.document import checksum, digest, dump, summary
from nginxgen.plan.saved import load

OLD, NEW, PLAIN = release(weight="0"), release(weight="10"), release(weight="10", on=False)


def made() -> Plan:
    return build(
        [
            Target("edge-1", serving(OLD), NEW, OLD.files),
            Target("edge-2", NOWHERE, NEW),
            Target("edge-3", serving(PLAIN), PLAIN),
        ]
    )


TEXT = dump(made())


def test_round_trip() -> None:
    plan = load(TEXT, "p.json")
    assert plan == made()
    assert plan.releases[NEW.id].emergency == NEW.emergency
    assert checksum(plan) == checksum(made())


def test_the_printed_form_is_the_saved_one_without_the_files() -> None:
    printed = summary(made())
    assert printed == {key: value for key, value in json.loads(TEXT).items() if key != "releases"}
    assert printed["changed"] is True
    assert [(host["name"], host["action"]) for host in printed["hosts"]] == [
        ("edge-1", "change"),
        ("edge-2", "first"),
        ("edge-3", "none"),
    ]
    assert printed["hosts"][1]["expected"] is None


def test_the_layout_of_the_file_does_not_matter() -> None:
    assert load(json.dumps(json.loads(TEXT), indent=4, sort_keys=True), "p.json") == made()


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_no_character_can_be_changed_unnoticed(at: int, char: str) -> None:
    changed = TEXT[:at] + char + TEXT[at + 1 :]
    assert outcome(changed) in {"refused at p.json", "the same plan"}  # the same: white space between tokens


def outcome(text: str) -> str:
    try:
        plan = load(text, "p.json")
    except InputError as error:
        return f"refused at {error.place.file if error.place else None}"
    return "the same plan" if plan == made() else "another plan"


@given(st.integers(0, len(TEXT) - 2))
def test_a_cut_file_is_refused(at: int) -> None:
    with pytest.raises(InputError):
        load(TEXT[:at].rstrip(), "p.json")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "is empty", 1),
        ("{\n\n]", "not JSON", 3),
        ("[]", "not a plan", None),
        ("7", "not a plan", None),
        ("{}", "not a plan", None),
        ('{"kind": "nginxgen plan", "format": 2, "tool": "9.0"}', "made by nginxgen 9.0", None),
        ('{"kind": "nginxgen plan", "format": 1}', "checksum is wrong", None),
        ('{"kind": "nginxgen plan", "kind": 1}', "stands twice", None),
        ('{"kind": NaN}', "NaN", None),
        ("[" * 100_000, "too deeply", None),
    ],
)
def test_what_is_not_a_plan(text: str, message: str, line: int | None) -> None:
    with pytest.raises(InputError) as error:
        load(text, "p.json")
    assert message in error.value.message
    assert error.value.place is not None
    assert error.value.place.line == line
    assert error.value.hint


def drop(data: dict[str, Any], *path: Any) -> None:
    for key in path[:-1]:
        data = data[key]
    del data[path[-1]]


def put(data: dict[str, Any], value: Any, *path: Any) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


TWIN = NEW.emergency.id if NEW.emergency else ""
FORGED: list[Callable[[dict[str, Any]], None]] = [
    lambda data: drop(data, "hosts"),
    lambda data: drop(data, "releases"),
    lambda data: drop(data, "releases", NEW.id),
    lambda data: drop(data, "releases", TWIN),
    lambda data: drop(data, "releases", NEW.id, "manifest.json"),
    lambda data: drop(data, "releases", NEW.id, "SHA256SUMS"),
    lambda data: put(data, "x", "releases", NEW.id, "shop.conf"),
    lambda data: put(data, "x", "releases", NEW.id, "../../evil.conf"),
    lambda data: put(data, 7, "releases", NEW.id, "shop.conf"),
    lambda data: put(data, "\ud800", "releases", NEW.id, "shop.conf"),
    lambda data: put(data, [], "releases", NEW.id),
    lambda data: put(data, {}, "releases", "../../.."),
    lambda data: put(data, "destroy", "hosts", 0, "action"),
    lambda data: put(data, "../x", "hosts", 0, "release"),
    lambda data: put(data, "nope", "hosts", 0, "expected"),
    lambda data: put(data, None, "hosts", 0, "name"),
    lambda data: put(data, "edge-2", "hosts", 0, "name"),
    lambda data: put(data, [7], "hosts", 0, "summary"),
    lambda data: put(data, "x", "hosts", 0),
    lambda data: put(data, {}, "hosts"),
]


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_plan_with_a_right_checksum_is_refused_too(forge: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(TEXT)
    forge(data)
    data["checksum"] = digest(data)
    with pytest.raises(InputError, match="malformed"):
        load(json.dumps(data), "p.json")
