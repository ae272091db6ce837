"""The story of a rollout: from the journals, and what the metrics of its steps show now."""

from __future__ import annotations

from dataclasses import replace

from nginxgen.errors import NginxgenError
from nginxgen.model.progress import Phase
from nginxgen.model.record import ConfigChange, Record, Stage
from nginxgen.model.release import File
from nginxgen.model.rollout import RolloutPlan
from nginxgen.plan.diff import between
from nginxgen.rollout import story
from nginxgen.rollout.points import points
from nginxgen.rollout.summary import stage
from nginxgen.workflow.rollout.rolling import Rolling
from nginxgen.workflow.rollout.sight import sight
from nginxgen.workflow.rollout.tick import Told, look_with
from nginxgen.workflow.scope import Work


def record(rolling: Rolling, plan: RolloutPlan, *, diffs: bool = False) -> Record:
    """How it stands, or how it ended. Changes nothing; hosts that do not answer are named in it.

    `diffs`: with the config of each change against the one before, where a host still keeps both.
    """
    with rolling.scope.work() as work:
        found = record_of(rolling, look_with(rolling, plan, work, sight(work)))
        if not diffs:
            return found
        known = _Releases(work)
        return replace(found, changes=tuple(map(known.with_diff, found.changes)))


def record_of(rolling: Rolling, told: Told) -> Record:
    """The same from a look that was had, without asking the hosts again; without diffs."""
    plan, seen, at = told.plan, told.seen, rolling.clock()
    now: Stage | None = None
    if told.judged is not None:
        now = stage(plan, told.standing, told.judged.verdict, told.judged.measured, at)
        weight = float(told.standing.weight.percent)
        width = told.standing.scaled(plan.steps[min(told.standing.step, len(plan.steps) - 1)].watch.every)
        now = replace(now, points=points(told.judged.measured, weight, width))
    standing = story.Now(at, told.standing, told.decision, now, tuple(seen.away.values()))
    return story.record(plan, seen.entries(plan), seen.journals, standing)


class _Releases:
    """The files of releases that hosts keep, each read once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[tuple[str, str], tuple[File, ...] | None] = {}

    def with_diff(self, change: ConfigChange) -> ConfigChange:
        """As it is where a release is gone: hosts keep the last few."""
        host, old_id = change.hosts[-1], change.from_release  # the releases that a change names are this one's
        old, new = () if old_id is None else self._files(host, old_id), self._files(host, change.to_release)
        if old is None or new is None:
            return change
        return replace(change, diff=between(old_id, old, change.to_release, new))

    def _files(self, host: str, release: str) -> tuple[File, ...] | None:
        if (host, release) not in self._known:
            answers = self._work.sessions.each(Phase.OBSERVE, (host,), lambda session: session.read(release))
            found = answers.get(host)
            self._known[host, release] = None if found is None or isinstance(found, NginxgenError) else found
        return self._known[host, release]
