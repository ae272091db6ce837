"""`nginxgen demo` as a reader runs it: it shows the whole job, exits 0 only if all of it is so, and leaves nothing."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nginxgen import inventory
from nginxgen.demo import fleet, processes, traffic
from nginxgen.demo.inventory_text import inventory_text
from nginxgen.demo.layout import Layout, reserve
from nginxgen.demo.stage import Disproved
from nginxgen.demo.story import tell
from nginxgen.demo.voice import Voice
from nginxgen.errors import Exit, Refused

CHECKOUT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "nginxgen", "demo"]


def environment(temporary: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(temporary), "HOME": "/nonexistent"}


def test_the_demo_shows_the_whole_job_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--json"], env=environment(tmp_path), cwd="/", capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    story = done.stderr
    assert "\x1b" not in story  # a pipe is no terminal
    for words in (
        "$ nginxgen plan --weight 10",
        "$ nginxgen apply --weight 10 --yes",
        "1000 requests: v1 9",
        "ok: gray_release=always: 100 of 100 by v2",
        "ok: no host was touched: same release, same workers",
        "ok: it was seen before any host was touched",
        "$ nginxgen revert --yes",
        "ok: v2 gets nothing any more",
        " s  nginxgen apply --weight 10 --yes",
    ):
        assert words in story
    facts = json.loads(done.stdout)
    assert "v2 gets nothing any more" in facts["proved"]
    assert {"nginxgen apply --yes", "nginxgen revert --yes"} <= {command["line"] for command in facts["commands"]}
    assert list(tmp_path.iterdir()) == []
    assert processes.belonging(tmp_path) == set()


@pytest.mark.full
def test_the_demo_does_not_report_what_is_not_so() -> None:
    words = io.StringIO()
    with fleet.fleet(keep=False) as lab:
        lab.pool("v2")[0].stop()  # nginx then asks v1 instead, and v2 gets nothing
        with pytest.raises(Disproved, match=r"v2 got 0 %, and 10 % was asked for") as disproved:
            tell(lab, Voice(words), 0.0)
    assert disproved.value.exit is Exit.BUG
    assert "ok: v2 got" not in words.getvalue()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.full) for one in (signal.SIGTERM, signal.SIGHUP))]
)
def test_an_interrupted_demo_takes_its_fleet_down(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        DEMO, env=environment(tmp_path), cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        while "$ nginxgen plan" not in demo.stdout.readline():
            assert demo.poll() is None
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
    assert processes.belonging(tmp_path) == set()


def test_the_committed_inventory_describes_the_kept_fleet() -> None:
    path = CHECKOUT / "inventory/demo.yml"
    committed, made = inventory.load(path), inventory.parse(inventory_text(fleet.kept_layout()), path)
    assert committed.services == made.services
    # Who logs in is whoever ran the demo: a committed file can't name that user.
    assert committed.fleet.hosts == tuple(replace(host, user=None) for host in made.fleet.hosts)


@pytest.fixture
def kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A place and a net of our own: the real one may be in use by a person on this machine."""
    net, guard = reserve()
    root = tmp_path / "kept"
    monkeypatch.setattr(fleet, "ROOT", root)
    monkeypatch.setattr(fleet, "kept_layout", lambda: Layout(root, net, 1))
    yield root
    fleet.stop_kept()
    guard.close()


def test_a_kept_fleet_stays_until_it_is_stopped(kept_elsewhere: Path) -> None:
    with fleet.fleet(keep=True) as lab:
        site = lab.hosts[0].site
    assert traffic.one(site, traffic.Request("x")).failure is None
    with pytest.raises(Refused, match="is up already") as refused, fleet.fleet(keep=True):
        pass
    assert refused.value.hint is not None
    assert "demo --stop" in refused.value.hint
    assert traffic.one(site, traffic.Request("x")).failure is None
    assert fleet.stop_kept() is True
    assert processes.belonging(kept_elsewhere) == set()
    assert not kept_elsewhere.exists()
    assert fleet.stop_kept() is False
    lab.stop()  # reaps: here the fleet's processes are still our children


def test_a_fleet_that_was_to_be_kept_ends_when_its_story_fails(kept_elsewhere: Path) -> None:
    with pytest.raises(RuntimeError, match="a step failed"), fleet.fleet(keep=True) as lab:
        raise RuntimeError("a step failed")
    assert processes.belonging(lab.root) == set()
    assert not kept_elsewhere.exists()


def test_what_a_killed_demo_left_is_no_obstacle(kept_elsewhere: Path) -> None:
    (kept_elsewhere / "edge-1").mkdir(parents=True)
    with fleet.fleet(keep=True) as lab:
        assert lab.hosts[0].master is not None
    lab.stop()


def test_a_link_that_somebody_put_there_is_not_followed(kept_elsewhere: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").touch()
    kept_elsewhere.symlink_to(victim)
    with pytest.raises(Refused, match="not a directory of yours"), fleet.fleet(keep=True):
        pass
    with pytest.raises(Refused, match="not a directory of yours"):
        fleet.stop_kept()
    assert (victim / "file").exists()
    kept_elsewhere.unlink()
