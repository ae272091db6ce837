"""The report as one HTML file: no script, nothing from elsewhere, readable on a phone, on paper and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from functools import cache, partial
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from nginxgen import __version__
from nginxgen.model.record import Record, Stage
from nginxgen.report.bar import bar
from nginxgen.report.charts import MOST, charts
from nginxgen.report.derived import add, back_seconds, lasted, touched
from nginxgen.report.figures import Figures, beside_name
from nginxgen.report.language import Language, words


def html(record: Record, language: Language, zone: tzinfo) -> str:
    return page("report.html", record, language, zone)


def page(template: str, record: Record, language: Language, zone: tzinfo, **more: object) -> str:
    told = words(language)
    figures = Figures(told, zone)
    values: dict[str, Any] = {
        "record": record,
        "lasted": partial(lasted, record),
        "w": told,
        "f": figures,
        "sentence": told.ending_sentences[record.ending] if told.ending_sentences else record.sentence,
        "charts": charts(record, figures),
        "thinned": len(record.points) > MOST,
        "touched": touched(record),
        "back": back_seconds(record),
        "canary": add([stage.canary for stage in record.stages]),
        "beside": add([stage.beside for stage in record.stages]),
        "compared": partial(beside_name, told),
        "last": record.stage or Stage(0, 0, 0),
        "version": __version__,
    }
    return _environment().get_template(template).render(values | more)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nginxgen.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bar": bar, "lines": diff_lines}
    environment.globals["style"] = _style()
    return environment


def _style() -> Any:
    from markupsafe import Markup  # noqa: PLC0415  (of Jinja2; only here)

    return Markup(resources.files("nginxgen.report").joinpath("page/style.css").read_text())  # noqa: S704  (our own file)


def diff_lines(diff: str) -> Iterator[tuple[str, str]]:
    """Each line with its style."""
    styles = {"+": "add", "-": "del", "@": "at"}
    return ((styles.get(line[:1], "same"), line) for line in diff.splitlines())
