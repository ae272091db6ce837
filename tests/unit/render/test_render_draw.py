"""The draw of clients: nginx's hash, and a salt that leaves a client without a key for the very last."""

from __future__ import annotations

import buckets
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.model.draw import control_of, control_range, limit, murmur2, salt
from nginxgen.model.weight import Weight

names = st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,62}\Z")


@given(st.binary(max_size=64))
def test_the_hash_is_nginxs(data: bytes) -> None:
    assert murmur2(data) == buckets.murmur2(data)


@given(names, st.text(min_size=1, max_size=40))
def test_nobody_is_drawn_later_than_a_client_without_a_key(service: str, canary: str) -> None:
    alone = salt(service, canary).encode("utf-8", "replace")
    assert buckets.murmur2(alone) >= limit(Weight(9_999))
    assert alone.startswith(f"/{service}:{canary}:".encode("utf-8", "replace"))


@given(st.lists(st.tuples(names, names), min_size=2, max_size=6, unique=True))
def test_no_two_canaries_have_the_same_salt(pairs: list[tuple[str, str]]) -> None:
    assert len({salt(*pair) for pair in pairs}) == len(pairs)


shares = st.integers(1, 9_999).map(Weight)


@given(shares)
def test_the_control_group_is_as_large_as_the_canary_or_all_that_is_left(weight: Weight) -> None:
    assert control_of(weight).hundredths == min(weight.hundredths, 9_999 - weight.hundredths)
    assert control_of(Weight(0)) == control_of(Weight(10_000)) == Weight(0)


@given(shares, shares)
def test_nobody_who_is_control_gets_the_canary_while_it_grows_to_half(one: Weight, other: Weight) -> None:
    small, large = sorted((min(one, Weight(5_000)), min(other, Weight(5_000))))
    (begin, end), (wider, its_end) = control_range(small), control_range(large)
    rounded = 2  # nginx rounds each of three shares down
    assert limit(small) <= limit(large) <= wider <= begin + rounded, "control of more holds control of less"
    assert abs(its_end - end) <= rounded
    assert max(end, its_end) <= limit(Weight(9_999)), "a client without a key is in no control group"
