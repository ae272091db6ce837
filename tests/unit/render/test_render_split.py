"""The weight is the share of the version, whatever its servers."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from nginxgen.model.service import Server
from nginxgen.model.weight import Weight
from nginxgen.render.split import shares

servers = st.lists(st.builds(Server, st.just("a:1"), st.integers(1, 100)), min_size=1, max_size=12)
weights = st.integers(1, 9_999).map(Weight)


@given(servers, servers, weights)
def test_the_versions_get_exactly_what_was_asked(stable, canary, weight: Weight) -> None:
    for_stable, for_canary = shares(stable, canary, weight)
    total = sum(for_stable) + sum(for_canary)
    assert Fraction(sum(for_canary), total) == Fraction(weight.hundredths, 10_000)


@given(servers, servers, weights)
def test_within_a_version_the_servers_keep_their_own_weights(stable, canary, weight: Weight) -> None:
    for own, given_out in zip((stable, canary), shares(stable, canary, weight), strict=True):
        ratios = {Fraction(share, server.weight) for server, share in zip(own, given_out, strict=True)}
        assert len(ratios) == 1
        assert all(share >= 1 for share in given_out)


@given(servers, servers, weights)
def test_a_backup_takes_no_share_and_keeps_its_weight(stable, canary, weight: Weight) -> None:
    backup = Server("b:1", weight=7, backup=True)
    with_backup, for_canary = shares([*stable, backup], canary, weight)
    assert with_backup[-1] == 7
    assert (with_backup[:-1], for_canary) == shares(stable, canary, weight)
