"""How often a host is waited for: each of these is 100 ms where it is far away. One more, and this fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.contestants.library import Library
from bench.fleet import Fleet, fleet
from bench.slow_network import Line, slow_line

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


def sent(verbs: Library, line: Line, weight: str) -> int:
    """Bytes to the host, for a change to this weight."""
    line.reset()
    verbs.change(weight)
    return line.sent


def test_a_release_that_a_host_keeps_does_not_travel_again(far: tuple[Library, Line, Path]) -> None:
    verbs, line, releases = far
    new, other, again = (sent(verbs, line, weight) for weight in ("30", "31", "30"))
    assert again < min(new, other) - 1000
    line.reset()
    verbs.revert()
    # the twin of both is one, and somebody has put his hands on it: then it is sent, and mended
    twins = {json.loads((one / "manifest.json").read_text())["emergency"] for one in releases.iterdir()} - {None}
    assert len(twins) == 1
    file = next((releases / twins.pop()).glob("*.conf"))
    text = file.read_text()
    file.write_text(text + "# by hand\n")
    assert sent(verbs, line, "32") > new
    assert file.read_text() == text
