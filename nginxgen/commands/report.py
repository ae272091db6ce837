"""report"""

from __future__ import annotations

from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.outfile import give, refuse_unwritable
from nginxgen.commands.output import complain, json_text
from nginxgen.commands.progress import watching
from nginxgen.commands.rollout.shared import chosen, one, which
from nginxgen.errors import InputError, Refused

if TYPE_CHECKING:
    from nginxgen.model.record import Record


@click.command("report", epilog="Example: nginxgen report --service shop --lang zh -o shop.html")
@which
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "json"]),
    help="By default what -o ends in, else md.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="English or Chinese.")
@click.option("--zone", metavar="NAME", help="Of the times in it, like Asia/Shanghai; by default UTC.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there.")
def command(form: str | None, lang: str, zone: str | None, output: Path | None, **words: Any) -> None:
    """Tell the story of the last rollout, in one file.

    Stages with what was asked and served, gates with their numbers and intervals, charts, events, alerts, who approved,
    what was changed, and the verdict; also of one that was aborted or still goes on. Read from the hosts.
    """
    from nginxgen.workflow.rollout.story import record

    zone_ = _zone(zone)
    refuse_unwritable(output)
    with watching(verbose=words["verbose"]) as listener:
        about = chosen(words, listener)
        plan = one(about.plans)
        found = record(about.rolling, plan, diffs=True)
    if not found.events:
        hint = f"nginxgen rollout start --service {plan.service} begins one"
        raise Refused(f"there was no rollout of {plan.name} yet", hint=hint)
    text = _written(found, "json" if words["as_json"] else form or _by_name(output), lang, zone_)
    if give(text, output, what="the report"):
        complain(f"written: {output}")


def _written(found: Record, form: str, lang: str, zone: tzinfo) -> str:
    from nginxgen.report.language import Language

    match form:
        case "html":
            from nginxgen.report.html import html

            return html(found, Language(lang), zone)
        case "md":
            from nginxgen.report.markdown import markdown

            return markdown(found, Language(lang), zone)
        case _:
            from nginxgen.report.document import document

            return json_text(document(found))


def _by_name(output: Path | None) -> str:
    known = {".html": "html", ".htm": "html", ".json": "json"}
    return "md" if output is None else known.get(output.suffix.lower(), "md")


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"there is no time zone {name[:80]!r}", hint="one like Asia/Shanghai or UTC") from error
