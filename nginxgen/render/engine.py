"""jinja2 for nginx: undefined names fail, and nothing gets into a file that did not pass a quoting filter."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)

from nginxgen.errors import InputError, Place
from nginxgen.render import quote


def fill(template: str, values: Mapping[str, object], overlay: Path | None = None) -> str:
    """The text of one file. `overlay` is the user's folder, looked at first.

    Raises InputError: with the template's file:line where the template is wrong, without where a value is.
    """
    try:
        return _template(template, overlay).render(values)
    except InputError:
        raise  # a value that nginx can't have: the inventory is at fault, not the template
    except TemplateSyntaxError as error:
        raise InputError(f"template: {error.message}", place=Place(error.filename or template, error.lineno)) from error
    except TemplateNotFound as error:
        raise InputError(f"template {error.message} not found", place=Place(str(overlay or template))) from error
    except Exception as error:
        # A template is a program of the user's: it can fail in any way, and its line is what helps.
        raise InputError(f"template: {error}", place=_place(error, template)) from error


@cache
def _template(name: str, overlay: Path | None) -> Template:
    return _environment(overlay).get_template(name)


@cache
def _environment(overlay: Path | None) -> Environment:
    if overlay is not None and not overlay.is_dir():
        raise InputError(f"{overlay} is not a folder of templates", place=Place(str(overlay)))
    folders = [_packaged()] if overlay is None else [overlay, _packaged()]
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (the output is nginx, not HTML; `_only_quoted` guards it)
        finalize=_only_quoted,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters |= {
        "q": quote.argument,
        "literal": quote.literal,
        "key": quote.map_key,
        "comment": quote.comment,
        "block": quote.block,
    }
    return environment


def _packaged() -> Path:
    """Inside the package in a wheel, at the top of the project in a checkout."""
    inside = Path(str(resources.files("nginxgen"))) / "templates"
    return inside if inside.is_dir() else inside.parent.parent / "templates"


def _only_quoted(value: Any) -> Any:
    if isinstance(value, quote.Quoted | Undefined) or type(value) is int:
        return value  # an Undefined fails by itself, with the name that is missing
    raise TypeError(f"{value!r:.60} is neither a number nor quoted: pass it through q, literal, key, comment or block")


def _place(error: Exception, template: str) -> Place:
    """The innermost template line of a traceback; jinja2 maps the lines of its code back for us."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith(".py")]
    return Place(frames[-1].filename, frames[-1].lineno) if frames else Place(template)
