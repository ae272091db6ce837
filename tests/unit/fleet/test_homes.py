"""Which shard holds which host."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nginxgen.fleet.shards.homes import homes

GATES = st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=1, max_size=400)


@given(GATES, st.integers(1, 8))
def test_every_host_has_a_shard_and_jump_hosts_as_few_logins_as_can_be(gates: list[str | None], shards: int) -> None:
    found = homes({f"h{at}": gate for at, gate in enumerate(gates)}, shards)
    assert sorted(found) == sorted(f"h{at}" for at in range(len(gates)))
    assert set(found.values()) <= set(range(shards))
    most = max(125, -(-len(gates) // shards))
    for gate, number in Counter(gate for gate in gates if gate).items():
        logins = {found[f"h{at}"] for at, one in enumerate(gates) if one == gate}
        assert len(logins) <= -(-number // most)


@given(st.integers(1, 400), st.integers(1, 8))
def test_without_jump_hosts_shares_are_equal_and_of_neighbours(number: int, shards: int) -> None:
    found = homes({f"h{at}": None for at in range(number)}, shards)
    held = [found[f"h{at}"] for at in range(number)]
    assert held == sorted(held)
    counts = Counter(held)
    assert max(counts.values()) - min(counts[shard] for shard in range(min(shards, number))) <= 1


def test_hosts_without_a_jump_host_fill_up_what_is_left() -> None:
    found = homes({f"h{at}": "gate" if at < 30 else None for at in range(100)}, 2)
    assert Counter(found.values()) == {0: 50, 1: 50}
    assert {found[f"h{at}"] for at in range(30)} == {0}


def test_more_than_one_process_should_hold_are_divided_evenly() -> None:
    found = homes({f"h{at}": "gate" for at in range(1000)}, 4)
    assert Counter(found.values()) == {0: 250, 1: 250, 2: 250, 3: 250}
