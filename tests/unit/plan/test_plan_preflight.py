"""What preflight makes of what it saw: critical, advisory, or well; what is not known is never well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nginxgen.model.histogram import Histogram
from nginxgen.model.preflight import Level
from nginxgen.model.samples import Counts, Measured, Number, Sample, Slice, Tally
from nginxgen.model.state import Drift, HostState
from nginxgen.model.vitals import Disk, Vitals
from nginxgen.plan.preflight import Item, backend_item, host_items, metrics_items

GB = 1 << 30
DISK = Disk("/etc/nginx", 50 * GB, 100 * GB, 900, 1000)
WELL = Vitals(0, 8 * GB, (DISK,))
STATE = HostState("aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbbbbbbbb", None, None, "cccccccccccc",
                  releases=("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"))  # fmt: skip


def found(state: HostState = STATE, vitals: Vitals = WELL, skew: float = 0.2) -> dict[str, Item]:
    return {item.name: item for item in host_items("edge-1", state, vitals, skew)}


def test_a_host_that_is_well() -> None:
    assert [item for item in found().values() if not item.well] == []
    assert set(found()) == {"drift", "way back", "emergency", "disk", "memory", "clock"}


@pytest.mark.parametrize(
    ("state", "vitals", "skew", "name", "level", "told"),
    [
        (replace(STATE, drift=(Drift.EDITED,), details=("changed by hand",)), WELL, 0, "drift", "critical", "by hand"),
        (replace(STATE, drift=(Drift.BINARY_REPLACED,), details=("new",)), WELL, 0, "drift", "advisory", "new"),
        (replace(STATE, previous=None), WELL, 0, "way back", "advisory", "no release to go back to"),
        (replace(STATE, releases=()), WELL, 0, "emergency", "critical", "is gone"),
        (HostState(None, None, None, None), WELL, 0, "way back", "advisory", "was not here yet"),
        (STATE, replace(WELL, disks=(replace(DISK, free=GB // 10),)), 0, "disk", "critical", "102 MB"),
        (STATE, replace(WELL, disks=(replace(DISK, free=8 * GB),)), 0, "disk", "advisory", "8%"),
        (STATE, replace(WELL, disks=(replace(DISK, free_files=10),)), 0, "disk", "critical", "1% of the files"),
        (STATE, replace(WELL, memory=100 << 20), 0, "memory", "advisory", "100 MB"),
        (STATE, replace(WELL, memory=10 << 20), 0, "memory", "critical", "10 MB"),
        (STATE, replace(WELL, memory=None), 0, "memory", "advisory", "not known"),
        (STATE, WELL, -61.0, "clock", "critical", "61 s behind"),
        (STATE, WELL, 6.0, "clock", "critical", "6 s ahead"),
    ],
)
def test_a_host_that_is_not(*, state, vitals, skew, name, level, told) -> None:
    item = found(state, vitals, skew)[name]
    assert not item.well
    assert item.level == level
    assert told in item.told


def test_sources_of_metrics() -> None:
    tally = Tally(Counts(requests=7), Histogram())
    busy = Measured(stable=Sample("shop", "*", "v1", (Slice(0, 10, tally),)))
    assert [item.well for item in metrics_items("shop", busy, 300)] == [True]
    [idle] = metrics_items("shop", Measured(), 300)
    assert (idle.well, idle.level) == (False, Level.ADVISORY)
    [down] = metrics_items("shop", Measured(error="edge-1 is away"), 300)
    assert (down.well, down.level, down.told) == (False, Level.CRITICAL, "edge-1 is away")


@pytest.mark.parametrize(
    ("number", "well"),
    [
        (Number(3.0), True), (Number(fine=True), True), (Number(fine=False), False), (Number(error="no answer"), False),
    ],
)  # fmt: skip
def test_commands_of_the_users_own(number: Number, well: bool) -> None:
    item = list(metrics_items("shop", Measured(numbers={"rows": number}), 300))[1]
    assert (item.name, item.well) == ("rows", well)
    assert well or item.level is Level.CRITICAL


def test_one_dead_backend_is_told_and_all_dead_ones_are_critical() -> None:
    one, all_ = {"10.0.0.1:80": "refused"}, {"10.0.0.1:80": "refused", "10.0.0.2:80": "refused"}
    assert backend_item("edge-1", "shop", {}, 2).well
    assert (backend_item("edge-1", "shop", one, 2).well, backend_item("edge-1", "shop", one, 2).level) == (
        False,
        Level.ADVISORY,
    )
    assert backend_item("edge-1", "shop", all_, 2).level is Level.CRITICAL
