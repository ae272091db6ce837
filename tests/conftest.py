"""What every test stands on. Being here, this file also puts tests/ on the path: tests import helpers by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_cluster import Cluster, running
from hypothesis import settings

# A law says what holds, not how fast: a busy machine must not turn one red.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept from run to run is kept from test to test, and not in the home of who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Dask cluster of two worker processes. Who uses it is in the xdist_group "dask": one cluster for all."""
    with running([str(Path(__file__).parent / "unit/fleet")]) as cluster:
        yield cluster
