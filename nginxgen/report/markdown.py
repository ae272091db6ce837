"""The report as Markdown, for a ticket or a merge request: the same facts, no charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from nginxgen import __version__
from nginxgen.model.record import Alert, ConfigChange, Record, Stage
from nginxgen.report.derived import back_seconds, lasted, touched
from nginxgen.report.figures import Figures, beside_name
from nginxgen.report.language import Language, words
from nginxgen.report.words import Words

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
_LONGEST_DIFF = 200  # lines; the whole is in the HTML and in the JSON


def markdown(record: Record, language: Language, zone: tzinfo) -> str:
    told = words(language)
    return "\n".join(_lines(record, told, Figures(told, zone))) + "\n"


def _lines(record: Record, w: Words, f: Figures) -> Iterator[str]:
    sentence = w.ending_sentences[record.ending] if w.ending_sentences else record.sentence
    yield f"# {w.title.format(_text(record.name))}: {w.endings[record.ending]}"
    yield f"\n{_text(sentence)}\n"
    yield from _table(("", ""), _facts(record, w, f))
    if record.incomplete:
        yield f"\n**{w.incomplete}**: {_text('; '.join(record.incomplete))}"
    if record.time_scale != 1:
        yield f"\n*{w.rehearsal.format(f'{record.time_scale:g}')}*"
    if record.next:
        yield f"\n{w.next}: `{record.next}`"
    if record.stages:
        yield f"\n## {w.stages}"
    for stage in record.stages:
        yield from _stage(record, stage, w, f)
    if record.events:
        yield f"\n## {w.events}\n"
        rows = [
            (f.clock(one.at), w.happenings[one.what], _text(f.said(one.text)), _text(one.who)) for one in record.events
        ]
        yield from _table((w.when, w.what, "", w.who), rows)
    yield f"\n## {w.alerts}\n"
    yield from _alerts(record.alerts, w, f)
    yield f"\n## {w.changes}\n"
    yield from _changes(record.changes, w, f)
    yield f"\n{w.intervals_note}  "
    yield w.written.format(f"{f.clock(record.at)} {f.zone_of(record.at)}", __version__)


def _facts(record: Record, w: Words, f: Figures) -> Iterator[tuple[str, str]]:
    end = f.clock(record.ended) if record.ended else w.so_far
    seen = touched(record)
    yield f"{w.stable} → {w.canary}", f"{_text(record.stable)} → {_text(record.canary)}"
    if record.by:
        yield w.started_by, _text(record.by)
    if record.why:
        yield w.why, _text(record.why)
    yield w.from_to, f"{f.clock(record.started)} – {end} {f.zone_of(record.started)}"
    if record.hosts:
        yield w.hosts, _text(", ".join(record.hosts))
    yield w.touched, f"{f.duration(seen.seconds)}; {w.touched_note.format(f.count(seen.requests))}"
    yield w.errors, w.seen_failed.format(f.count(seen.seen)) if seen.seen else w.none_failed
    if record.back is not None:
        back = back_seconds(record)
        yield w.way_back, w.not_yet if back is None else f.duration(back)


def _stage(record: Record, stage: Stage, w: Words, f: Figures) -> Iterator[str]:
    title = f"{w.stage} {stage.number} {w.of} {len(record.stages)} · {f.percent(stage.weight)}"
    yield f"\n### {title}: {w.stage_endings[stage.ending]}\n"
    if stage.note:
        yield f"{_text(stage.note)}\n"
    if stage.started is None:
        yield f"{w.bake} {f.duration(stage.bake)}"
        return
    told = w.stage_sentences[stage.ending] if w.stage_sentences else stage.sentence
    if told:
        yield f"{_text(told)}\n"
    share = f.percent(stage.share.value) if stage.share else "–"
    end = f.clock(stage.ended) if stage.ended else w.so_far
    yield f"- {w.from_to}: {f.clock(stage.started)} – {end} ({f.duration(lasted(record, stage))})"
    yield f"- {w.served} / {w.asked}: {share} / {f.percent(stage.weight)}"
    counts = f"{w.canary} {f.count(stage.canary.requests)}, {w.stable} {f.count(stage.stable.requests)}"
    if stage.control is not None:
        counts += f", {w.control} {f.count(stage.control.requests)}"
    yield f"- {w.requests}: {counts}"
    for one in record.approvals:
        if one.stage == stage.number:
            yield f"- {w.approved_by.format(_text(one.who))}, {f.clock(one.at)}" + (
                f": {_text(one.why)}" if one.why else ""
            )
    if not stage.gates:
        yield f"\n{w.no_gates}"
        return
    yield ""
    yield from _table(
        (w.gate, w.asked, w.canary, w.interval, beside_name(w, [stage]), w.verdict),
        [
            (
                f.metric_name(gate.metric),
                f"`{gate.asked}`",
                f.range(gate.metric, gate.canary),
                f.interval(gate.metric, gate.canary) or "–",
                f.range(gate.metric, gate.stable),
                f"**{w.outcomes[gate.outcome]}** {_text(f.gate_sentence(gate))}",
            )
            for gate in stage.gates
        ],
    )


def _alerts(alerts: Sequence[Alert], w: Words, f: Figures) -> Iterator[str]:
    if not alerts:
        yield w.no_alerts
        return
    rows = [
        (f.clock(one.at), w.resolved if one.resolved else str(one.level), _text(f.said(one.title)), w.fates[one.fate])
        for one in alerts
    ]
    yield from _table((w.when, w.level, w.what, w.sent_to), rows)


def _changes(changes: Sequence[ConfigChange], w: Words, f: Figures) -> Iterator[str]:
    if not changes:
        yield w.no_changes
        return
    rows = [
        (
            f.clock(one.at),
            one.verb,
            _text(one.who),
            f"{one.from_release or w.nothing} → {one.to_release}",
            _text(f.said("; ".join(one.summary))),
        )
        for one in changes
    ]
    yield from _table((w.when, w.what, w.who, w.release, ""), rows)
    for one in changes:
        if one.diff:
            lines = one.diff.splitlines()
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", one.diff)), default=0))
            yield f"\n{fence}diff"
            yield from lines[:_LONGEST_DIFF]
            if len(lines) > _LONGEST_DIFF:
                yield f"... {len(lines) - _LONGEST_DIFF}"
            yield fence


def _table(head: Sequence[str], rows: Sequence[Sequence[str]] | Iterator[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", "<br>") for cell in cells) + " |"


def _text(text: str) -> str:
    """Words of others, so that none of them is markup."""
    return _SPECIAL.sub(r"\\\1", text)
