"""A Chinese report says in Chinese what nginxgen wrote down, with the same numbers, and leaves people's words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC

import pytest
import records
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.analysis.judge import Judge
from nginxgen.gates.grammar import gate
from nginxgen.model.histogram import Histogram
from nginxgen.model.record import Event, Happening
from nginxgen.model.samples import Counts, Measured, Number, Sample, Slice, Tally
from nginxgen.report.chinese import CHINESE
from nginxgen.report.figures import Figures
from nginxgen.report.html import html
from nginxgen.report.language import Language
from nginxgen.report.markdown import markdown

F = Figures(CHINESE, UTC)
_ENGLISH = re.compile(r"[A-Za-z]{3,}")


def sample(version: str, requests: int, failed: int, micros: int = 200_000) -> Sample:
    """The requests of one slice, all of which took as long."""
    counts = Counts(requests=requests, errors=failed, server_errors=failed, weighted=requests)
    times = Histogram.of([micros] * requests)
    return Sample("shop", "*", version, (Slice(1_000, 10, Tally(counts, times)),))


GOOD = Measured(sample("v2", 4_000, 4), sample("v1", 40_000, 40), weight=0.09)
BAD = Measured(sample("v2", 4_000, 900, 900_000), sample("v1", 40_000, 40), weight=0.5)
FEW = Measured(sample("v2", 12, 0), sample("v1", 40, 0), weight=0.2)
NOBODY = Measured(sample("v2", 0, 0), sample("v1", 0, 0), weight=0.2)
DOWN = Measured(error="edge-1 没有应答")
SEEN: Mapping[str, Measured] = {
    "good": GOOD,
    "bad": BAD,
    "few": FEW,
    "nobody": NOBODY,
    "down": DOWN,
    "beside a control group": replace(BAD, control=sample("v1", 4_000, 4)),
    "beside a baseline": replace(BAD, baselines={"monday": sample("v1", 9_000, 9).total}),
}
GATES = (
    ("error_rate", "< 1%"), ("error_rate", "<= stable + 50%"), ("p95", "<= stable + 50%"), ("p95", "< 500ms"),
    ("p95", "<= baseline(monday) + 20%"), ("requests", ">= 100"), ("max", "< 2s"), ("share", "± 10%"),
    ("availability", ">= 99.9%"), ("mean", "< 500ms"),
)  # fmt: skip


def left_in_english(told: str, *, asked: str) -> list[str]:
    """Words that no reader of Chinese asked for: versions and a gate as its author wrote it are none."""
    return _ENGLISH.findall(told.replace(asked, "").replace("monday", "").replace("edge-1", ""))


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d[\d,.]*\d|\d", text))


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize(("metric", "asked"), GATES)
def test_whatever_the_judge_says_is_said_in_chinese_with_the_same_numbers(seen: str, metric: str, asked: str) -> None:
    [result] = Judge().judge((gate(metric, asked, ()),), SEEN[seen]).results
    told = F.said(result.sentence)
    assert not left_in_english(told, asked=asked), (result.sentence, told)
    assert numbers(told) == numbers(result.sentence)


@pytest.mark.parametrize(
    "found",
    [Number(), Number(3.0), Number(fine=True), Number(fine=False), Number(2.0, fine=False), Number(error="超时")],
    ids=repr,
)
@pytest.mark.parametrize("asked", ["ok", "< 2"])
def test_what_a_command_said_is_said_in_chinese(found: Number, asked: str) -> None:
    [result] = Judge().judge((gate("queue", asked, {"queue"}),), Measured(numbers={"queue": found})).results
    told = F.said(result.sentence).replace("queue", "")
    assert not left_in_english(told, asked=asked), (result.sentence, told)


SENTENCES = {
    "it begins": "开始第一个阶段",
    "step 2 has passed: requests is 40: >= 10 holds": "阶段 2 通过：请求数为 40：>= 10 满足",
    "every step has passed: there is no gate, so nothing was judged": "所有阶段均已通过：没有设置门槛，因此未作评判",
    "for somebody to approve step 3": "等待批准阶段 3",
    "for its window to open, which is 2026-11-22 09:00 UTC": "等待发布窗口，2026-11-22 09:00 UTC 开放",
    "still not certain after 2 h: consistency has no value": "观察 2 h 后仍不确定：consistency没有数值",
    "[P1] shop/reads: resolved: paused": "[P1] shop/reads：已恢复：已暂停",
    "error_rate of v2 is lately 22.5 % (20 to any, 1,204 requests), control 0.1 % (0.05 to 0.2 %, 900 requests):"
    " <= stable + 1pp (1.1 %) does not hold, which asks for attention": (
        "v2 最近的错误率为 22.5 %（不低于 20，1,204 个请求），对照组为 0.1 %（0.05 至 0.2 %，900 个请求）："
        "<= stable + 1pp (1.1 %) 不满足，需要关注"
    ),
    "weight 12.5 %; canary off": "权重 12.5 %; 灰度关闭",
    "v2 beside v1: step 2 of 4, 10 %\nsince 2026-11-22 09:00 UTC": (
        "v2 对比 v1：阶段 2 / 4，10 %\n始于 2026-11-22 09:00 UTC"
    ),
}


@pytest.mark.parametrize("text", SENTENCES)
def test_what_is_done_next_is_said_in_chinese(text: str) -> None:
    assert F.said(text) == SENTENCES[text]


PEOPLE = [
    "the house is content; it begins to look fine",
    "waiting for Bob",
    "step 2 looks odd",
    "ticket 7: paused?",
    "",
]


@pytest.mark.parametrize("text", PEOPLE)
def test_the_words_of_people_stay_as_they_are(text: str) -> None:
    assert F.said(text) == text


@given(st.text(max_size=60))
def test_no_text_makes_it_fail_and_english_is_never_touched(text: str) -> None:
    assert isinstance(F.said(text), str)
    assert Figures(replace(CHINESE, sayings=None), UTC).said(text) == text


def test_a_report_in_chinese_has_its_events_in_chinese_and_in_english_as_they_were() -> None:
    text = "step 1 has passed: requests is 40: >= 10 holds"
    good = records.good()
    record = replace(
        good, events=(Event(good.started, Happening.STEPPED, text), Event(good.started, Happening.NOTE, "嗯 ok"))
    )
    for form in (html, markdown):
        shown = form(record, Language.ZH, UTC)
        assert "阶段 1 通过：请求数为 40" in shown
        assert "has passed" not in shown
        assert "嗯 ok" in shown
        assert "step 1 has passed" in form(record, Language.EN, UTC)
