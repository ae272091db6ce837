"""The table of decisions, and what `sticky` promises, on real nginx."""

from __future__ import annotations

from collections.abc import Iterator

import makers
import pytest
from decision_table import CASES, CONFIGS
from routing_lab import Ask, Lab

from nginxgen.check import check
from nginxgen.model.intent import Intent
from nginxgen.render import render


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab.at(tmp_path_factory.mktemp("decisions"))
    services = [made.service(name, **config.fields) for name, config in CONFIGS.items()]
    intent = Intent(
        {
            service.name: makers.service_intent(service, CONFIGS[service.name].weight, CONFIGS[service.name].on)
            for service in services
        }
    )
    release = made.release(services, intent)
    assert {one.rule for one in check(services, makers.host(), release, render)} <= {"NG016"}
    with made.serving(services, intent):
        yield made


@pytest.mark.parametrize(
    ("config", "asked", "version", "why"), CASES, ids=[f"{at}-{case[0]}" for at, case in enumerate(CASES)]
)
def test_the_version_is_the_one_of_the_table(lab: Lab, config: str, asked: Ask, version: str, why: str) -> None:
    answer = lab.ask(config, asked)
    assert (answer.status, answer.version) == (200, version), why


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60
    assert {case[0] for case in CASES} == set(CONFIGS)
