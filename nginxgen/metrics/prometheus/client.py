"""One question to Prometheus' HTTP API, with everything bounded: time, size, and what may come back."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nginxgen.metrics.fetch import Failed, fetch

_LARGEST = 8 << 20  # bytes of an answer
_OK = 200


class SourceDown(Exception):
    """There is no answer, or one that makes no sense. The message is for people, and names the source."""


@dataclass(frozen=True, slots=True)
class Series:
    """One time series of an answer."""

    labels: Mapping[str, str]
    value: float  # may be NaN or infinite


@dataclass(frozen=True, slots=True)
class Client:
    """Where a Prometheus is, and how long it may take."""

    url: str  # http://host:9090, or https; with a path where Prometheus is behind one, and user:password@ where asked
    timeout: float = 10.0  # seconds, for the whole of a question

    def ask(self, query: str, at: float) -> tuple[Series, ...]:
        """An instant query. No series is an answer, too. Raises SourceDown."""
        parts = urllib.parse.urlsplit(self.url)
        name = f"Prometheus at {parts.hostname}" + (f":{parts.port}" if parts.port else "")  # without the password
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        form = urllib.parse.urlencode({"query": query, "time": f"{at:.3f}", "timeout": f"{self.timeout:g}s"})
        try:
            answer = fetch(
                kind(parts.hostname or "", parts.port, timeout=self.timeout),
                "POST",
                f"{parts.path.rstrip('/')}/api/v1/query",
                headers={"Content-Type": "application/x-www-form-urlencoded", **_authorization(parts)},
                body=form.encode(),
                most=_LARGEST,
                timeout=self.timeout,
            )
        except Failed as error:
            raise SourceDown(f"{name} can't be asked: {error}") from error
        try:
            document = json.loads(answer.body)
            if answer.status != _OK or document["status"] != "success":
                raise SourceDown(f"{name} answered {answer.status}: {str(document['error'])[:200]}")
            return _series(document["data"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            told = str(answer.status) if answer.status != _OK else f"what is no answer of Prometheus: {error!s:.100}"
            raise SourceDown(f"{name} answered {told}") from error


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    words = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(words.encode()).decode()}"}


def _series(data: Any) -> tuple[Series, ...]:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return (Series({}, float(result[1])),)
    if kind != "vector":
        raise ValueError(f"the query gives a {kind}, not a number at one time")
    return tuple(
        Series({str(name): str(text) for name, text in one["metric"].items()}, float(one["value"][1])) for one in result
    )
