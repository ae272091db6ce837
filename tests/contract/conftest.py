"""Hosts that keep one contract: one in memory, a real nginx without SSH, through sshd, and held by another process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import fleet_tools
import pytest

from nginxgen.demo import processes
from nginxgen.demo.lab import Lab
from nginxgen.errors import Refused
from nginxgen.fleet.connect import Connections, Roads
from nginxgen.fleet.fake import FakeHost
from nginxgen.fleet.shards import processes as processes_of_ours
from nginxgen.fleet.shards.places import Places
from nginxgen.model.host import Host, Transport
from nginxgen.model.release import Release
from nginxgen.ports import HostSession

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


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


@pytest.fixture(scope="session")
def shard(lab: Lab) -> Iterator[Roads]:
    """Connections that a worker process holds."""
    host = fleet_tools.host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    with closing(Places([host], processes_of_ours.start(1, Connections), Connections)) as places:
        yield places


@pytest.fixture(params=["memory", "local", "ssh", pytest.param("far", marks=pytest.mark.full)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    lab = request.getfixturevalue("lab")
    if request.param == "far":
        yield OnNginx(lab, Transport.SSH, request.getfixturevalue("shard"))
        return
    with closing(Connections()) as roads:
        yield OnNginx(lab, Transport(request.param), roads)


def eventually(world: World, label: str | None) -> None:
    """Old workers accept for a moment after new ones have started, so one answer proves nothing."""
    processes.wait_for(lambda: all(world.serves() == label for _ in range(5)), f"{label} is served", seconds=5)
