"""Who is told what of a rollout, over a fleet in memory: once, again after the cooldown, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from rollout_lab import HOUR, Lab, plan, steps

from nginxgen.fleet.fake import Kind
from nginxgen.model.gates import Severity
from nginxgen.model.record import Alert, AlertFate
from nginxgen.model.rollout import Channels, Hooks
from nginxgen.model.verdict import Outcome
from nginxgen.rollout.sent import alerts
from nginxgen.workflow.rollout import hands
from nginxgen.workflow.rollout.tell import tell

CHANNELS = tuple(Channels(level, (f"json://{level}",)) for level in Severity)


@dataclass
class Ear:
    """Hears what would be sent. Another process has another one, and knows what the journals say."""

    heard: list[tuple[Alert, tuple[str, ...]]] = field(default_factory=list)
    fate: AlertFate = AlertFate.SENT
    told: dict[str, Alert] = field(default_factory=dict)

    def __call__(self, alert: Alert, urls: Sequence[str]) -> Alert:
        self.heard.append((alert, tuple(urls)))
        return replace(alert, fate=self.fate, channels=("json",))

    @property
    def titles(self) -> list[str]:
        return [alert.title for alert, _ in self.heard]


@pytest.fixture
def lab() -> Lab:
    return Lab(plan(alerts=CHANNELS))


@pytest.fixture
def ear() -> Ear:
    return Ear()


def go(lab: Lab, ear: Ear, seconds: float = 0.0) -> None:
    told = lab.go(seconds)
    tell(replace(lab.rolling(), tell=ear, told=ear.told), told)


def begun(lab: Lab, ear: Ear) -> None:
    lab.begin()
    go(lab, ear)
    assert ear.heard == [], "that it goes well is no news"


def test_an_abort_is_told_once_with_all_that_a_person_needs(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    lab.outcome = Outcome.FAIL
    for seconds in (60, 60, HOUR):
        go(lab, ear, seconds)
    ((alert, urls),) = ear.heard
    assert (alert.title, alert.level, urls) == ("[P2] shop: aborted", Severity.P2, ("json://P2",)), (
        "as loud as its gate"
    )
    for part in ("as told", "v2 beside v1: step 1 of 3, 1 %", "on edge-1", "since 20", "next: nginxgen rollout retry"):
        assert part in alert.body


def test_what_was_sent_is_in_the_journals(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    ear.fate = AlertFate.FAILED
    lab.outcome = Outcome.ERROR
    go(lab, ear, 60)
    (kept,) = alerts(lab.entries())
    assert (kept.title, kept.fate, kept.channels) == ("[P2] shop: paused", AlertFate.FAILED, ("json",))


def test_another_process_does_not_say_it_again(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    lab.outcome = Outcome.ERROR
    go(lab, ear, 60)
    other = Ear()
    go(lab, other, 60)
    assert (len(ear.heard), other.heard) == (1, [])


def test_what_nobody_was_told_is_told_by_the_next(lab: Lab, ear: Ear) -> None:
    """The runner was killed between the deed and the alert."""
    begun(lab, ear)
    lab.outcome = Outcome.ERROR
    lab.go(60)
    go(lab, ear, 60)
    assert ear.titles == ["[P2] shop: paused"]


def test_the_end_of_a_trouble_is_told_on_the_same_channels(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    lab.outcome = Outcome.ERROR
    go(lab, ear, 60)
    lab.outcome = Outcome.PASS
    hands.resume(lab.rolling(), lab.plan, "")
    go(lab, ear, 60)
    go(lab, ear, 60)
    assert ear.titles == ["[P2] shop: paused", "[P2] shop: resolved: paused"]
    assert ear.heard[1][0].resolved
    assert ear.heard[0][1] == ear.heard[1][1]


def test_a_trouble_that_comes_again_waits_for_the_cooldown(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    lab.outcome = Outcome.FAIL
    for seconds in (20, 20, 60):  # an abort that fails is tried at each look; the cooldown here is a minute
        for number in (1, 2, 3):
            for _ in range(3):
                lab.fleet.fault(number, "begin", Kind.FAIL)
        go(lab, ear, seconds)
    assert ear.titles == ["[P1] shop: failed"] * 2
    go(lab, ear, 20)
    assert sorted(ear.titles[2:]) == ["[P1] shop: resolved: failed", "[P2] shop: aborted"]


def test_a_person_is_not_told_what_they_did_themselves(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    hands.pause(lab.rolling("ann@desk"), lab.plan, "lunch")
    go(lab, ear, 60)
    hands.abort(lab.rolling("ann@desk"), lab.plan, "enough", None)
    go(lab, ear, 60)
    assert ear.heard == []


def test_an_approval_is_asked_for_and_its_end_is_told(ear: Ear) -> None:
    lab = Lab(plan(steps=(*steps(1), *steps(10, approval=True)), alerts=CHANNELS))
    begun(lab, ear)
    go(lab, ear, HOUR)
    assert ear.titles == ["[P3] shop: waiting"]
    assert "next: nginxgen rollout approve --service shop" in ear.heard[0][0].body
    hands.approve(lab.rolling(), lab.plan, "")
    go(lab, ear, 60)
    assert ear.titles[1:] == ["[P3] shop: resolved: waiting"]


def test_a_hook_that_fails_is_told(ear: Ear) -> None:
    lab = Lab(plan(hooks=Hooks(after_step=("true",)), alerts=CHANNELS), trouble="it left with 1")
    begun(lab, ear)
    go(lab, ear, HOUR)
    assert ear.titles == ["[P2] shop: trouble"]


def test_a_level_without_channels_is_not_told(ear: Ear) -> None:
    lab = Lab(plan(alerts=(CHANNELS[0],)))
    begun(lab, ear)
    lab.outcome = Outcome.ERROR
    go(lab, ear, 60)
    assert ear.heard == []


def test_a_dry_run_leaves_nothing_behind(lab: Lab, ear: Ear) -> None:
    begun(lab, ear)
    ear.fate = AlertFate.DRY_RUN
    lab.outcome = Outcome.ERROR
    go(lab, ear, 60)
    go(lab, ear, 60)
    assert len(ear.heard) == 1
    assert alerts(lab.entries()) == ()
