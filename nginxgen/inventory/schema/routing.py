"""Who sees the canary, what keeps them there, and what happens when it fails."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from nginxgen.inventory.schema.base import (
    CookieName,
    Duration,
    HeaderName,
    Keys,
    Networks,
    QueryName,
    Words,
    short_form,
)
from nginxgen.inventory.words.bad import BadValue
from nginxgen.model.service import Anonymous

_CANARY = ("true", "always", "1")
_STABLE = ("false", "never", "0")


class _SignalKeys(Keys):
    canary: Words = Field(default=_CANARY, description="values that choose the canary, case ignored; [true, always, 1]")
    stable: Words = Field(default=_STABLE, description="values that choose stable, case ignored; [false, never, 0]")


class CookieKeys(_SignalKeys):
    name: CookieName = Field(description="of the cookie")


class HeaderKeys(_SignalKeys):
    name: HeaderName = Field(description="of the header")


class UsersKeys(Keys):
    cookie: CookieName | None = Field(default=None, description="the cookie with the user's id")
    header: HeaderName | None = Field(default=None, description="the header with the user's id")
    query: QueryName | None = Field(default=None, description="the query argument with the user's id")
    canary: Words = Field(default=(), description="ids that see the canary, case ignored")
    stable: Words = Field(default=(), description="ids that see stable, case ignored")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        _exactly_one(cookie=self.cookie, header=self.header, query=self.query)
        return self


class NetworksKeys(Keys):
    canary: Networks = Field(default=(), description="client networks that see the canary, like [10.8.0.0/16]")
    stable: Networks = Field(default=(), description="client networks that see stable")


class OverrideKeys(Keys):
    header: (
        Annotated[HeaderKeys, BeforeValidator(short_form("name"), json_schema_input_type=str | HeaderKeys)] | None
    ) = Field(default=None, description="a header that chooses: its name, or {name, canary: [..], stable: [..]}")
    cookie: (
        Annotated[CookieKeys, BeforeValidator(short_form("name"), json_schema_input_type=str | CookieKeys)] | None
    ) = Field(default=None, description="a cookie that chooses: its name, or {name, canary: [..], stable: [..]}")
    users: UsersKeys | None = Field(default=None, description="users by id")
    networks: NetworksKeys | None = Field(default=None, description="clients by network")


class StickyKeys(Keys):
    cookie: CookieName | None = Field(default=None, description="the cookie a client is known by")
    header: HeaderName | None = Field(default=None, description="the header a client is known by")
    query: QueryName | None = Field(default=None, description="the query argument a client is known by")
    address: bool = Field(default=False, description="know a client by its address")
    anonymous: Anonymous = Field(
        default=Anonymous.STABLE, description="clients without it: stable, issue or address; stable"
    )
    control: bool = Field(default=False, description="judge the canary beside as many clients of stable; false")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        _exactly_one(cookie=self.cookie, header=self.header, query=self.query, address=self.address or None)
        if self.anonymous is Anonymous.ISSUE and self.cookie is None:
            raise BadValue("anonymous: issue needs cookie", "only a cookie can be issued")
        return self


class Trouble(StrEnum):
    """What nginx's proxy_next_upstream calls a failure."""

    ERROR = "error"
    TIMEOUT = "timeout"
    INVALID_HEADER = "invalid_header"
    HTTP_403 = "http_403"
    HTTP_404 = "http_404"
    HTTP_429 = "http_429"
    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"


class FallbackKeys(Keys):
    on: tuple[Trouble, ...] = Field(min_length=1, description="like [error, timeout, http_502]")
    timeout: Duration = Field(default="3s", description="how long the canary may take to connect or to answer; 3s")
    retry_unsafe: bool = Field(
        default=False, description="send POST and the like again too, which may run twice; false"
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.on)) < len(self.on):
            raise BadValue("on names the same thing twice", "each once")
        return self


class RealIpKeys(Keys):
    proxies: Networks = Field(alias="from", min_length=1, description="the proxies in front, like [10.0.0.0/8]")
    header: HeaderName = Field(
        default="X-Forwarded-For", description="where they write the client's address; X-Forwarded-For"
    )


def _exactly_one(**sources: object) -> None:
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        message = f"{' and '.join(given)} are given" if given else "no source is given"
        raise BadValue(message, f"exactly one of {', '.join(sources)}")
