"""Generated inventories with hostile strings in every field: refused with a place, or a config that means what it says.

The generator is seeded: a number names an inventory for good. `full` runs 10,000 of them.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import makers
import pytest
from hostile import HOSTILE
from routing_lab import Ask, Lab

from nginxgen.check import check
from nginxgen.errors import InputError, Severity
from nginxgen.inventory import Inventory, parse
from nginxgen.model.service import PathMatch, Protocol, Route, Service, Signal, Source, Users
from nginxgen.render import render

_PLAIN = ("alpha", "b-2", "c_3", "D4")
_BROKEN = {"NG001", "NG002"}


class Hand:
    """Deals values: plain ones, and now and then a hostile one, alone or within a plain one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left = self._random.choice((0, 1, 1, 1, 2))

    def word(self, *plain: str) -> str:
        value = self._random.choice(plain or _PLAIN)
        if self._left and self._random.random() < 0.15:
            self._left -= 1
            bad = self._random.choice(HOSTILE)
            if len(bad) < 200:
                return self._random.choice((bad, value + bad, bad + value, f"{value}{bad}{value}"))
        return value

    def some(self, most: int, *plain: str) -> list[str]:
        return list(dict.fromkeys(self.word(*plain) for _ in range(self._random.randint(1, most))))

    def maybe(self, value: Any) -> Any:
        return value if self._random.random() < 0.6 else None

    def one(self, *values: Any) -> Any:
        return self._random.choice(values)


def inventory(seed: int) -> str:
    """JSON is YAML."""
    hand = Hand(seed)
    canary, stable = hand.word("v2", "2.0"), hand.word("v1", "1.0")
    service = {
        "listen": hand.some(2, "80", "8080", "127.0.0.1:81"),
        "server_names": hand.some(3, "shop.example.com", "*.example.org", "_"),
        "versions": {
            stable: {"servers": hand.some(3, "10.0.0.1:80", "10.0.0.2:80", "stable.internal:80")},
            canary: {"servers": hand.some(3, "10.0.1.1:80", "[fd00::1]:80", "unix:/run/canary.sock")},
        },
        "stable": stable,
        "canary": canary,
        "override": {
            "header": hand.maybe({"name": hand.word("X-Gray", "X-G"), "canary": hand.some(3, "true", "blue")}),
            "cookie": hand.maybe({"name": hand.word("gray", "gray-id", "g.r"), "canary": hand.some(3, "yes", "on")}),
            "users": hand.maybe(
                {hand.one("cookie", "header", "query"): hand.word("uid", "user"), "canary": hand.some(40, *_IDS)}
            ),
            "networks": hand.maybe({"canary": hand.some(2, "10.8.0.0/16", "fd00::/8")}),
        },
        "sticky": hand.maybe({hand.one("cookie", "header", "query"): hand.word("sid", "session")}),
        "fallback": hand.maybe({"on": hand.some(3, "error", "timeout", "http_502"), "timeout": hand.word("3s", "1m")}),
        "mirror": hand.one(False, True),
        "headers": {"X-Gray-Version": hand.one(False, True)},
        "real_ip": hand.maybe({"from": hand.some(2, "10.0.0.0/8", "192.0.2.1"), "header": hand.word("X-Real-IP")}),
        "routes": [
            {"name": hand.word("reads"), "path": hand.word("/api", "/a/b"), "methods": hand.some(2, "GET", "PUT")},
            {"name": hand.word("files"), "path": hand.word(r"\.js$", "^/x"), "match": "regex"},
            {"name": "default", "path": "/"},
        ],
        "server_extra": hand.maybe(hand.word("gzip on;", "client_max_body_size 5m;")),
    }
    kept = {key: value for key, value in service.items() if value is not None}
    kept["override"] = {key: value for key, value in service["override"].items() if value is not None}
    return json.dumps({"fleet": {"hosts": {"a": {"address": "10.9.9.9"}}}, "services": {hand.word("shop"): kept}})


_IDS = tuple(f"user-{number}" for number in range(200))


def accepted(seeds: range, seen: Counter[str]) -> Iterator[tuple[int, Service]]:
    """The services whose config is sound; a broken tree fails the test."""
    for seed in seeds:
        try:
            loaded: Inventory = parse(inventory(seed), Path("inventory.yml"))
        except InputError as error:
            assert all(finding.message and finding.place for finding in error.findings()), seed  # noqa: PT017  (most do not raise)
            seen["refused"] += 1
            continue
        [service] = loaded.services
        weight = str(seed % 101)
        try:
            release = render([service], makers.intent([service], weight), makers.host())
        except InputError as error:
            assert error.message, seed  # noqa: PT017  (most do not raise)
            seen["not renderable"] += 1
            continue
        found = check([service], makers.host(), release, render)
        plain_extra = service.server_extra in ("", "gzip on;", "client_max_body_size 5m;")
        assert not plain_extra or not {finding.rule for finding in found} & _BROKEN, (seed, found)
        if any(finding.severity is Severity.ERROR for finding in found):
            seen["judged"] += 1
            continue
        seen["sound"] += 1
        yield seed, service


def serves_what_was_meant(folder: Path, services: list[tuple[int, Service]]) -> None:
    """At weight 0 every word, id and cookie for the canary brings it, and what is not one does not."""
    lab = Lab.at(folder)
    placed = [_placed(lab, service, f"n{seed}") for seed, service in services]
    with lab.serving(placed, makers.intent(placed, "0")):
        for (seed, _), service in zip(services, placed, strict=True):
            assert lab.ask(service.name, Ask()).version == "v1", seed
            for asked in _to_canary(service):
                assert lab.ask(service.name, asked).version == "v2", (seed, asked)


def _placed(lab: Lab, service: Service, name: str) -> Service:
    """The service over the backends of the lab."""
    ours = lab.service(name)
    versions = {service.stable: ours.versions[0], service.canary: ours.versions[1]}
    return replace(
        service,
        name=name,
        listen=ours.listen,
        server_names=ours.server_names,
        versions=tuple(replace(one, name=version) for version, one in versions.items()),
        protocol=Protocol.HTTP,
        server_extra="",
        routes=tuple(route for route in service.routes if route.match is not PathMatch.REGEX) or (Route("default"),),
    )


def _to_canary(service: Service) -> Iterator[Ask]:
    override = service.override
    for rule in (override.header, override.cookie, override.users):
        for value in rule.canary[:3] if rule else ():
            if value.isascii() and not set(value) & set(";,? &#%+\\"):
                yield _carrying(rule, value)


def _carrying(rule: Signal | Users, value: str) -> Ask:
    match rule.source:
        case Source.COOKIE:
            return Ask(cookie=f"first=1; {rule.name}={value}")
        case Source.HEADER:
            return Ask(headers=((rule.name, value),))
        case _:
            return Ask(f"/?first=1&{rule.name}={value}")


def run(folder: Path, number: int, sample: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    sound = [*accepted(range(number), seen)]
    serves_what_was_meant(folder, sound[:: max(1, len(sound) // sample)][:sample])
    return seen


def test_hundreds_of_hostile_inventories(tmp_path: Path) -> None:
    seen = run(tmp_path, 300, 60)
    assert seen["refused"] > 30
    assert seen["sound"] > 100


@pytest.mark.full
def test_ten_thousand_hostile_inventories(tmp_path: Path) -> None:
    seen = run(tmp_path, 10_000, 400)
    assert seen["refused"] > 1_000
    assert seen["sound"] > 3_000
