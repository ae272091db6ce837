"""Real sshd and nginx for every test below this folder: private directories, addresses and ports for each worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import host_driver
import pytest
from lab_tools import MakeLab

from nginxgen.demo.lab import Lab
from nginxgen.errors import Refused

POOLS = {"v1": 5, "v2": 3, "v3": 1}
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


def _start(stack: ExitStack, **options: Any) -> Lab:
    """A machine without nginx or sshd fails these tests with a sentence; it does not skip them."""
    try:
        return stack.enter_context(Lab.start(**options))
    except Refused as refused:
        pytest.fail(f"the live tests need a private fleet: {refused.message}; {refused.hint}", pytrace=False)


@pytest.fixture(scope="session")
def _fleet() -> Iterator[Lab]:
    with ExitStack() as stack:
        yield _start(stack, hosts=3, pools=POOLS)


@pytest.fixture
def lab(_fleet: Lab) -> Lab:
    """Three hosts, as new: no trace of nginxgen or of the test before. Pools: five v1, three v2, one v3."""
    _fleet.reset()
    return _fleet


@pytest.fixture
def make_lab() -> Iterator[MakeLab]:
    """Labs of the test's own: `make_lab(hosts=1, sshd_options={"MaxStartups": "1"})`, ended with the test."""
    with ExitStack() as stack:

        def make(**options: Any) -> Lab:
            return _start(stack, **options)

        yield make


@pytest.fixture
def inventory(lab: Lab, tmp_path: Path) -> Path:
    """An inventory file of the lab, with the service "shop" over all its v1 and v2 servers."""
    return lab.write_inventory(tmp_path / "fleet.yml")


@pytest.fixture(scope="session")
def _machine() -> Iterator[host_driver.Machine]:
    with host_driver.machine() as host:
        yield host


@pytest.fixture
def machine(_machine: host_driver.Machine) -> host_driver.Machine:
    """One nginx without sshd, as new: for tests that speak to host.sh directly."""
    _machine.reset()
    return _machine
