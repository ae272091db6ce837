"""What every model of the schema shares, and the types of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from nginxgen.inventory.limits import MOST_WORDS
from nginxgen.inventory.words import listen, names, network, paths, values
from nginxgen.inventory.words.bad import BadValue

T = TypeVar("T")


class Keys(BaseModel):
    """A mapping with known keys only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def number(check: Callable[[str], int]) -> BeforeValidator:
    """The document holds text; `check` makes the number."""

    def parse(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadValue("expected a number", "a whole number")
        return check(value)

    return BeforeValidator(parse, json_schema_input_type=int)


def long_list(check: Callable[[str], str]) -> BeforeValidator:
    """A list that may be very long, checked in one call."""

    def parse(value: Any) -> Any:
        return values.each(check, value) if isinstance(value, list) else value

    return BeforeValidator(parse, json_schema_input_type=list[str | float | bool])


def at_most(most: int) -> BeforeValidator:
    """A list of so many items; a longer one is refused before its items are looked at."""

    def check(value: Any) -> Any:
        if isinstance(value, list) and len(value) > most:
            raise BadValue(f"there are {len(value):,} entries", f"at most {most:,}")
        return value

    return BeforeValidator(check)


def short_form(key: str) -> Callable[[Any], Any]:
    """A text stands for the mapping with only this key."""

    def widen(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return widen


# A bare 80 or true is text for us, and a number or a flag for an editor.
_WRITTEN = WithJsonSchema({"type": ["string", "integer", "number", "boolean"]})
Port = Annotated[int, number(network.port), Field(ge=1, le=65_535)]
AbsolutePath = Annotated[str, AfterValidator(paths.absolute_path)]
RelativeFolder = Annotated[str, AfterValidator(paths.relative_folder)]
LocalPath = Annotated[str, AfterValidator(paths.local_path)]
Listen = Annotated[str, AfterValidator(listen.listen), _WRITTEN]
ServerName = Annotated[str, AfterValidator(network.server_name)]
Duration = Annotated[str, AfterValidator(values.duration)]
Span = Annotated[str, AfterValidator(values.spanning)]
Seconds = Annotated[str, AfterValidator(values.seconds)]
ServiceName = Annotated[str, AfterValidator(names.service)]
VersionName = Annotated[str, AfterValidator(names.version)]
RouteName = Annotated[str, AfterValidator(names.route)]
HostName = Annotated[str, AfterValidator(names.host)]
CookieName = Annotated[str, AfterValidator(names.cookie)]
HeaderName = Annotated[str, AfterValidator(names.header)]
QueryName = Annotated[str, AfterValidator(names.query)]
Words = Annotated[tuple[str, ...], long_list(values.word), at_most(MOST_WORDS)]
Networks = Annotated[tuple[str, ...], long_list(network.cidr), at_most(MOST_WORDS)]
