"""A document against the schema: pydantic finds, and this says it in our words with the lines of the file."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from nginxgen.inventory.document import Data, List, Map, Path, dotted, find
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.inventory.words.bad import BadValue
from nginxgen.model.nearest import did_you_mean

Model = TypeVar("Model", bound=BaseModel)

_KEY = "[key]"  # pydantic's mark for an error in the key of a mapping
_MOST_TOLD = 1_000  # more than anybody reads; a hint for each costs time
_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of names",
    "int_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
}


def validate(model: type[Model], data: Data, findings: Findings) -> Model | None:
    """The document as the model, or None where something was found."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # pydantic counts the items it could take: a list is short for us only where nothing was written.
        found = [
            one
            for one in error.errors(include_url=False, include_input=False)
            if one["type"] != "too_short" or not find(data, one["loc"])[0]
        ]
        for one in found[:_MOST_TOLD]:
            _tell(one, model, data, findings)
        findings.more(len(found[_MOST_TOLD:]))
        return None


def _tell(error: Mapping[str, Any], model: type[BaseModel], data: Data, findings: Findings) -> None:
    path = [step for step in error["loc"] if step != _KEY]
    value, line = find(data, path)
    here = dotted(path)
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            _tell_bad_value(context["error"], error["loc"], data, findings)
        case "missing":
            findings.add(Rule.MISSING, line, f"{here} is missing", _expected(model, path))
        case "extra_forbidden":
            hint = did_you_mean(str(path[-1]), keys_at(model, path[:-1]))
            findings.add(Rule.UNKNOWN_KEY, line, f"{_above(path)}unknown key {quoted(str(path[-1]))}", hint)
        case "enum":
            words = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            findings.add(Rule.VALUE, line, f"{here} can't be {_shown(value)}", did_you_mean(str(value), words))
        case "bool_parsing":
            findings.add(Rule.VALUE, line, f"{here} can't be {_shown(value)}", "true or false")
        case "too_short":
            findings.add(Rule.MISSING, line, f"{here} is empty", _expected(model, path))
        case kind:
            message = f"{here} is {_shown(value)}, not {_KINDS.get(kind, 'what is expected here')}"
            findings.add(Rule.TYPE, line, message, _expected(model, path))


def _tell_bad_value(error: object, loc: Path, data: Data, findings: Findings) -> None:
    hint = error.hint if isinstance(error, BadValue) else None
    if loc[-1] == _KEY:
        findings.add(Rule.VALUE, find(data, loc[:-1])[1], f"{_above(loc[:-1])}{error}", hint)
        return
    parts = error.items if isinstance(error, BadValue) else {}
    told: list[tuple[Path, str]] = [([*loc, key], message) for key, message in parts.items()]
    for path, message in told or [(loc, str(error))]:
        findings.add(Rule.VALUE, find(data, path)[1], f"{dotted(path)}: {message}", hint)


def _above(path: Path) -> str:
    """A front for messages about a key: the mapping it stands in."""
    return f"{dotted(path[:-1])}: " if len(path) > 1 else ""


def _shown(value: Data) -> str:
    match value:
        case None:
            return "empty"
        case Map():
            return "a mapping"
        case List():
            return "a list"
        case _:
            return quoted(value)


def _expected(model: type[BaseModel], path: Path) -> str | None:
    """The description of the key at `path`."""
    if not path or not isinstance(path[-1], str):
        return None
    for holder in _models_at(model, path[:-1]):
        for name, field in holder.model_fields.items():
            if (field.alias or name) == path[-1]:
                return field.description
    return None


def keys_at(model: type[BaseModel], path: Path) -> Sequence[str]:
    """The keys that the mapping at `path` may have."""
    return [field.alias or name for holder in _models_at(model, path) for name, field in holder.model_fields.items()]


def _models_at(model: type[BaseModel], path: Path) -> Sequence[type[BaseModel]]:
    """The models that describe what stands at `path`."""
    kinds: list[Any] = [model]
    for step in path:
        kinds = [inner for kind in kinds for inner in _inner(kind, step)]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _inner(kind: Any, step: str | int) -> list[Any]:
    """The types that `step` leads to from a model, a dict or a tuple."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = [field for name, field in kind.model_fields.items() if (field.alias or name) == step]
        return [part for field in fields for part in _parts(field.annotation)]
    arguments = get_args(kind)
    if get_origin(kind) is dict:
        return _parts(arguments[1])
    return _parts(arguments[0]) if get_origin(kind) is tuple else []


def _parts(annotation: Any) -> list[Any]:
    """An annotation without Annotated and unions."""
    if get_origin(annotation) is Annotated:
        return _parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for member in get_args(annotation) for part in _parts(member)]
    return [annotation]
