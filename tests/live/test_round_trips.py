"""How often a host is waited for: each of these is 100 ms where it is far away. One more, and this fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.contestants.library import Library
from bench.fleet import Fleet, fleet
from bench.slow_network import Line, slow_line

APPLY, REVERT = 10, 9
# TCP, the key exchange in two, the login, the channel with its command: 5 are SSH's own. The others are the words.


@pytest.fixture(scope="module")
def far() -> Iterator[tuple[Library, Line]]:
    """nginxgen's verbs on one host behind a line that delays and counts. It has had its first apply."""
    with fleet(1) as direct, slow_line(direct.sites[0].ssh) as line:
        view = Fleet(direct.lab, direct.folder / "far", {direct.sites[0].name: line.endpoint})
        verbs = Library(view.spec("far", "nginxgen"))
        verbs.change("0")
        line.round_trip = 0.05
        yield verbs, line


def test_an_apply_and_a_revert_wait_no_more_often_than_they_must(far: tuple[Library, Line]) -> None:
    verbs, line = far
    line.reset()
    verbs.change("12.5")
    apply = line.turns
    line.reset()
    verbs.revert()
    assert (apply, line.turns) == (APPLY, REVERT)
    assert line.connections == 1
