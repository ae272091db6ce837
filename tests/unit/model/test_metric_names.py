"""Names and labels that Prometheus takes, each metric once."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from nginxgen.model import metric_names


def test_the_client_takes_every_name_and_label_and_each_is_there_once() -> None:
    registry = CollectorRegistry()
    for one in metric_names.ALL:
        Gauge(one.name, one.help, one.labels, registry=registry).labels(*one.labels).set(1)
    served = generate_latest(registry).decode()
    assert served.count("# TYPE") == len(metric_names.ALL)
    for one in metric_names.ALL:
        assert f"\n{one.name}{{" in served, "the client renames nothing"


def test_every_metric_that_has_a_name_is_in_the_list() -> None:
    named = {one for one in vars(metric_names).values() if isinstance(one, metric_names.Series)}
    assert named == set(metric_names.ALL)


def test_every_metric_belongs_to_a_rollout() -> None:
    assert {one.labels[:2] for one in metric_names.ALL} == {metric_names.ROLLOUT}
