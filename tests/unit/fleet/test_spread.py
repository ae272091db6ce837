"""Hosts in the hands of threads, of worker processes, of a Dask cluster: a change ends alike."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

import distributed
import pytest
from dask_cluster import Cluster, part
from doubles import Doubles
from fleet_tools import NOTE, change, empty, release, some_host

from nginxgen import errors
from nginxgen.demo.processes import wait_for
from nginxgen.errors import Exit, HostRefused, InputError, NginxgenError, Refused
from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.fake import Fault, Kind
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.shards.calls import Answer, Call
from nginxgen.fleet.shards.line import Gone, Line
from nginxgen.fleet.spread import Spread, reach
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Host
from nginxgen.model.outcome import HostOutcome, Outcome
from nginxgen.model.progress import Phase
from nginxgen.model.state import HostState
from nginxgen.ports import HostSession

pytestmark = pytest.mark.xdist_group("dask")  # one cluster for all
HOSTS = tuple(some_host(f"edge-{number}") for number in range(1, 9))
SHORT = Patience(seconds=5, between=0.01)
NAMES = count()


@pytest.fixture(params=["threads", "processes", "dask"])
def spread(request: pytest.FixtureRequest) -> Spread:
    return _spread(request, request.param)


@pytest.fixture(params=["processes", "dask"])
def far(request: pytest.FixtureRequest) -> Spread:
    """Those with a process that can be lost."""
    return _spread(request, request.param)


def _spread(request: pytest.FixtureRequest, kind: str) -> Spread:
    if kind == "dask":
        return Spread(scheduler=request.getfixturevalue("cluster").whole())
    return Spread(workers=1 if kind == "threads" else 2)


def doubles(**given: object) -> Doubles:
    return Doubles(name=str(next(NAMES)), **given)  # type: ignore[arg-type]  # as the fields of Doubles


def sessions(spread: Spread, made: Doubles, hosts: Sequence[Host] = HOSTS) -> Sessions:
    return Sessions.open(hosts, reach=partial(reach, spread=spread, make=partial(_same, made)))


def _same(made: Doubles) -> Doubles:
    return made


def apply(opened: Sessions, label: str, health: object = None) -> Outcome:
    states = opened.observe()
    changes = [change(host, states[host.name], release(host, label)) for host in HOSTS if host.name in states]
    empties = {host.name: empty(host) for host in HOSTS}
    return carry_out(opened, changes, empties, NOTE, patience=SHORT, health=health)  # type: ignore[arg-type]


def hosts_of(outcome: Outcome) -> dict[str, HostOutcome]:
    return {result.host: result.outcome for result in outcome.hosts}


# ---- the same, whoever holds the connections

FAULTS = {
    "none": (),
    "connect": (("edge-3", Fault("connect", Kind.REFUSE)),),
    "stage": (("edge-3", Fault("stage", Kind.REFUSE)),),
    "trial": (("edge-8", Fault("trial", Kind.FAIL)),),
    "lost": (("edge-2", Fault("trial", Kind.LOSE_AFTER)), ("edge-7", Fault("commit", Kind.LOSE_BEFORE))),
    "stuck": (("edge-5", Fault("commit", Kind.NEEDS_HUMAN)),),
}
MORE = dict.fromkeys(("connect", "stage", "trial"), pytest.mark.full)


def story(spread: Spread, faults: tuple[tuple[str, Fault], ...]) -> tuple[object, ...]:
    """All that can be seen of a change: how it ended, in which words, and what the hosts have then."""
    with sessions(spread, doubles(faults=faults)) as opened:
        failed = {name: str(error) for name, error in opened.failed.items()}
        ended = apply(opened, "one")
        after = opened.observe()
        journals = opened.journal(5)
        return failed, ended.hosts, ended.exit, after, journals, set(ended.seconds)


@pytest.mark.parametrize("faults", [pytest.param(FAULTS[one], id=one, marks=MORE.get(one, ())) for one in FAULTS])
def test_a_change_ends_alike(spread: Spread, faults: tuple[tuple[str, Fault], ...]) -> None:
    assert story(spread, faults) == story(Spread(workers=1), faults)


def test_what_is_under_trial_is_taken_back_when_the_sessions_end(spread: Spread) -> None:
    made = doubles()
    with sessions(spread, made) as opened:
        states = opened.observe()

        def begun(session: HostSession) -> HostState:
            host = opened.hosts[session.name]
            one = release(host, "one")
            session.begin(NOTE)
            session.stage(one, empty(host))
            session.trial(one.id, change(host, states[host.name], one).expected)
            return session.observe()

        tried = opened.each(Phase.TRIAL, opened.names, begun)
        assert all(isinstance(state, HostState) and state.running for state in tried.values()), tried
        for name in opened.names:
            session = opened.reopen(name)
            assert session.observe().running is None
            assert session.begin(NOTE).live is None, "and its lock is free"


def test_health_requests_go_through_the_session(spread: Spread) -> None:
    said: list[bytes] = []

    def well(session: HostSession, host: Host) -> None:
        stream = session.dial("127.0.0.1", 80, threading.TIMEOUT_MAX / 2)
        stream.settimeout(1)
        stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
        said.append(stream.recv(12) + stream.recv(100))
        stream.close()

    with sessions(spread, doubles()) as opened:
        assert apply(opened, "one", well).exit is Exit.DONE
    assert said == [b"HTTP/1.1 200 OK\r\n\r\n"] * len(HOSTS)


# ---- a process that is lost


@pytest.mark.parametrize(
    "step", ["trial", *(pytest.param(step, marks=pytest.mark.full) for step in ("begin", "stage", "commit"))]
)
def test_a_lost_worker_loses_no_host(far: Spread, step: str) -> None:
    with sessions(far, doubles(kill=("edge-2", step))) as opened:
        ended = apply(opened, "one")
        serving = {state.running for state in opened.observe().values()}
        told = {name: str(error) for name, error in opened.failed.items()}
    told |= {result.host: result.message for result in ended.hosts}
    lost = {host: message for host, message in told.items() if "is gone" in message}
    assert {"edge-2"} <= set(lost) <= {"edge-1", "edge-2", "edge-3", "edge-4"}, "its half of the hosts, and no other"
    assert all("worker" in message for message in lost.values())
    assert serving <= {None, *(empty(host).id for host in HOSTS)}
    if step in {"begin", "stage"}:  # nothing was served yet
        assert ended.exit is Exit.REFUSED
        assert set(hosts_of(ended).values()) <= {HostOutcome.REFUSED, HostOutcome.UNTOUCHED}
    else:
        assert ended.exit is Exit.UNDONE
        assert set(hosts_of(ended).values()) == {HostOutcome.REVERTED}


def test_hosts_of_a_worker_that_dies_while_it_connects_go_to_the_others(far: Spread) -> None:
    with sessions(far, doubles(kill=("edge-2", "connect"))) as opened:
        assert opened.names == tuple(host.name for host in HOSTS)
        assert apply(opened, "one").exit is Exit.DONE


CONTROLLER = """
import multiprocessing, os, signal, sys
from functools import partial
from pathlib import Path
sys.path[:0] = sys.argv[3].split(":")
from doubles import Doubles
from fleet_tools import some_host
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.spread import Spread, reach

if __name__ == "__main__":
    make = partial(Doubles, "of-a-controller", told=Path(sys.argv[2]))
    where = Spread(workers=2) if sys.argv[1] == "processes" else Spread(scheduler=sys.argv[1])
    opened = Sessions.open([some_host("edge-1"), some_host("edge-2")], reach=partial(reach, spread=where, make=make))
    assert len(opened.names) == 2
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["processes", pytest.param("dask", marks=pytest.mark.full)])
def test_sessions_end_when_the_controller_is_killed(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = kind if kind == "processes" else request.getfixturevalue("cluster").whole()
    (tmp_path / "controller.py").write_text(CONTROLLER)
    path = ":".join(str(Path(__file__).parents[level]) for level in (0, 2))
    command = [sys.executable, str(tmp_path / "controller.py"), where, str(tmp_path / "told"), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr
    wait_for((tmp_path / "told").exists, "the shards have ended their sessions", seconds=40)


# ---- what can't be


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nginxgen.fleet.shards.cluster._KNOCK", 0.5)


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_that_is_not_there() -> None:
    with pytest.raises(Refused, match=r"cannot reach the Dask scheduler tcp://127.0.0.1:1\b") as refused:
        reach(HOSTS, Spread(scheduler="tcp://127.0.0.1:1"))
    assert "without --scheduler" in str(refused.value.hint).lower()


NO_SCHEDULERS = {
    "nonsense://x": "unknown address scheme 'nonsense'",
    "nonsense": "missing port number",
    "tcp://127.0.0.1": "missing port number",
    "tcp://127.0.0.1:99999": "Port out of range",
    "tcp://nowhere.invalid:8786": "cannot reach",
    "http://127.0.0.1:1": "cannot reach",
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("word", NO_SCHEDULERS)
def test_a_word_that_is_no_scheduler(word: str) -> None:
    with pytest.raises(Refused, match="cannot reach the Dask scheduler") as refused:
        reach(HOSTS, Spread(scheduler=word))
    assert NO_SCHEDULERS[word] in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.usefixtures("impatient")
def test_somebody_else_listens_there() -> None:
    """It takes the connection and says nothing; the command gives up, and its process can end."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Refused, match="no scheduler answers within"):
            reach(HOSTS, Spread(scheduler=where))
    begun = set(threading.enumerate()) - before
    assert not [thread for thread in begun if thread.name == "IO loop"], "no client was begun"


def test_a_worker_is_no_scheduler(cluster: Cluster) -> None:
    with distributed.Client(cluster.whole(), set_as_default=False) as client:
        worker = min(client.nthreads())
    with pytest.raises(Refused, match="that is a worker of Dask"):
        reach(HOSTS, Spread(scheduler=worker))


@pytest.mark.full
@pytest.mark.parametrize(("scheduler", "worker", "who"), [(["no"], [], "scheduler"), ([], ["no"], "worker")])
def test_a_process_of_the_cluster_without_nginxgen_is_named_and_lives_on(
    scheduler: list[str], worker: list[str], who: str
) -> None:
    with part("scheduler", *scheduler) as address, part("worker", address, *worker) as at:
        for _ in range(2):
            with pytest.raises(Refused, match=f"the Dask {who} .* has no nginxgen") as refused:
                reach(HOSTS, Spread(scheduler=address))
            assert "pip install" in str(refused.value.hint)
        with distributed.Client(address, set_as_default=False) as client:
            assert list(client.nthreads()) == [at], "what would have been sent to it had ended it"


@pytest.mark.full
def test_a_cluster_without_workers() -> None:
    with part("scheduler") as address, pytest.raises(Refused, match="has no workers") as refused:
        reach(HOSTS, Spread(scheduler=address))
    assert refused.value.hint == f"dask worker {address}"


@pytest.mark.full
@pytest.mark.usefixtures("impatient")
def test_a_worker_that_is_stopped_is_named() -> None:
    with part("scheduler") as address, part("worker", address) as at:
        with distributed.Client(address, set_as_default=False) as client:
            pid = client.run(os.getpid)[at]
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(Refused, match=f"the Dask worker {at} does not answer within"):
                reach(HOSTS, Spread(scheduler=address))
        finally:
            os.kill(pid, signal.SIGCONT)


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="needs Dask") as missing:
        reach(HOSTS, Spread(scheduler="tcp://127.0.0.1:1"))
    assert missing.value.hint == "pip install 'nginxgen[dask]'"


def test_another_version_there_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nginxgen.fleet.shards.muster.__version__", "0.0.7")
    with pytest.raises(Refused, match=r"is installed there, and 0\.0\.7 here"):
        reach(HOSTS, Spread(scheduler=cluster.whole()), make=partial(_same, doubles()))


# ---- what travels

EVERY = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, NginxgenError)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_errors_travel(kind: type[NginxgenError]) -> None:
    error = kind.__new__(kind)
    error.__dict__.update(message="m", hint="h", place=errors.Place("f", 3), host="edge-1", code="c", reason="m")
    error.args = ("m",)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.__dict__, again.args) == (error.__dict__, error.args)


class Deaf:
    """A remote that takes everything and says nothing until it is ended."""

    name = "nobody"

    def __init__(self) -> None:
        self.heard: list[Call] = []
        self.over = threading.Event()

    def send(self, calls: Sequence[Call]) -> None:
        self.heard += calls

    def receive(self) -> Sequence[Answer]:
        self.over.wait(10)
        raise EOFError

    def end(self) -> None:
        self.over.set()


def test_who_waits_for_a_shard_that_goes_is_told() -> None:
    remote, ended = Deaf(), []
    line = Line(remote)

    def ask() -> None:
        try:
            line.ask(1, "observe")
        except Gone:
            ended.append(True)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    wait_for(lambda: len(remote.heard) == 3, "three questions")
    line.close()
    for thread in asking:
        thread.join(10)
    assert ended == [True] * 3
    assert not line.alive
    with pytest.raises(Gone):
        line.ask(1, "observe")


def test_a_small_fleet_starts_no_process() -> None:
    assert type(reach(HOSTS)).__name__ == "Connections"


def test_an_error_of_a_host_keeps_its_kind(spread: Spread) -> None:
    with sessions(spread, doubles(faults=(("edge-1", Fault("observe", Kind.REFUSE)),))) as opened:
        opened.observe()
        error = opened.failed["edge-1"]
    assert isinstance(error, HostRefused)
    assert (error.host, error.code, error.message) == ("edge-1", "refused", "edge-1: observe is refused")
