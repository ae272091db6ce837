"""Alert rules: what they ask for is served, each says what to do. `full` tests let promtool judge them."""

from __future__ import annotations

import pytest
import yaml
from exported import plans, unknown

from nginxgen.export import rules


@pytest.fixture(scope="module")
def written() -> list[dict]:
    (group,) = yaml.safe_load(rules.text(plans("shop", "reads", "writes")))["groups"]
    assert group["name"] == "nginxgen-shop"
    return group["rules"]


def test_every_metric_and_label_that_a_rule_asks_for_is_served(written: list[dict]) -> None:
    assert [found for rule in written for found in unknown(rule["expr"])] == []
    assert all('service="shop"' in rule["expr"] for rule in written)


def test_a_metric_that_nobody_serves_would_be_found() -> None:
    assert unknown('nginxgen_gone{service="shop"} > 0') == ["nginxgen_gone service"]
    assert unknown('nginxgen_rollout_step{version="v2"} > 0') == ["nginxgen_rollout_step version"]
    assert unknown("nginxgen_rollout_step > 0") == ["nginxgen_rollout_step"]
    assert unknown("up == 0") == ["up == 0"]


def test_each_rule_has_a_name_of_its_own_a_severity_and_the_command_to_type(written: list[dict]) -> None:
    assert len({rule["alert"] for rule in written}) == len(written) > 8
    for rule in written:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["labels"]["priority"] in {"P1", "P2", "P3"}
        assert rule["annotations"]["summary"]
        assert "Next: nginxgen rollout status --service" in rule["annotations"]["description"]


def test_patience_follows_from_how_often_the_plan_looks(written: list[dict]) -> None:
    by_name = {rule["alert"]: rule for rule in written}
    assert by_name["NginxgenGateBlind"]["for"] == "180s", "three looks of the slowest step"
    assert "> 180 and" in by_name["NginxgenNobodyLooks"]["expr"]
    assert "for" not in by_name["NginxgenRolloutAborted"]
