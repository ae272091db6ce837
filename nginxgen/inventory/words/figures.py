"""Where figures come from: the address of a Prometheus, PromQL, names of numbers, and programs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import duration
from nginxgen.model.gates import Metric
from nginxgen.model.nearest import did_you_mean

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD = re.compile(r"(?<!\$)\$([a-z_]+)\b")
_WORDS = ("version", "service", "route", "window")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 600.0  # seconds that anybody waits for a source
_FASTEST = 1000  # requests in a second; more is a load test
_RATE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
_FORM = re.compile(r"([0-9]+)([a-z]+)")


def number_name(text: str) -> str:
    """As a gate has it; none of nginxgen's own."""
    if not _NAME.fullmatch(text):
        raise BadValue(f"{quoted(text)} can't be the name of a number", "lower-case letters, digits and _, like lag")
    if text in set(Metric):
        raise BadValue(f"{quoted(text)} is a metric of nginxgen's own", "choose another name")
    return text


def url(text: str) -> str:
    """Http or https, with a host."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or not text.isprintable() or " " in text:
        raise BadValue(f"{quoted(text)} is not a URL", "like http://prometheus.example.com:9090")
    return text


def promql(text: str) -> str:
    """Words of ours that are misspelt would ask Prometheus for something else, and get no series."""
    if not text.strip():
        raise BadValue("the query is empty", "PromQL, with $version, $service, $route and $window in it")
    for word in _WORD.findall(text):
        near = did_you_mean(word, _WORDS)
        if word not in _WORDS and near and near.startswith("did"):
            raise BadValue(f"{quoted('$' + word)} is no word of a query", near)
    return text


def patience(text: str) -> str:
    """A duration that somebody may wait for an answer."""
    if seconds(duration(text)) > _LONGEST:
        raise BadValue(f"{quoted(text)} is too long to wait for an answer", "at most 10m")
    return text


def seconds(text: str) -> float:
    """Of a duration."""
    found = _FORM.fullmatch(text)
    return 0.0 if found is None else int(found[1]) * _SECONDS[found[2]]


def rate(text: str) -> str:
    """Requests in a second."""
    if not _RATE.fullmatch(text) or not 0 < float(text) <= _FASTEST:
        raise BadValue(f"{quoted(text)} is not a rate", "requests in a second, above 0 and at most 1000")
    return text
