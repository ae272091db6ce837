"""How often a host is waited for: each of these is 100 ms where it is far away. One more, and this fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.contestants.library import Library
from bench.fleet import Fleet, fleet
from bench.slow_network import Line, slow_line
from nginxgen.fleet import archive
from nginxgen.plan import build

APPLY, REVERT = 10, 9
# TCP, the key exchange in two, the login, the channel with its command: 5 are SSH's own. The others are the words.


@pytest.fixture(scope="module")
def far() -> Iterator[tuple[Library, Line, Path]]:
    """nginxgen's verbs on one host behind a line that delays and counts, after its first apply; and its releases."""
    with fleet(1) as direct, slow_line(direct.sites[0].ssh) as line:
        view = Fleet(direct.lab, direct.folder / "far", {direct.sites[0].name: line.endpoint})
        verbs = Library(view.spec("far", "nginxgen"))
        verbs.change("0")
        line.round_trip = 0.05
        yield verbs, line, direct.lab.hosts[0].conf_dir / "nginxgen/releases"


def test_an_apply_and_a_revert_wait_no_more_often_than_they_must(far: tuple[Library, Line, Path]) -> None:
    verbs, line, _ = far
    line.reset()
    verbs.change("12.5")
    apply = line.turns
    line.reset()
    verbs.revert()
    assert (apply, line.turns) == (APPLY, REVERT)
    assert line.connections == 1


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each archive, before it is filled up to a block."""
    sizes: list[int] = []
    really = archive.pack

    def note(*words: Any) -> bytes:
        made = really(*words)
        sizes.append(len(made))
        return made

    monkeypatch.setattr(archive, "pack", note)
    return sizes


def test_a_release_that_a_host_keeps_does_not_travel_again(far: tuple[Library, Line, Path], packed: list[int]) -> None:
    verbs, _, releases = far
    for weight in ("30", "31", "30"):
        verbs.change(weight)
    new, other, again = packed
    assert again < min(new, other) / 3
    # the twin of all is one, and somebody has put his hands on it: then it is sent, and mended
    twins = {json.loads((one / "manifest.json").read_text())["emergency"] for one in releases.iterdir()} - {None}
    assert len(twins) == 1
    file = next((releases / twins.pop()).glob("*.conf"))
    text = file.read_text()
    file.write_text(text + "# by hand\n")
    verbs.change("32")
    assert packed[4] > packed[3]
    assert file.read_text() == text


def test_of_a_large_release_only_what_has_changed_travels(
    far: tuple[Library, Line, Path], packed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs, _, _ = far
    verbs.change("50")
    verbs.change("51")
    monkeypatch.setattr(build, "_LARGE", 0)
    verbs.change("52")
    assert packed[2] < packed[1] < packed[0] + 64  # which differ in digits alone
