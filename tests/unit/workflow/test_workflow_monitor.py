"""monitor without gates of its own takes those of the live step of a rollout, over a fleet in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import makers
import pytest
from rollout_lab import GATE, HOUR, Lab, plan

from nginxgen.errors import InputError
from nginxgen.gates import grammar
from nginxgen.model.gates import Gate
from nginxgen.model.service import Route
from nginxgen.model.verdict import Outcome
from nginxgen.workflow.monitor import Frames, Time, Watching, monitor
from nginxgen.workflow.scope import Scope

OWN = grammar.gate("p95", "< 1s")


def watched(lab: Lab, gates: Mapping[str, tuple[Gate, ...]] | None = None, routes: Sequence[str] = ()) -> Frames:
    service = replace(makers.service(routes=lab.routes), rollouts=(lab.plan,))
    scope = Scope(lab.fleet.inventory_hosts(), lab.fleet.connect)
    asked = Watching((service,), 0, back=60, routes=tuple(routes), gates=gates or {}, by_rollout=True)
    return monitor(scope, asked, lambda _: None, Time(lambda: lab.now, lambda _: None))


def test_the_gates_are_those_of_the_step_that_is_served() -> None:
    lab = Lab(plan())
    lab.begin()
    lab.go()
    lab.go(HOUR)
    [frame] = watched(lab)
    assert frame.gates_of == "rollout shop, step 2 of 3, weight 10, running"
    assert frame.verdict is not None
    assert [result.gate for result in frame.verdict.results] == [GATE]
    assert frame.verdict.outcome is not Outcome.PASS, "nothing was measured"
    assert any("begins before the step" in note for note in frame.notes)


def test_gates_that_are_given_come_first() -> None:
    lab = Lab(plan())
    lab.begin()
    lab.go()
    [frame] = watched(lab, {"shop": (OWN,)})
    assert frame.verdict is not None
    assert (frame.gates_of, [result.gate for result in frame.verdict.results]) == ("", [OWN])


def test_a_rollout_that_has_ended_has_no_live_step() -> None:
    lab = Lab(plan())
    lab.begin()
    lab.go()
    lab.outcome = Outcome.FAIL
    assert lab.go(60).aborted
    [frame] = watched(lab)
    assert (frame.gates_of, frame.verdict) == ("", None)


def test_each_group_is_judged_by_itself_and_the_other_routes_by_nobody() -> None:
    routes = (Route("reads", "/r"), Route("default"))
    lab = Lab(plan(group="reads", routes=("reads",)), routes=routes)
    lab.begin()
    lab.go()
    reads, rest = watched(lab)
    assert (reads.look.routes, reads.verdict is None) == (("reads",), False)
    assert reads.gates_of.startswith("rollout shop/reads, step 1 of 3")
    assert (rest.look.routes, rest.verdict) == (("default",), None)
    assert [frame.look.routes for frame in watched(lab, routes=["default"])] == [("default",)]


def test_a_baseline_that_is_missing_is_an_error_of_its_gate_as_in_the_rollout_itself(tmp_path: Path) -> None:
    gates = (grammar.gate("p95", "<= baseline(today) + 20%"),)
    lab = Lab(plan(steps=tuple(replace(step, gates=gates) for step in plan().steps)))
    lab.begin()
    lab.go()
    [frame] = watched(lab)
    assert frame.verdict is not None
    assert frame.verdict.outcome is Outcome.ERROR
    assert "there is no baseline today of shop" in frame.notes
    with pytest.raises(InputError, match="there is no baseline today"):
        watched(lab, {"shop": gates})
