"""The runbook, carried out on a private fleet: each command of a situation, and what it prints there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from markdown_page import ROOT, Block, Command, blocks
from scenes import SCENES, Stage
from terminal import alike, typed

from nginxgen import inventory
from nginxgen.demo import processes, traffic
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.demo.processes import program
from nginxgen.fleet.connect import Connections
from nginxgen.model.state import HostState

PAGE = ROOT / "docs/operations.md"
CONSOLE = list(blocks(PAGE, "console"))
BY_HAND = {block.note.removeprefix("by hand: "): block for block in blocks(PAGE) if block.note.startswith("by hand: ")}

pytestmark = pytest.mark.live


@pytest.fixture
def stage(lab: Lab, tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "inventory").mkdir()
    lab.write_inventory(tmp_path / "inventory/fleet.yml")
    with ExitStack() as after:
        yield Stage(lab, tmp_path, after)


def steps(block: Block) -> Iterator[tuple[str, str]]:
    """Each command line of a block, and what is printed below it."""
    parts = re.split(r"^\$ (.*)$", block.text, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def as_on_a_usual_host(lab: Lab) -> list[tuple[str, str]]:
    """Paths of the lab as the page writes them."""
    return [(str(host.layout.folder), "") for host in lab.hosts]


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: f"{block.place}-{block.note}")
def test_a_situation_is_as_the_page_shows_it(block: Block, stage: Stage) -> None:
    SCENES[block.note.removeprefix("scene: ")](stage)
    code = 0
    for line, shown in steps(block):
        if line == "echo $?":
            assert int(shown) == code
            continue
        seen, code = typed(Command(block.place, line).words, stage.folder)
        assert alike(shown, seen, as_on_a_usual_host(stage.lab)), f"$ {line}\n{seen}"


def test_every_situation_is_on_the_page() -> None:
    assert {block.note.removeprefix("scene: ") for block in CONSOLE} == set(SCENES)


# ---------------------------------------------------------------- by hand

PRELUDE = """
set -eu
nginx() {{ {nginx} -p {host}/usr/share/nginx/ -c {host}/etc/nginx/nginx.conf -e {host}/var/log/nginx/error.log "$@"; }}
sudo() {{ "$@"; }}
"""


def by_hand(host: LabHost, words: str) -> str:
    """The commands of a block, with the paths of this host. What they print."""
    folder = str(host.layout.folder)
    text = re.sub(r"(?<![\w/.-])/(?=(etc|var|run)\b)", f"{folder}/", words)
    # They remove folders: not one path of this machine may be among them.
    assert not re.search(r"(?<![\w/.-])/(etc|var|run|usr|home|srv)\b", text)
    script = PRELUDE.format(nginx=program("nginx"), host=folder) + text
    done = subprocess.run(["sh"], input=script, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def state(stage: Stage, name: str) -> HostState:
    (host,) = inventory.load(stage.inventory).hosts([name])
    connections = Connections()
    session = connections.connect(host)
    try:
        return session.observe()
    finally:
        session.close()
        connections.close()


def until(fact: Callable[[], bool], what: str) -> None:
    processes.wait_for(fact, what)


def test_what_a_host_says_when_one_looks_by_hand(stage: Stage) -> None:
    SCENES["at 10"](stage)
    known = state(stage, "edge-1")
    seen = by_hand(stage.lab.host("edge-1"), BY_HAND["look"].text).splitlines()
    assert seen[:3] == [f"releases/{known.live}", f"gen-{known.running}", str(known.previous)]
    assert f'"to":"{known.live}"' in seen[3 + 1]
    assert set(known.releases) <= set(seen)


def test_back_to_the_previous_release_by_hand(stage: Stage) -> None:
    SCENES["at 10"](stage)
    before = state(stage, "edge-1")
    assert "nobody is at work" in by_hand(stage.lab.host("edge-1"), BY_HAND["back"].text)
    until(lambda: state(stage, "edge-1").running == before.previous, "the previous release")
    after = state(stage, "edge-1")
    assert (after.live, after.drift) == (before.previous, ())


def test_back_by_hand_where_somebody_is_at_work_ends_at_the_first_line(stage: Stage) -> None:
    SCENES["alice has the lock"](stage)
    with pytest.raises(AssertionError):
        by_hand(stage.lab.host("edge-1"), BY_HAND["back"].text)
    assert (stage.lab.host("edge-1").conf_dir / "nginxgen/live").readlink().name == state(stage, "edge-1").live


def test_the_canary_off_by_hand(stage: Stage) -> None:
    SCENES["at 10"](stage)
    twin = state(stage, "edge-1").emergency
    by_hand(stage.lab.host("edge-1"), BY_HAND["emergency"].text)
    until(lambda: state(stage, "edge-1").running == twin, "the release with the canary off")
    after = state(stage, "edge-1")
    assert (after.live, after.drift) == (twin, ())
    assert after.intent is not None
    assert not after.intent.services["shop"].canary_on


def test_nothing_stays_of_nginxgen_on_a_host_that_was_uninstalled(stage: Stage) -> None:
    SCENES["at 10"](stage)
    host = stage.lab.host("edge-1")
    by_hand(host, BY_HAND["uninstall"].text)
    assert [path for path in host.layout.folder.rglob("*nginxgen*") if host.layout.volatile not in path.parents] == []
    assert list(host.layout.log_dir.glob("gen-*")) == []
    until(lambda: traffic.one(host.web, traffic.Request("shop.example.com")).failure is not None, "the end of shop")
    assert traffic.one(host.site, traffic.Request("x")).failure is None
    after = state(stage, "edge-1")
    assert (after.live, after.running, after.drift) == (None, None, ())
    host.reboot()
    assert traffic.one(host.site, traffic.Request("x")).failure is None
