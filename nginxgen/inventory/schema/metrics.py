"""`metrics:` of a service: who counts its requests, and which other numbers gates may look at."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from nginxgen.inventory.schema.base import Keys, at_most, number
from nginxgen.inventory.schema.traffic import Status
from nginxgen.inventory.words import figures, paths
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import whole
from nginxgen.model.sources import Counting

_MOST_WORDS = 100  # of a command
_NO = frozenset({"off", "false", "no"})


Patience = Annotated[str, AfterValidator(figures.patience)]
_Rate = Annotated[str, AfterValidator(figures.rate), WithJsonSchema({"type": "number"})]
_Times = Annotated[int, number(whole(1, 10_000))]
Query = Annotated[str, AfterValidator(figures.promql)]


class PrometheusKeys(Keys):
    """Counts, not ratios: a ratio has no interval. $version, $service, $route and $window stand for what is asked."""

    url: Annotated[str, AfterValidator(figures.url)] = Field(description="like http://prometheus.example.com:9090")
    timeout: Patience = Field(default="10s", description="for one answer; 10s")
    requests: Query | None = Field(default=None, description="PromQL: how many requests the version had")
    errors: Query | None = Field(default=None, description="PromQL: how many of them it failed")
    timeouts: Query | None = Field(default=None, description="PromQL: how many of them ran out of time")
    buckets: Query | None = Field(default=None, description="PromQL: their times, by le")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.requests is None) is not (self.errors is None):
            missing = "errors" if self.errors is None else "requests"
            raise BadValue(f"{missing} is missing", "requests and errors go together")
        if self.requests is None and (self.timeouts or self.buckets):
            raise BadValue("requests is missing", "what timeouts and buckets are of")
        return self


class ProbeKeys(Keys):
    """GET requests of nginxgen's own through every host, to both versions by the override."""

    path: Annotated[str, AfterValidator(paths.request_target)] = Field(description="what is asked for, like /health")
    status: Status | None = Field(default=None, description="what must be answered; anything below 500")
    rate: _Rate = Field(default="5", description="requests in a second, at most; 5")
    number: _Times = Field(default=10, description="to each version through each host, each time; 10")
    timeout: Patience = Field(default="5s", description="for one answer; 5s")


class NumberKeys(Keys):
    """A number of your own, or a yes and no."""

    query: Query | None = Field(default=None, description="PromQL for one number; needs prometheus")
    command: Annotated[tuple[str, ...], at_most(_MOST_WORDS)] | None = Field(
        default=None,
        min_length=1,
        description="a program and its arguments: exit status, and a number on its last line",
    )
    timeout: Patience = Field(default="30s", description="for a command; 30s")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.query is None) is (self.command is None):
            message = "query and command are given" if self.query else "neither query nor command is given"
            raise BadValue(message, "exactly one of query, command")
        return self


NumberName = Annotated[str, AfterValidator(figures.number_name)]


class MetricsKeys(Keys):
    source: Counting = Field(default=Counting.LOG, description="who counts requests: log, prometheus or probe; log")
    log: bool = Field(default=True, description="nginx writes a line a request to the metrics log; true")
    prometheus: PrometheusKeys | None = Field(default=None, description="a Prometheus to ask")
    probe: ProbeKeys | None = Field(default=None, description="requests of nginxgen's own")
    numbers: dict[NumberName, NumberKeys] | None = Field(
        default=None, description="numbers of your own, by the name that gates use"
    )

    @model_validator(mode="after")
    def _sources_are_there(self) -> Self:
        if self.source is Counting.PROMETHEUS and (self.prometheus is None or self.prometheus.requests is None):
            raise BadValue("source: prometheus needs its queries", "prometheus: {url: ..., requests: ..., errors: ...}")
        if self.source is Counting.PROBE and self.probe is None:
            raise BadValue("source: probe needs probe", "probe: {path: /health}")
        asking = [name for name, one in (self.numbers or {}).items() if one.query is not None]
        if asking and self.prometheus is None:
            raise BadValue(f"numbers.{asking[0]} needs prometheus", "prometheus: {url: http://...}")
        return self


def _off(value: Any) -> Any:
    """`metrics: off` is short for no log."""
    return {"log": "false"} if isinstance(value, str) and value.lower() in _NO else value


Metrics = Annotated[MetricsKeys, BeforeValidator(_off, json_schema_input_type=str | MetricsKeys)]
