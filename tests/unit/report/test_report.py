"""The story of a rollout in one file: every fact of the record, in both languages, and nothing of it is markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
import records

from nginxgen.model.codec import from_json
from nginxgen.model.record import Record, Stage
from nginxgen.report.charts import charts
from nginxgen.report.document import document
from nginxgen.report.english import ENGLISH
from nginxgen.report.figures import Figures
from nginxgen.report.html import html
from nginxgen.report.language import Language, words
from nginxgen.report.markdown import markdown

EVERY = pytest.mark.parametrize("make", records.ALL.values(), ids=records.ALL)
IN_BOTH = pytest.mark.parametrize("language", list(Language))
VOID = frozenset({"meta", "link", "br", "line", "path", "img"})
HOSTILE = "<script>alert(1)</script> | `x` **b** [a](http://evil.example) & \"q\" 'p'"


class Page(HTMLParser):
    """Its text, its tags, and whether each tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def written(record: Record, form: str, language: Language) -> str:
    return html(record, language, UTC) if form == "html" else markdown(record, language, UTC)


@EVERY
@IN_BOTH
def test_a_page_is_whole_and_needs_nothing_from_elsewhere(make: Callable[[], Record], language: Language) -> None:
    text = html(make(), language, UTC)
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert set(page.links) <= {"data:,"}
    assert not re.search(r"url\(|@import|https?://", text.replace("http://www.w3.org/2000/svg", ""))
    assert f'<html lang="{language}' in text


@EVERY
@IN_BOTH
@pytest.mark.parametrize("form", ["html", "md"])
def test_every_fact_of_the_record_is_told(make: Callable[[], Record], language: Language, form: str) -> None:
    record = make()
    text = written(record, form, language)
    told = Page(text).text if form == "html" else text.replace("\\", "")
    facts = [record.name, record.stable, record.canary, record.by, record.why, record.next, *record.hosts]
    facts += [event.text for event in record.events]
    facts += [alert.title for alert in record.alerts] + [approval.who for approval in record.approvals]
    facts += [change.to_release for change in record.changes]
    facts += [gate.asked for stage in record.stages for gate in stage.gates]
    assert [fact for fact in facts if " ".join(fact.split()) not in told] == []


@pytest.mark.parametrize("form", ["html", "md"])
@IN_BOTH
def test_words_of_others_are_no_markup(form: str, language: Language) -> None:
    plain = records.aborted()
    stages = tuple(replace(stage, note=HOSTILE, sentence=HOSTILE) for stage in plain.stages)
    events = tuple(replace(event, text=HOSTILE, who=HOSTILE) for event in plain.events)
    bad = replace(plain, service="shop", why=HOSTILE, sentence=HOSTILE, stages=stages, events=events, by=HOSTILE)
    text = written(bad, form, language)
    if form == "html":
        assert sorted(Page(text).tags) == sorted(Page(written(replace(bad, why="w", by="b"), form, language)).tags)
        assert "<script" not in text
    else:
        assert "<script" not in text.replace("\\<script", "")
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        assert all(re.search(r"(?<!\\)\|$", row) for row in rows)


def test_json_is_the_record_and_what_follows_from_it() -> None:
    told = json.loads(json.dumps(document(records.aborted())))
    derived = told.pop("derived")
    assert from_json(Record, told) == records.aborted()
    assert derived["touched"]["requests"] == sum(
        stage.canary.requests for stage in records.aborted().stages if stage.weight
    )
    assert derived["seconds_back"] == pytest.approx(4.2, abs=1)


def test_times_are_of_the_zone_that_was_asked_for() -> None:
    record = records.good()
    assert "08:00:00" in html(record, Language.EN, UTC)
    assert "16:00:00" in html(record, Language.ZH, ZoneInfo("Asia/Shanghai"))


def test_what_could_not_be_read_is_said() -> None:
    record = replace(records.running(), incomplete=("edge-2 does not answer",))
    for form in ("html", "md"):
        assert "edge-2 does not answer" in written(record, form, Language.EN)
        assert "incomplete" in written(record, form, Language.EN)


def test_charts_are_drawn_of_what_was_measured() -> None:
    assert html(records.good(), Language.EN, UTC).count("<svg") == 4
    assert "<svg" not in html(records.begun(), Language.EN, UTC)


def with_control(stage: Stage) -> Stage:
    """Stable as a whole has no failure and answers in a moment; the clients like the canary's fail at times."""
    return replace(
        stage,
        stable=records.reading(90_000, 0.0, 0.011),
        control=records.reading(10_000, 0.07, 0.777),
        points=tuple(replace(one, control=records.reading(500, 0.07, 0.777)) for one in stage.points),
    )


@pytest.mark.parametrize("language", Language)
def test_what_is_shown_beside_the_canary_is_what_it_was_judged_against(language: Language) -> None:
    """Figures of all of stable beside a verdict that a control group gave would not explain it."""
    good = records.good()
    judged = replace(good, stages=tuple(map(with_control, good.stages)))
    told = words(language)
    shown = html(judged, language, UTC)
    assert told.beside.format(told.control, "7 %") in shown
    assert told.beside.format(told.control, "777 ms") in shown
    assert told.beside.format(told.stable, "0 %") not in shown
    assert "11 ms" not in shown
    assert f"<th>{told.control}</th>" in shown
    assert f"{told.stable} 90,000<br>{told.control} 10,000" in shown
    assert f"{told.control} 10,000" in markdown(judged, language, UTC)
    assert f"| {told.control} |" in markdown(judged, language, UTC)
    assert told.control not in html(good, language, UTC) + markdown(good, language, UTC)


def test_a_chart_of_a_control_group_is_drawn_of_its_figures() -> None:
    judged = replace(records.good(), stages=(with_control(records.good().stages[1]),))
    drawn = {chart.title: chart for chart in charts(judged, Figures(ENGLISH, UTC))}
    beside = [path for title in ("Error rate", "Latency, P95") for path in drawn[title].paths if path.style == "stable"]
    assert [(path.name, path.last) for path in beside] == [("control group", "7 %"), ("control group", "777 ms")]
