"""What `sticky` promises: the share that was asked, and nobody flips back while it grows."""

from __future__ import annotations

import math
import re
import secrets
from collections import Counter
from pathlib import Path

import buckets
import makers
import pytest
from nginx_lab import ADDRESS
from routing_lab import Ask, Lab, line, stream

from nginxgen.model.draw import salt
from nginxgen.model.intent import Intent
from nginxgen.model.service import Anonymous, Source, Sticky

BY_SID = Sticky(Source.COOKIE, "sid")
ISSUING = Sticky(Source.COOKIE, "gray-id", Anonymous.ISSUE)


def of_users(lab: Lab, users: list[str]) -> dict[str, bytes]:
    return dict(zip(users, stream(lab.port, (line("shop", f"sid={user}") for user in users)), strict=True))


def test_growing_takes_the_canary_from_nobody_and_agrees_with_the_hash(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", sticky=BY_SID)
    users = [f"user-{at}" for at in range(2_500)] + [secrets.token_hex(16) for _ in range(2_500)]
    before: set[str] = set()
    with lab.serving([service], makers.intent([service], "0")) as nginx:
        for weight, hundredths in (("1", 100), ("10", 1_000), ("50", 5_000), ("100", 10_000)):
            nginx.serve(lab.release([service], makers.intent([service], weight)))
            now = {user for user, version in of_users(lab, users).items() if version == b"v2"}
            assert before <= now, f"{len(before - now)} lost the canary at {weight} %"
            if hundredths < 10_000:
                assert now == {user for user in users if buckets.in_canary(salt("shop", "v2"), user, hundredths)}
            before = now
    assert len(before) == 5_000


def test_another_canary_version_draws_other_users(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    users = [f"user-{at}" for at in range(2_000)]
    first, second = (
        {user for user in users if buckets.in_canary(salt("shop", version), user, 1_000)} for version in ("v2", "v3")
    )
    versions = lab.service("shop").versions
    third = makers.version("v3", f"{ADDRESS}:{lab.v2}")
    service = lab.service("shop", sticky=BY_SID, versions=(versions[0], third), canary="v3")
    with lab.serving([service], makers.intent([service], "10")):
        assert {user for user, version in of_users(lab, users).items() if version == b"v2"} == second
    assert len(first & second) < len(first) / 2


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("sticky", [None, BY_SID], ids=["by request", "by client"])
def test_the_share_of_20_000_requests(tmp_path: Path, workers: int, sticky: Sticky | None) -> None:
    lab = Lab.at(tmp_path)
    shares = {"one": 1, "ten": 10, "half": 50}
    services = [lab.service(name, sticky=sticky) for name in shares]
    intent = Intent({one.name: makers.service_intent(one, str(shares[one.name])) for one in services})
    with lab.serving(services, intent, workers=workers):
        for name, percent in shares.items():
            requests = [line(name, f"sid=session-{at}") for at in range(5_000)]
            got = Counter(version for _ in range(4) for version in stream(lab.port, requests))
            assert got.total() == 20_000
            drawn = 5_000 if sticky else 20_000  # 5,000 clients of four requests each
            sigma = math.sqrt(percent * (100 - percent) / drawn)
            assert abs(got[b"v2"] / 200 - percent) <= (3 * sigma if sticky else 0.5)


def test_an_issued_cookie_decides_from_the_first_request_on(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", sticky=ISSUING)
    seen: Counter[str] = Counter()
    with lab.serving([service], makers.intent([service], "50")):
        for _ in range(60):
            first = lab.ask("shop", Ask())
            found = re.fullmatch(
                r"gray-id=([0-9a-f]{32}); Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
                first.headers["Set-Cookie"],
            )
            assert found
            key = found[1]
            assert (first.version == "v2") is buckets.in_canary(salt("shop", "v2"), key, 5_000)
            again = lab.ask("shop", Ask(cookie=f"gray-id={key}"))
            assert (again.version, again.headers.get("Set-Cookie")) == (first.version, None)
            seen[first.version] += 1
        assert "Set-Cookie" in lab.ask("shop", Ask(cookie="gray-id=")).headers
    assert set(seen) == {"v1", "v2"}


@pytest.mark.parametrize(("weight", "version"), [("0", "v1"), ("100", "v2")])
def test_no_cookie_is_issued_where_nobody_draws(tmp_path: Path, weight: str, version: str) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", sticky=ISSUING)
    with lab.serving([service], makers.intent([service], weight)):
        answer = lab.ask("shop", Ask())
        assert (answer.version, answer.headers.get("Set-Cookie")) == (version, None)
