"""explain says what real nginx does."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import makers
import pytest
import random_requests
import routing_lab
from decision_table import CASES, CONFIGS

from nginxgen.check import find_nginx
from nginxgen.explain import Decider, Dialect, Explanation, Request, explain
from nginxgen.model.intent import Intent
from nginxgen.prove.backend import backends
from nginxgen.prove.claim import Ask, Claim, Expected
from nginxgen.prove.moved import moved
from nginxgen.prove.session import Seen, Session
from nginxgen.prove.webserver import LOG_LINE, serving
from nginxgen.render import render


@pytest.mark.parametrize(("seed", "services", "requests"), [
    pytest.param(1, 12, 60, id="some"),
    pytest.param(2, 50, 200, id="10,000", marks=pytest.mark.full),
])  # fmt: skip
def test_nginx_agrees_on_random_requests_to_random_services(seed: int, services: int, requests: int) -> None:
    rng = random.Random(seed)
    drawn = [random_requests.service(rng, at) for at in range(services)]
    asked = {made.name: [random_requests.request(rng, made) for _ in range(requests)] for made, _ in drawn}
    claims = [
        Claim(made.name, "", tuple(Ask(random_requests.unix_peer(one, made), Expected()) for one in asked[made.name]))
        for made, _ in drawn
    ]
    seen = put(drawn, claims)
    wrong: list[str] = []
    ways: Counter[Decider] = Counter()
    for (made, intent), answers in zip(drawn, seen, strict=True):
        for request, answer in zip(asked[made.name], answers, strict=True):
            said = explain(made, intent, random_requests.as_known(request, made), dialect())
            if not agrees(said, answer, made.name):
                wrong.append(f"{said}\n{answer}\n{request}\n{made}\n{intent}\n")
            ways[said.rule] += 1
    assert not wrong, f"{len(wrong)} differ:\n{wrong[0]}"
    assert set(ways) == set(Decider) - {Decider.NO_CANARY}, "the draw misses a way to decide"


@pytest.mark.parametrize(
    ("config", "asked", "version", "why"), CASES, ids=[f"{at}-{case[0]}" for at, case in enumerate(CASES)]
)
def test_explain_knows_the_table_of_decisions(config: str, asked: routing_lab.Ask, version: str, why: str) -> None:
    """Which is run on real nginx, with real addresses, in test_routing_decisions."""
    made = makers.service(config, **CONFIGS[config].fields)
    intent = makers.service_intent(made, CONFIGS[config].weight, CONFIGS[config].on)
    path, _, query = asked.path.partition("?")
    cookies = (("Cookie", asked.cookie),) if asked.cookie is not None else ()
    request = Request(asked.method, path, query, (*asked.headers, *cookies), (), asked.source)
    said = explain(made, intent, request, dialect())
    assert said.version == version or (said.version is None and version in said.shares), (why, said.reasons)


def put(drawn, claims) -> list[tuple[Seen, ...]]:
    # not pytest's folder, which nobody but us may enter: as root, nginx runs as nobody
    with TemporaryDirectory(prefix="ng-") as name:
        return _put(Path(name), drawn, claims)


def _put(folder: Path, drawn, claims) -> list[tuple[Seen, ...]]:
    there = moved([made for made, _ in drawn], folder, LOG_LINE.format(folder=folder))
    intent = Intent({made.name: one for made, one in drawn})
    release = render([one.service for one in there], intent, makers.host(log_dir=str(folder)))
    with backends(folder), serving(release, [stub for one in there for stub in one.stubs], folder, find_nginx()):
        return Session(folder, [made for made, _ in drawn]).put(claims)


@cache
def dialect() -> Dialect:
    """Of the nginx of this machine."""

    done = subprocess.run([find_nginx(), "-v"], capture_output=True, text=True, check=True)
    return Dialect.of(done.stderr)


def agrees(said: Explanation, seen: Seen, service: str) -> bool:
    if said.status is not None:
        return seen.answer.status == said.status
    if said.version is not None:
        return (seen.answer.status, seen.version, seen.pool) == (200, said.version, said.upstream)
    pools = {said.upstream} if said.upstream else {f"{service}.stable", f"{service}.canary"}
    return seen.answer.status == 200 and seen.pool in pools
