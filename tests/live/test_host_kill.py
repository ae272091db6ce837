"""The kill matrix: whatever is killed at whichever step, a host ends on one release, in memory and on disk.

docs/host-protocol.md shows it as a table; a test below holds the two together. All of it: `make test-full`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from host_driver import Machine, Parcel, Stop, Talk, applied, empty, parcel, poll

DOCS = Path(__file__).parents[2] / "docs/host-protocol.md"


class Kill(StrEnum):
    SCRIPT = "script"  # kill -9 of host.sh: its dead-man is left
    BOTH = "script and dead-man"
    CONTROLLER = "controller"  # kill -9 of nginxgen, or a connection that breaks: the end of input
    SILENCE = "silence"  # a connection that is cut without a word: nothing comes any more, not even the end
    REBOOT = "reboot"


class Way(StrEnum):
    APPLY = "apply"
    ABORT = "abort"
    FIRST = "first apply"


@dataclass(frozen=True)
class Step:
    name: str
    stop: Stop | None  # None: the trial is done and the script waits for a word
    path: Way = Way.APPLY
    new: bool = False  # which release it ends on


STEPS = [
    Step("locked", Stop("take_lock")),
    Step("dead-man armed", Stop("arm")),
    Step("archive received", Stop("receive")),
    Step("archive unpacked", Stop("unpack")),
    Step("tested", Stop("tested")),
    Step("releases in their places", Stop("keep_all")),
    Step("transaction written", Stop("open_transaction")),
    Step("new release live on disk", Stop("mark_log", after=False)),
    Step("HUP sent", Stop("ask_to_reload")),
    Step("new release taken", Stop("reload")),
    Step("old release live on disk again", Stop("settle_live_at")),
    Step("workers watched", Stop("stays_up")),
    Step("prepared", None),
    Step("commit decided", Stop("finish", after=False), new=True),
    Step("committed on disk", Stop("point_live_at", nth=3), new=True),
    Step("previous noted", Stop("note_previous"), new=True),
    Step("commit in the journal", Stop("record"), new=True),
    Step("transaction closed", Stop("finish"), new=True),
    Step("old releases removed", Stop("prune"), new=True),
    Step("abort decided", Stop("take_back", after=False), Way.ABORT),
    Step("abort: HUP sent", Stop("ask_to_reload", nth=2), Way.ABORT),
    Step("abort: old release taken", Stop("runs"), Way.ABORT),
    Step("abort in the journal", Stop("record"), Way.ABORT),
    Step("abort: tidied up", Stop("unstage"), Way.ABORT),
    Step("first: empty release in its place", Stop("keep"), Way.FIRST),
    Step("first: empty release live", Stop("settle_live_at"), Way.FIRST),
    Step("first: loader written", Stop("put"), Way.FIRST),
    Step("first: transaction written", Stop("open_transaction"), Way.FIRST),
    Step("first: new release live on disk", Stop("mark_log", after=False), Way.FIRST),
    Step("first: new release taken", Stop("reload"), Way.FIRST),
    Step("first: prepared", None, Way.FIRST),
    Step("first: committed on disk", Stop("point_live_at", nth=4), Way.FIRST, new=True),
]

# In the short run: each kill, each step that matters, not their product.
SHORT = {
    ("new release live on disk", Kill.REBOOT),
    ("new release live on disk", Kill.BOTH),
    ("HUP sent", Kill.SCRIPT),
    ("new release taken", Kill.REBOOT),
    ("new release taken", Kill.CONTROLLER),
    ("prepared", Kill.SCRIPT),
    ("prepared", Kill.SILENCE),
    ("prepared", Kill.REBOOT),
    ("commit decided", Kill.BOTH),
    ("commit decided", Kill.REBOOT),
    ("committed on disk", Kill.SCRIPT),
    ("commit in the journal", Kill.BOTH),
    ("abort decided", Kill.SCRIPT),
    ("first: empty release live", Kill.BOTH),
    ("first: new release taken", Kill.BOTH),
}


def cases() -> list[object]:
    return [
        pytest.param(step, kill, id=f"{step.name}-{kill}", marks=[pytest.mark.full] * ((step.name, kill) not in SHORT))
        for step in STEPS
        for kill in Kill
    ]


def to_the_step(talk: Talk, step: Step, release: Parcel) -> None:
    """Speak until the script stops at `step`."""
    talk.send(talk.begin_word())
    state = talk.answer_or_stop()
    if state is None:
        return
    words = [talk.stage_word(release), talk.trial_word(release.id, state["live"], state["running"])]
    if step.path is Way.ABORT:
        words.append(b"abort\n")
    elif step.new:
        words.append(b"commit\n")
    for word in words:
        talk.send(word)
        if talk.answer_or_stop() is None:
            return
    if step.stop is not None:
        talk.held()


@pytest.mark.parametrize(("step", "kill"), cases())
def test_kill(machine: Machine, step: Step, kill: Kill) -> None:
    one, two, three = (parcel(machine, says) for says in ("one", "two", "three"))
    old = empty(machine) if step.path is Way.FIRST else one
    if step.path is not Way.FIRST:
        applied(machine, one)
    with Talk(machine, stop=step.stop) as talk:
        to_the_step(talk, step, two)
        strike(machine, talk, kill, waits=step.stop is not None)
        if kill in {Kill.SCRIPT, Kill.CONTROLLER, Kill.SILENCE}:
            poll(machine.settled, "the host puts itself right", 20)
        says_what_it_serves(machine, begun=kill in {Kill.BOTH, Kill.REBOOT})
    end = two if step.new else old
    live = machine.live() or old.id  # a first apply may be killed before anything of it is live
    assert (live, machine.held() or {old.id}) == (end.id, {end.id})
    served = {one.id: "one", two.id: "two"}.get(end.id, "")
    poll(lambda: machine.says() == served, f"our service says {served!r}")
    assert machine.site(), "the host's own site serves"
    applied(machine, three)
    poll(lambda: machine.says() == "three", "the next apply succeeds")
    with Talk(machine) as talk:
        after = talk.do("observe")
    assert (after["live"], after["running"], after["previous"], after["drift"]) == (three.id, three.id, end.id, [])
    assert machine.open_transactions() == []
    results = [line["result"] for line in machine.journal() if line["to"] == two.id]
    assert len(results) <= 1, f"one transaction, one line: {results}"
    assert results in ([], ["committed" if step.new else "reverted"])


def strike(machine: Machine, talk: Talk, kill: Kill, *, waits: bool) -> None:
    match kill:
        case Kill.SCRIPT:
            talk.kill()
            if waits:
                talk.go_on()  # what it has started lives a little longer, and still has the lock
        case Kill.BOTH:
            machine.kill_ours()
        case Kill.CONTROLLER:
            talk.hang_up()
            if waits:
                talk.go_on()
        case Kill.SILENCE:
            if waits:
                talk.go_on()
        case Kill.REBOOT:
            machine.reboot()


def says_what_it_serves(machine: Machine, *, begun: bool) -> None:
    """observe tells the truth; where nobody is left to put things right, it says so, and the next session does it."""
    with Talk(machine) as talk:
        seen = talk.do("observe")
        drift = {code for code, _ in seen["drift"]}
        assert seen["live"] == machine.live()
        nothing = seen["live"] if seen["live"] == empty(machine).id else None  # no log is open, as there should be none
        assert seen["running"] == next(iter(machine.held()), nothing)
        assert ("open-transaction" in drift) == bool(machine.open_transactions())
        if seen["running"] != seen["live"]:
            assert "open-transaction" in drift
        if not begun:
            assert not drift & {"open-transaction", "not-running-live"}
            return
        begun_state = talk.begin()
        assert begun_state["ok"], begun_state
        assert begun_state["live"] == begun_state["running"]


def test_the_docs_show_this_matrix() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (old|new) \|", DOCS.read_text(), flags=re.MULTILINE)
    assert rows == [(step.name, "new" if step.new else "old") for step in STEPS]
