"""What a session promises, on every shell and with the fewest tools: first apply, apply, back, and after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from host_driver import TOOLS, Machine, Talk, empty, only_tools, parcel, poll


@dataclass(frozen=True)
class Ground:
    """A shell, and what is in its PATH."""

    shell: Sequence[str]
    tools: Sequence[str] | None = None  # None: the PATH of this machine
    source: str = ""  # "busybox": the tools are busybox's

    def environ(self, folder: Path) -> Mapping[str, str]:
        if self.tools is None:
            return {}
        return {"PATH": str(only_tools(folder, self.tools, self.source))}


GROUNDS = {
    "dash": Ground(("dash",)),
    "bash": Ground(("bash",)),
    "bash as sh": Ground(("bash", "--posix")),
    "busybox": Ground(("busybox", "sh")),
    "the fewest tools: no flock, no setsid": Ground((shutil.which("dash") or "dash",), TOOLS),
    "busybox alone": Ground((shutil.which("busybox") or "busybox", "sh"), [*TOOLS, "setsid"], "busybox"),
}


@dataclass
class Bench:
    """A host and how to talk to it."""

    host: Machine
    shell: Sequence[str]
    environ: Mapping[str, str]

    def talk(self, **settings: str) -> Talk:
        return Talk(self.host, shell=self.shell, environ=self.environ, settings=settings)

    def serves(self, what: str) -> None:
        poll(lambda: self.host.says() == what, f"our service says {what!r}")


SECOND_LOOK = {
    "bash",
    "bash as sh",
    "busybox",
    "the fewest tools: no flock, no setsid",
}  # near enough to others that the short run can do without them


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.full] * (name in SECOND_LOOK)) for name in GROUNDS])
def bench(request: pytest.FixtureRequest, machine: Machine, tmp_path: Path) -> Bench:
    ground = GROUNDS[request.param]
    return Bench(machine, ground.shell, ground.environ(tmp_path / "bin"))


def test_from_nothing_to_a_release_and_on_and_back(bench: Bench) -> None:
    host, none = bench.host, empty(bench.host)
    one, one_off, two = parcel(host, "one"), parcel(host, "one, canary off"), parcel(host, "two")

    with bench.talk() as talk:
        before = host.tree()
        seen = talk.do("observe")
        assert (seen["live"], seen["running"], seen["drift"], seen["master"]) == (None, None, [], host.master)
        assert host.tree() == before
        assert talk.begin()["ok"]
        staged = talk.stage(one, one_off)
        assert (staged["ok"], staged["first"]) == (True, True), staged
        assert talk.trial(one.id, None, None)["ok"]
        bench.serves("one")
        assert (host.live(), host.held()) == (none.id, {one.id}), "under trial it is in memory alone"
        assert talk.do("commit")["live"] == one.id
        assert host.live() == one.id

        # the same session goes on, as it does when other hosts fail and this one has to go back
        back = talk.trial(none.id, one.id, one.id)
        assert back["ok"], back
        talk.do("abort")
        bench.serves("one")

    with bench.talk() as talk:
        state = talk.begin()
        assert (state["live"], state["running"], state["previous"]) == (one.id, one.id, none.id)
        assert set(state["releases"]) == {one.id, one_off.id, none.id}
        assert talk.stage(two)["ok"]
        assert talk.trial(two.id, one.id, one.id)["ok"]
        bench.serves("two")
        assert talk.do("abort")["running"] == one.id
        assert (host.live(), host.held()) == (one.id, {one.id})
        bench.serves("one")

    with bench.talk() as talk:
        assert talk.apply(two)["ok"]
        talk.do("commit")
    with bench.talk() as talk:
        state = talk.begin("revert")
        assert state["previous"] == one.id
        assert talk.trial(one.id, two.id, two.id)["ok"], "a release that is on the host needs no upload"
        talk.do("commit")
    bench.serves("one")
    results = [(line["from"], line["to"], line["result"], line["verb"]) for line in host.journal()]
    assert results == [
        (none.id, one.id, "committed", "apply"),
        (one.id, none.id, "reverted", "apply"),
        (one.id, two.id, "reverted", "apply"),
        (one.id, two.id, "committed", "apply"),
        (two.id, one.id, "committed", "revert"),
    ]
    poll(host.settled, "all sessions and dead-men end")
    with bench.talk() as talk:
        assert talk.do("observe")["drift"] == []
        assert talk.do("journal 2")["lines"] == 2
        assert b'"verb":"apply"' in talk.line().replace(b" ", b"")
        assert b'"verb":"revert"' in talk.line().replace(b" ", b"")


@pytest.mark.parametrize("bench", ["bash as sh"], indirect=True)
def test_from_nothing_where_sh_is_bash(bench: Bench) -> None:
    """As on RHEL. In the short run too: what bash alone does otherwise was once seen in the full one only."""
    test_from_nothing_to_a_release_and_on_and_back(bench)


def test_two_sessions_and_the_end_of_input(bench: Bench) -> None:
    host = bench.host
    one, two = parcel(host, "one"), parcel(host, "two")
    with bench.talk() as talk:
        assert talk.apply(one)["ok"]
        talk.do("commit")
        # the lock is still ours
        with bench.talk() as other:
            refused = other.begin()
            assert (refused["ok"], refused["code"], refused["owner"]["who"]) == (False, "locked", "me@here")
            assert other.do("observe")["lock"]["who"] == "me@here"
    with bench.talk() as talk:
        assert talk.apply(two)["ok"]
        with bench.talk() as other:
            seen = other.do("observe")
            assert (seen["live"], seen["running"]) == (one.id, two.id)
            assert {code for code, _ in seen["drift"]} == {"open-transaction", "not-running-live"}
    assert (host.live(), host.held(), host.open_transactions()) == (one.id, {one.id}, []), "end of input means: go back"
    bench.serves("one")


def test_a_release_that_is_refused_leaves_no_trace(bench: Bench) -> None:
    host = bench.host
    before, workers = host.tree(), host.workers()
    with bench.talk() as talk:
        assert talk.begin()["ok"]
        refused = talk.stage(parcel(host, "bad", server="no_such_directive on;"))
    assert (refused["ok"], refused["code"]) == (False, "rejected")
    assert 'unknown directive "no_such_directive"' in refused["message"]
    assert f"{host.home}/releases/" in refused["message"], "the path is one that a person knows"
    assert (host.tree(), host.workers()) == (before, workers)


def test_what_nginx_would_refuse_to_reload_is_refused_before(bench: Bench) -> None:
    """Read without nginx's parser, so every shell and every sed has to agree."""
    host, zone = bench.host, "limit_req_zone {} zone=shop_z:{} rate=1r/s; # {{;"
    old = parcel(host, "one", http=zone.format("$uri", "64k"))
    with bench.talk() as talk:
        assert talk.apply(old)["ok"]
        talk.do("commit")
    before, workers = host.tree(), host.workers()
    with bench.talk() as talk:
        assert talk.begin()["ok"]
        two = parcel(host, "two", http='log_format z \'{"a;": "$uri"}\'; ' + zone.format("\n '$host $uri'", 65536))
        refused = talk.stage(two)
    assert (refused["ok"], refused["code"]) == (False, "zone-kept")
    assert (
        'shop.conf:2: zone "shop_z" of 65536 bytes (limit_req_zone) is for $host $uri, and for $uri in'
        in refused["message"]
    )
    assert (host.tree(), host.workers()) == (before, workers)


def asleep(pid: int) -> bool:
    """proc(5): the state, after the name in parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("S")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)], ids=["TERM", "INT"]
)
def test_a_signal_while_it_waits_for_a_word_brings_the_old_release_back(bench: Bench, number: signal.Signals) -> None:
    host = bench.host
    one = parcel(host, "one")
    with bench.talk() as talk:
        assert talk.apply(one)["ok"]
        talk.do("commit")
    with bench.talk() as talk:
        assert talk.apply(parcel(host, "two"))["ok"]
        os.kill(talk.pid, signal.SIGHUP)  # a line that hangs up is no reason to go: the end of input is
        talk.do("beat")
        # A shell that a signal reaches just before it reads does not heed it until the next word, or the dead-man.
        poll(lambda: asleep(talk.pid), "it waits for a word")
        os.kill(talk.pid, number)
        assert talk.process.wait(10) == 0
    assert (host.live(), host.held(), host.open_transactions()) == (one.id, {one.id}, [])
    poll(host.settled, "its dead-man goes, too")


@pytest.mark.parametrize("deadman", [False, True], ids=["the next session", "the dead-man"])
def test_a_session_that_is_killed_in_trial_is_undone(bench: Bench, deadman: bool) -> None:
    host = bench.host
    one, two, three = parcel(host, "one"), parcel(host, "two"), parcel(host, "three")
    with bench.talk() as talk:
        assert talk.apply(one)["ok"]
        talk.do("commit")
    with bench.talk() as talk:
        assert talk.apply(two)["ok"]
        bench.serves("two")
        if deadman:
            talk.kill()
            poll(host.settled, "the dead-man brings the old release back", 8)
            bench.serves("one")
        else:
            host.kill_ours()
    with bench.talk() as after:
        state = after.begin()
        assert (state["live"], state["running"]) == (one.id, one.id)
        assert state["recovered"] == (None if deadman else f"{talk.txn}-1")
        assert after.stage(three)["ok"]
        assert after.trial(three.id, one.id, one.id)["ok"]
        after.do("commit")
    bench.serves("three")
    assert [line["result"] for line in host.journal()] == ["committed", "reverted", "committed"]


def test_a_session_that_nobody_talks_to_is_ended_and_undone(bench: Bench) -> None:
    host = bench.host
    one, two = parcel(host, "one"), parcel(host, "two")
    with bench.talk() as talk:
        assert talk.apply(one)["ok"]
        talk.do("commit")
    with bench.talk(deadman="1") as talk:
        assert talk.apply(two)["ok"]
        longer_than_its_patience = time.monotonic() + 2.5
        while time.monotonic() < longer_than_its_patience:
            talk.do("beat")
            time.sleep(0.3)
        assert host.held() == {two.id}
        with pytest.raises(EOFError):
            talk.line(10)
    poll(host.settled, "the dead-man brings the old release back", 8)
    assert (host.live(), host.held()) == (one.id, {one.id})
