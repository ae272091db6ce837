"""Hosts that keep one contract: in memory, a real nginx without SSH, through sshd, held by a worker, by Dask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import fleet_tools
import pytest
from dask_cluster import Cluster

from nginxgen.demo import processes
from nginxgen.demo.lab import Lab
from nginxgen.errors import Refused
from nginxgen.fleet.connect import Connections, Roads
from nginxgen.fleet.fake import FakeHost
from nginxgen.fleet.shards import cluster as on_dask
from nginxgen.fleet.shards import processes as processes_of_ours
from nginxgen.fleet.shards.places import Places
from nginxgen.model.host import Host, Transport
from nginxgen.model.release import Release
from nginxgen.ports import HostSession

_HERE = Path(__file__).parent
_SAMPLE = (  # what the default run asks of a host that a Dask worker holds: each way in which a session can end
    "test_an_apply_moves_from_one_release_to_the_next",
    "test_abort_brings_the_old_release_back",
    "test_a_session_that_ends_in_its_trial_is_undone",
    "test_a_second_session_is_told_who_is_at_work",
    "test_a_release_that_nginx_rejects_leaves_the_tree_as_it_was",
    "test_what_is_read_back_is_what_was_staged",
)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.live)
            by_dask = isinstance(item, pytest.Function) and item.callspec.params["world"] == "dask"
            if by_dask and item.originalname not in _SAMPLE:
                item.add_marker(pytest.mark.full)


class World:
    """One host, seen from outside of any session."""

    host: Host

    def connect(self) -> HostSession:
        raise NotImplementedError

    def serves(self) -> str | None:
        """The label of the release that answers a client."""
        raise NotImplementedError

    def disk(self) -> object:
        """Equal where nothing in nginx's folder has changed."""
        raise NotImplementedError


class InMemory(World):
    def __init__(self) -> None:
        self.host = fleet_tools.some_host()
        self._fake = FakeHost("edge-1", judge=_judge)

    def connect(self) -> HostSession:
        return self._fake.connect()

    def serves(self) -> str | None:
        files = self._fake.releases.get(self._fake.running or "", ())
        text = next((file.text for file in files if file.name == "shop.conf"), "")
        return text.partition('return 200 "')[2].partition(" ")[0] or None

    def disk(self) -> object:
        fake = self._fake
        return fake.live, dict(fake.releases)


class OnNginx(World):
    def __init__(self, lab: Lab, transport: Transport, roads: Roads) -> None:
        self._lab_host = lab.hosts[0]
        fleet_tools.wipe([self._lab_host])
        self.host = fleet_tools.host_of(self._lab_host.layout, transport, lab=lab)
        self._roads = roads

    def connect(self) -> HostSession:
        return self._roads.connect(self.host)

    def serves(self) -> str | None:
        return fleet_tools.which(self._lab_host)

    def disk(self) -> object:
        return fleet_tools.tree(self._lab_host.conf_dir)


def _judge(release: Release) -> str | None:
    """nginx -t, for releases of fleet_tools."""
    bad = [file.name for file in release.files if "nonsense" in file.text]
    return f'unknown directive "nonsense" in {bad[0]}' if bad else None


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    try:
        with Lab.start(hosts=1, pools={"v1": 1}) as lab:
            yield lab
    except Refused as refused:
        pytest.fail(f"the contract needs a private fleet: {refused.message}; {refused.hint}", pytrace=False)


def _not_here() -> Roads:
    raise AssertionError("the other process is gone: this one would have connected by itself")


@pytest.fixture(scope="session")
def shard(lab: Lab) -> Iterator[Roads]:
    """Connections that a worker process holds."""
    host = fleet_tools.host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    with closing(Places({host.name: 0}, processes_of_ours.start(1, Connections), _not_here)) as places:
        yield places


@pytest.fixture(scope="session")
def actors(lab: Lab, cluster: Cluster) -> Iterator[Roads]:
    """Connections that the workers of a Dask cluster hold, which are processes of their own."""
    host = fleet_tools.host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    with closing(Places({host.name: 0}, on_dask.start(cluster.whole(), 1, Connections), _not_here)) as places:
        yield places


_HELD = {"far": "shard", "dask": "actors"}
_FAR = pytest.param("far", marks=pytest.mark.full)
_DASK = pytest.param("dask", marks=pytest.mark.xdist_group("dask"))


@pytest.fixture(params=["memory", "local", "ssh", _FAR, _DASK])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    lab = request.getfixturevalue("lab")
    if held := _HELD.get(request.param):
        yield OnNginx(lab, Transport.SSH, request.getfixturevalue(held))
        return
    with closing(Connections()) as roads:
        yield OnNginx(lab, Transport(request.param), roads)


def eventually(world: World, label: str | None) -> None:
    """Old workers accept for a moment after new ones have started, so one answer proves nothing."""
    processes.wait_for(lambda: all(world.serves() == label for _ in range(5)), f"{label} is served", seconds=5)
