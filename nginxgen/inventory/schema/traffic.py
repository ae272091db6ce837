"""Requests: methods, statuses, and health requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.schema.base import Duration, Keys, number
from nginxgen.inventory.words import paths
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import whole
from nginxgen.model.nearest import did_you_mean

# Those of RFC 9110 and RFC 5789, and WebDAV's that nginx knows.
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
_WEBDAV = ("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK")


def _method(text: str) -> str:
    if text not in (*_METHODS, *_WEBDAV):
        raise BadValue(f"{quoted(text)} is not a method of HTTP", did_you_mean(text.upper(), _METHODS))
    return text


def _distinct(methods: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(methods)) < len(methods):
        raise BadValue("a method stands twice", "each once")
    return methods


Methods = Annotated[tuple[Annotated[str, AfterValidator(_method)], ...], AfterValidator(_distinct)]
Status = Annotated[int, number(whole(100, 599))]


class SmokeKeys(Keys):
    path: Annotated[str, AfterValidator(paths.request_target)] = Field(description="what is asked for, like /health")
    status: Status = Field(default=200, description="what must be answered; 200")
    body: str | None = Field(default=None, min_length=1, description="text that must be in the answer")
    json_values: dict[str, str] | None = Field(
        default=None, alias="json", description="values that must be in the answer, by path, like {checks.0.up: true}"
    )
    within: Duration | None = Field(default=None, description="how long it may take, like 500ms")
