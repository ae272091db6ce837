"""Records of rollouts for tests, with numbers that look like traffic and are the same each time."""

from __future__ import annotations

import math
from dataclasses import replace

from nginxgen.model.gates import Severity
from nginxgen.model.reading import GateReading, Point, Range, Reading
from nginxgen.model.record import (
    Alert,
    AlertFate,
    Approval,
    ConfigChange,
    Ending,
    Event,
    Happening,
    Record,
    Stage,
    StageEnding,
    WayBack,
)
from nginxgen.model.verdict import Outcome

START = 1_795_334_400.0  # 2026-11-22 08:00 UTC
HOUR = 3600.0
WEIGHTS = (1.0, 10.0, 50.0, 100.0)
EACH = 24  # points of a stage
OWNER = "anna@laptop"
RUNNER = "deploy@ops-1"


def wave(number: int, salt: float) -> float:
    """Between -1 and 1, of no pattern that a reader would see."""
    return math.sin(number * 12.9898 + salt * 78.233) * math.cos(number * 0.37 + salt)


def reading(requests: int, error_rate: float, p95: float) -> Reading:
    if not requests:
        return Reading()
    errors = round(requests * error_rate)
    return Reading(
        requests=requests,
        errors=errors,
        server_errors=errors // 3,
        timeouts=errors // 5,
        fallbacks=errors - errors // 3,
        weighted=requests,
        mean=p95 * 0.41,
        p50=p95 * 0.34,
        p95=p95,
        p99=p95 * 1.9,
        max=p95 * 3.4,
    )


def points(number: int, weight: float, bad_from: int | None = None) -> tuple[Point, ...]:
    begin = START + (number - 1) * 24 * HOUR
    found = []
    for i in range(EACH):
        bad = bad_from is not None and i >= bad_from
        total = 42_000 + round(9_000 * math.sin((i - 6) / 24 * math.tau) + 700 * wave(i, number))
        share = weight / 100 * (1 + 0.01 * wave(i, 3.0)) if weight < 100 else 1.0
        canary = reading(
            round(total * share),
            0.062 if bad else 0.0042 + 0.0012 * wave(i, 1.0),
            0.82 if bad else 0.192 + 0.014 * wave(i, 2.0),
        )
        stable = reading(total - canary.requests, 0.0039 + 0.0008 * wave(i, 5.0), 0.186 + 0.010 * wave(i, 6.0))
        outcome = Outcome.FAIL if bad else (Outcome.INCONCLUSIVE if i < 2 else Outcome.PASS)
        found.append(Point(begin + (i + 1) * HOUR, HOUR, weight, canary, stable, outcome))
        if bad and i == bad_from + 1:
            break
    return tuple(found)


def total(readings: list[Reading]) -> Reading:
    requests = sum(one.requests for one in readings)
    if not requests:
        return Reading()
    last = next(one for one in reversed(readings) if one.requests)
    return replace(
        last,
        requests=requests,
        errors=sum(one.errors for one in readings),
        server_errors=sum(one.server_errors for one in readings),
        timeouts=sum(one.timeouts for one in readings),
        fallbacks=sum(one.fallbacks for one in readings),
        weighted=requests,
    )


def gates(canary: Reading, stable: Reading, bad: bool) -> tuple[GateReading, ...]:
    rate, beside = canary.error_rate or 0.0, stable.error_rate or 0.0
    assert canary.p95 is not None
    return (
        GateReading(
            "error_rate",
            "< 1%",
            Outcome.FAIL if bad else Outcome.PASS,
            f"error_rate is {rate:.2%}, {'above' if bad else 'below'} 1 %",
            Severity.P1,
            Range(rate, rate * 0.9, rate * 1.1, canary.requests),
            Range(beside, beside * 0.9, beside * 1.1, stable.requests),
            0.01,
        ),
        GateReading(
            "p95",
            "<= stable + 50%",
            Outcome.FAIL if bad else Outcome.PASS,
            f"p95 is {canary.p95 * 1000:.0f} ms",
            Severity.P2,
            Range(canary.p95, canary.p95 * 0.97, None if canary.requests < 500 else canary.p95 * 1.04, canary.requests),
            None if stable.p95 is None else Range(stable.p95, stable.p95 * 0.98, stable.p95 * 1.02, stable.requests),
            0.279,
            attention=bad,
        ),
        GateReading(
            "consistency",
            "ok",
            Outcome.ERROR if bad else Outcome.PASS,
            "consistency is not known: no answer within 10 s" if bad else "consistency says yes",
            Severity.P3,
        ),
    )


def stage(number: int, bad_from: int | None = None) -> Stage:
    weight = WEIGHTS[number - 1]
    seen = points(number, weight, bad_from)
    canary, stable = total([one.canary for one in seen]), total([one.stable for one in seen])
    share = 100 * canary.weighted / (canary.weighted + stable.weighted)
    bad = bad_from is not None
    return Stage(
        number=number,
        weight=weight,
        bake=24 * HOUR,
        ending=StageEnding.FAILED if bad else StageEnding.PASSED,
        started=seen[0].at - HOUR,
        ended=seen[-1].at,
        note="internal users by cookie and user list" if number == 1 else "",
        watch=("", "standard", "enhanced", "critical")[number - 1],
        verdict=Outcome.FAIL if bad else Outcome.PASS,
        sentence="error_rate is 6.2 %, above 1 %" if bad else "every gate is shown to hold",
        share=Range(share, share * 0.995, min(100.0, share * 1.005), canary.weighted + stable.weighted),
        canary=canary,
        stable=stable,
        gates=gates(seen[-1].canary if bad else canary, seen[-1].stable if bad else stable, bad),
        points=seen,
    )


def ahead(number: int) -> Stage:
    return Stage(number, WEIGHTS[number - 1], 24 * HOUR)


DIFF = """\
--- a/shop.conf
+++ b/shop.conf
@@ -12,5 +12,5 @@
 split_clients "$shop_salt$cookie_session_id" $shop_share {
-    1.00% 1;
+    10.00% 1;
     * 0;
 }
"""


def changes(stages: tuple[Stage, ...]) -> tuple[ConfigChange, ...]:
    found, before = [], "3f1c09aa7be2"
    for one in stages:
        if one.started is None:
            continue
        after = f"{int(one.weight):02d}b7e9d0c4a1"
        told = (f"shop/default: weight {WEIGHTS[one.number - 2] if one.number > 1 else 0:g} -> {one.weight:g}",)
        found.append(
            ConfigChange(
                one.started - 4,
                "rollout",
                RUNNER,
                ("edge-1", "edge-2", "edge-3"),
                before,
                after,
                "committed",
                told,
                DIFF,
            )
        )
        before = after
    return tuple(found)


def good() -> Record:
    stages = tuple(stage(number) for number in (1, 2, 3, 4))
    end = stages[-1].ended or 0.0
    return Record(
        "shop",
        ("*",),
        "v1",
        "v2",
        Ending.PROMOTED,
        START,
        end + 60,
        end + 30,
        OWNER,
        "release 2.4: faster search",
        sentence="all 4 stages passed; v2 is the new stable",
        hosts=("edge-1", "edge-2", "edge-3"),
        stages=stages,
        events=(
            Event(START, Happening.STARTED, "rollout of shop started: v2 beside v1", OWNER),
            *(
                Event(
                    one.started or 0.0,
                    Happening.STEPPED,
                    f"stage {one.number} of 4: {one.weight:g} %",
                    RUNNER,
                    one.number,
                )
                for one in stages
            ),
            Event(START + 23.6 * HOUR, Happening.WAITING, "stage 2 waits for an approval", RUNNER, 1),
            Event(START + 23.9 * HOUR, Happening.APPROVED, "stage 2 approved", "bea@desk", 2),
            Event(START + 40 * HOUR, Happening.TROUBLE, "edge-3 did not answer for 90 s", RUNNER, 2),
            Event(end + 10, Happening.FINISHED, "all 4 stages passed", RUNNER, 4),
            Event(end + 30, Happening.PROMOTED, "v2 is the new stable", OWNER),
        ),
        alerts=(
            Alert(
                START + 40 * HOUR,
                Severity.P3,
                "shop host edge-3",
                "shop: edge-3 does not answer",
                "since 23:58",
                channels=("mailto",),
            ),
            Alert(
                START + 40.1 * HOUR,
                Severity.P3,
                "shop host edge-3",
                "shop: edge-3 answers again",
                "",
                resolved=True,
                channels=("mailto",),
            ),
        ),
        approvals=(Approval(START + 23.9 * HOUR, "bea@desk", 2, "looks fine, support has no tickets"),),
        changes=changes(stages),
    )


def aborted() -> Record:
    stages = (stage(1), stage(2, bad_from=17), ahead(3), ahead(4))
    failed = stages[1].ended or 0.0
    return Record(
        "shop",
        ("reads",),
        "v1",
        "v2",
        Ending.ABORTED,
        START,
        failed + 60,
        failed + 4.2,
        OWNER,
        "release 2.4: faster search",
        sentence="aborted in stage 2 of 4: error_rate is 6.2 %, above 1 %",
        next="nginxgen rollout retry shop",
        hosts=("edge-1", "edge-2", "edge-3"),
        stages=stages,
        events=(
            Event(START, Happening.STARTED, "rollout of shop/reads started: v2 beside v1", OWNER),
            *(
                Event(one.started, Happening.STEPPED, f"stage {one.number} of 4: {one.weight:g} %", RUNNER, one.number)
                for one in stages
                if one.started
            ),
            Event(failed - HOUR, Happening.ATTENTION, "p95 is above its attention level", RUNNER, 2),
            Event(failed, Happening.ABORTED, "error_rate is 6.2 %, above 1 %", RUNNER, 2),
            Event(failed + 4.2, Happening.EMERGENCY, "stable serves on 3 of 3 hosts", RUNNER, 2),
            Event(failed + 5, Happening.HOOK, "on_abort: systemctl stop shop-v2: exit 0", RUNNER, 2),
        ),
        alerts=(
            Alert(
                failed,
                Severity.P1,
                "shop/reads gate error_rate",
                "shop/reads: error_rate of v2 is 6.2 %",
                "limit 1 %",
                channels=("slack", "mailto"),
            ),
            Alert(
                failed + 1,
                Severity.P2,
                "shop/reads gate p95",
                "shop/reads: p95 of v2 is 820 ms",
                "limit 279 ms",
                fate=AlertFate.FAILED,
                channels=("slack",),
                error="slack: no answer",
            ),
        ),
        changes=changes(stages),
        back=WayBack(failed, failed + 4.2, True, "error_rate is 6.2 %, above 1 %", since=failed - HOUR),
    )


def running() -> Record:
    record = good()
    now = START + 34 * HOUR
    second = record.stages[1]
    seen = tuple(one for one in second.points if one.at <= now)
    current = replace(second, ending=StageEnding.RUNNING, ended=None, points=seen, sentence="10 h of 24 h baked")
    return replace(
        record,
        ending=Ending.RUNNING,
        at=now,
        ended=None,
        stages=(record.stages[0], current, ahead(3), ahead(4)),
        sentence="stage 2 of 4: 10 h of 24 h baked, every gate holds",
        next="nginxgen rollout pause shop",
        events=tuple(one for one in record.events if one.at <= now),
        alerts=(),
        changes=record.changes[:2],
    )


def begun() -> Record:
    """The first second of a rollout: nothing has been measured."""
    return Record("shop", ("*",), "v1", "v2", Ending.RUNNING, START, START + 1, stages=tuple(map(ahead, (1, 2, 3, 4))))


ALL = {"good": good, "aborted": aborted, "running": running, "begun": begun}
