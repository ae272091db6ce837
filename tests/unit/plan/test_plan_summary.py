"""What changes, as an operator reads it."""

from __future__ import annotations

import pytest

from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.state import Drift, HostState
from nginxgen.model.weight import Weight
from nginxgen.plan.summary import mended, sentences


def shop(stable: str = "v1", canary: str | None = "v2", on: bool = True, **weights: str) -> Intent:
    parsed = {route: Weight.parse(text) for route, text in (weights or {"default": "0"}).items()}
    return Intent({"shop": ServiceIntent(stable, canary, on and canary is not None, parsed if canary else {})})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (shop(), shop(default="10"), ["shop/default: weight 0 -> 10"]),
        (shop(default="10"), shop(default="0.25"), ["shop/default: weight 10 -> 0.25"]),
        (shop(), shop(), []),
        (None, shop(), ["service shop is new: stable v1, canary v2"]),
        (None, shop(default="5"), ["service shop is new: stable v1, canary v2", "shop/default: weight 0 -> 5"]),
        (None, shop(canary=None), ["service shop is new: stable v1"]),
        (shop(), Intent({}), ["service shop is removed"]),
        (shop(default="9"), shop(canary="v3"), ["shop: canary v2 -> v3, weights start at 0"]),
        (
            shop(default="9"),
            shop(canary="v3", default="1"),
            ["shop: canary v2 -> v3, weights start at 0", "shop/default: weight 0 -> 1"],
        ),
        (shop(canary=None), shop(), ["shop: canary v2 is new, weights start at 0"]),
        (shop(default="9"), shop(canary=None), ["shop: no canary any more, all requests go to v1"]),
        (
            shop(default="100"),
            shop("v2", None),
            ["shop: stable v1 -> v2, which was the canary", "shop: no canary any more, all requests go to v2"],
        ),
        (shop(on=False, default="7"), shop(default="7"), ["shop: canary off -> on (weights: default 7)"]),
        (shop(default="7"), shop(on=False, default="7"), ["shop: canary on -> off, overrides too"]),
        (shop(a="1"), shop(a="1", b="0"), ["shop/b: route is new, weight 0"]),
        (shop(a="1", b="2"), shop(a="1"), ["shop/b: route is removed"]),
        (shop("v1"), shop("v0"), ["shop: stable v1 -> v0"]),
    ],
)
def test_sentences(old: Intent | None, new: Intent, expected: list[str]) -> None:
    assert list(sentences(old, new)) == expected


def test_services_are_told_in_the_order_of_their_names() -> None:
    both = Intent({name: ServiceIntent("v1") for name in ("zoo", "app")})
    assert [sentence.split()[1] for sentence in sentences(None, both)] == ["app", "zoo"]


@pytest.mark.parametrize(
    ("drift", "running", "expected"),
    [
        ((), "aaaa", []),
        ((Drift.EDITED,), "aaaa", ["files were edited by hand on this host: the edit is undone"]),
        ((Drift.NOT_RUNNING_LIVE,), "bbbb", ["nginx runs bbbb instead of aaaa: it is reloaded"]),
        ((Drift.NOT_RUNNING_LIVE,), None, ["nginx runs nothing of ours instead of aaaa: it is reloaded"]),
        ((Drift.NGINX_STOPPED, Drift.BINARY_REPLACED), "aaaa", []),
    ],
)
def test_what_is_mended_by_the_way(drift: tuple[Drift, ...], running: str | None, expected: list[str]) -> None:
    assert list(mended(HostState("aaaa", running, None, None, drift=drift), "aaaa")) == expected
