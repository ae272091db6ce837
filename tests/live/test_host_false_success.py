"""What `nginx -t` and the status of a reload do not tell: each fault gets the right verdict, and the old config serves.

docs/host-protocol.md shows it as a table. Each fault meets a host that serves "one" and is asked to serve "two".
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import host_driver
import pytest
from host_driver import Machine, Parcel, Talk, applied, empty, parcel, poll

from nginxgen.demo import processes
from nginxgen.fleet.answers import error

# Seconds from the verdict until the old config serves: one, where processes do not wait in line for a processor.
SOON = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Traffic:
    """New connections all the time, as clients make them."""

    def __init__(self, host: Machine) -> None:
        self.answers: dict[str, int] = {}
        self._host = host
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._over.wait(0.005):
            answer = self._host.says()
            self.answers[answer] = self.answers.get(answer, 0) + 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def one(machine: Machine) -> Parcel:
    """The release that the host serves when the fault comes."""
    release = parcel(machine, "one")
    applied(machine, release)
    poll(lambda: machine.says() == "one", "one is served")
    return release


def attempt(
    host: Machine, release: Parcel, between: Callable[[str], None] = lambda _: None, **settings: str
) -> dict[str, Any]:
    """An apply, up to the first no. `between` is told what comes next: stage, trial, commit."""
    with Talk(host, settings=settings) as talk:
        between("begin")
        if not (state := talk.begin())["ok"]:
            return state
        between("stage")
        if not (staged := talk.stage(release))["ok"]:
            return staged
        between("trial")
        if not (tried := talk.trial(release.id, state["live"], state["running"]))["ok"]:
            return tried
        between("commit")
        return talk.ask("commit")


@contextmanager
def unharmed(
    host: Machine, old: Parcel, *, says: str = "one", within: float = SOON, lost: bool = False
) -> Iterator[None]:
    """Whatever happens inside: afterwards the tree is as it was, and the old config serves within `within` seconds.

    `lost`: clients may get no answer for a moment, because nginx itself was stopped.
    """
    before = host.tree()
    with Traffic(host) as traffic:
        yield
        poll(lambda: host.says() == says, f"{says!r} is served again", within)
        poll(lambda: host.held() == {old.id}, "nginx has the old release alone", within)
    assert host.tree() == before
    assert host.live() == old.id
    assert host.open_transactions() == []
    assert set(traffic.answers) <= {says, "two"} | ({""} if lost else set()), traffic.answers


@contextmanager
def untouched(host: Machine, old: Parcel) -> Iterator[None]:
    """It was refused before anything: besides, the master and its workers are the same processes."""
    before = host.master, host.workers()
    with unharmed(host, old):
        yield
    assert (host.master, host.workers()) == before


def the_next_apply_succeeds(host: Machine) -> None:
    applied(host, parcel(host, "three"))
    poll(lambda: host.says() == "three", "the next apply succeeds")


# ---------------------------------------------------------------- ports


@contextmanager
def held_port(host: Machine) -> Iterator[int]:
    with socket.create_server((host.layout.address, 18099)) as holder:
        yield holder.getsockname()[1]


LISTENS = {
    "on a line of its own": "\n    listen {address};",
    "behind other directives": " server_name a.test; listen {address} backlog=64; server_name b.test;",
    "behind a comment's mark in quotes": '\n    add_header X "a # b"; listen {address};',
}


@pytest.mark.parametrize("written", LISTENS)
def test_a_port_that_another_process_holds_is_named_before_anything_is_touched(
    machine: Machine, one: Parcel, written: str
) -> None:
    with held_port(machine) as port:
        address = f"{machine.layout.address}:{port}"
        server = f"server {{{LISTENS[written].format(address=address)} return 200; }}"
        with untouched(machine, one):
            verdict = attempt(machine, parcel(machine, "two", http=server))
        assert (verdict["step"], verdict["code"]) == ("stage", "port-held")
        own = Path("/proc/self/comm").read_text().strip()
        assert f"{address} is in use by {own} (pid {os.getpid()})" in verdict["message"]
    the_next_apply_succeeds(machine)


def test_what_only_looks_like_a_listen_is_no_reason_to_refuse(machine: Machine, one: Parcel) -> None:
    with held_port(machine) as port:
        words = f"listen {machine.layout.address}:{port};"
        lines = f"# {words}\n    add_header X \"; {words}\"; # {words}\n    add_header Y '{{ {words}';"
        assert attempt(machine, parcel(machine, "two", server=lines))["ok"]
    poll(lambda: machine.says() == "two", "two is served")


@pytest.mark.parametrize("log", ["file", "stderr"])
def test_a_port_that_is_taken_just_before_the_reload(machine: Machine, one: Parcel, log: str) -> None:
    """Also where nginx logs to a pipe, as in containers: then only its open files tell that it has given up."""
    if log == "stderr":
        rewrite(machine, f"error_log {machine.layout.log_dir}/error.log;", "error_log stderr;")
        machine.reload()
    with ExitStack() as stack, unharmed(machine, one, within=4 * SOON):
        verdict = attempt(
            machine,
            parcel(machine, "two", port=18099),
            lambda step: step == "trial" and stack.enter_context(held_port(machine)),
        )
        assert (verdict["step"], verdict["code"]) == ("trial", "trial-failed")
        if log == "file":
            assert "bind() to" in verdict["message"]
    the_next_apply_succeeds(machine)


def test_a_port_that_gets_free_while_nginx_tries_is_no_failure(machine: Machine, one: Parcel) -> None:
    with ExitStack() as stack:

        def between(step: str) -> None:
            if step == "trial":
                stack.enter_context(held_port(machine))
                threading.Timer(0.8, stack.close).start()

        two = parcel(machine, "two", port=18099)
        assert attempt(machine, two, between)["ok"]
    poll(lambda: machine.says(18099) == "two", "two is served")


# ---------------------------------------------------------------- what nginx keeps over a reload


@dataclass(frozen=True)
class Zone:
    """A zone as it runs, as it is asked for, and what the refusal must say of it."""

    before: str
    after: str
    said: str
    server: str = ""  # what uses it


REQUESTS = "limit_req zone=shop_z burst=1000 nodelay;"
ZONES = {
    "requests by another key": Zone(
        "limit_req_zone $binary_remote_addr zone=shop_z:64k rate=100r/s;",
        "limit_req_zone\n  $server_name rate=100r/s\n zone=shop_z:65536;",
        'shop.conf:3: zone "shop_z" of 65536 bytes (limit_req_zone) is for $server_name, and for $binary_remote_addr',
        REQUESTS,
    ),
    "connections by another key": Zone(
        "limit_conn_zone $binary_remote_addr zone=shop_z:64k;",
        "map $uri $z { default 1; } limit_conn_zone '$z $uri' zone=shop_z:64k;",
        'shop.conf:1: zone "shop_z" of 65536 bytes (limit_conn_zone) is for $z $uri, and for $binary_remote_addr in',
        "limit_conn shop_z 1000;",
    ),
    "a cache with another path": Zone(
        "proxy_cache_path {run}/cache-a keys_zone=shop_c:64k;",
        "proxy_cache_path {run}/cache-b/ keys_zone=shop_c:64k;",
        "is for {run}/cache-b, and for {run}/cache-a in",
    ),
    "a cache with other levels": Zone(
        "proxy_cache_path {run}/cache-a keys_zone=shop_c:64k;",
        "proxy_cache_path {run}/cache-a levels=1:2 keys_zone=shop_c:64k;",
        "is for {run}/cache-a levels=1:2, and for {run}/cache-a in",
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] * ("cache with other" in name)) for name in ZONES]
)
def test_a_zone_that_nginx_would_refuse_to_take_over_is_named_before_anything_is_touched(
    machine: Machine, name: str
) -> None:
    zone = ZONES[name]
    before, after, said = (
        text.replace("{run}", str(machine.layout.volatile)) for text in (zone.before, zone.after, zone.said)
    )
    old = parcel(machine, "one", http=before, server=zone.server)
    applied(machine, old)
    with untouched(machine, old):
        verdict = attempt(machine, parcel(machine, "two", http=after, server=zone.server))
        assert (verdict["step"], verdict["code"]) == ("stage", "zone-kept")
        assert said in verdict["message"]
        assert "another name or another size" in verdict["hint"]
    the_next_apply_succeeds(machine)  # without that zone
    with Talk(machine) as talk:  # and now there is a way to it
        state = talk.begin()
        two = parcel(machine, "two", http=after, server=zone.server)
        assert talk.stage(two)["ok"]
        assert talk.trial(two.id, state["live"], state["running"])["ok"]
        assert talk.ask("commit")["ok"]
        back = talk.trial(old.id, two.id, two.id)  # but none from there to what is only two steps back
        assert (back["step"], back["code"], machine.held()) == ("trial", "zone-kept", {two.id})


@pytest.mark.parametrize(
    "after",
    [
        "limit_req_zone $server_name zone=shop_z:128k rate=100r/s;",
        pytest.param("limit_req_zone $binary_remote_addr zone=shop_z:64k rate=1r/s;", marks=pytest.mark.full),
        'limit_req_zone "$binary_remote_addr" zone=shop_z:65536 rate=100r/s;',
        pytest.param("limit_conn_zone $server_name zone=shop_z:64k;", marks=pytest.mark.full),
        "# limit_req_zone $server_name zone=shop_z:64k rate=100r/s;",
    ],
    ids=["another size", "another rate", "another spelling", "another kind", "a comment"],
)
def test_a_zone_that_nginx_takes_over_or_makes_anew_is_no_reason_to_refuse(machine: Machine, after: str) -> None:
    applied(machine, parcel(machine, "one", http="limit_req_zone $binary_remote_addr zone=shop_z:64k rate=100r/s;"))
    assert attempt(machine, parcel(machine, "two", http=after))["ok"]
    poll(lambda: machine.says() == "two", "two is served")


@pytest.mark.parametrize("log", ["file", pytest.param("stderr", marks=pytest.mark.full)])
def test_a_zone_that_only_nginx_understands_is_found_by_the_trial(machine: Machine, log: str) -> None:
    if log == "stderr":
        rewrite(machine, f"error_log {machine.layout.log_dir}/error.log;", "error_log stderr;")
        machine.reload()
    zone = ZONES["requests by another key"]
    old = parcel(machine, "one", http=zone.before, server=REQUESTS)
    applied(machine, old)
    with unharmed(machine, old):
        hidden = 'limit_req_zone $server_name "zone=shop_z:64k" rate=100r/s;'
        verdict = attempt(machine, parcel(machine, "two", http=hidden, server=REQUESTS), patience="2")
        assert (verdict["step"], verdict["code"]) == ("trial", "trial-failed")
        assert 'limit_req "shop_z" uses' in verdict["message"] or log == "stderr"
    the_next_apply_succeeds(machine)


# ---------------------------------------------------------------- old workers that pile up


def test_old_workers_that_leave_no_room_for_new_ones(disks: Machine) -> None:
    """Connections that clients keep hold old workers; the next set of workers needs as much memory as this one."""
    disks.start()
    limit = "limit_rate 1k;"
    one = parcel(disks, "one", server=limit + " location = /slow { alias /proc/self/exe; }")
    applied(disks, one)
    with socket.create_connection((disks.layout.address, disks.layout.web_port)) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert client.recv(1)
        assert disks.master is not None
        os.kill(disks.master, signal.SIGHUP)
        poll(
            lambda: len(disks.workers()) == 2 and len(processes.children(disks.master or 0)) == 3,
            "one old worker stays",
        )
        memory = disks.layout.folder / "meminfo"
        memory.write_text("MemTotal: 65536 kB\nMemAvailable: 7 kB\n")
        disks.run("mount", "--bind", str(memory), "/proc/meminfo")
        with untouched(disks, one):
            verdict = attempt(disks, parcel(disks, "two"))
        assert (verdict["step"], verdict["code"]) == ("stage", "old-workers")
        assert "1 old workers still serve clients, and with 7 kB of memory left" in verdict["message"]
        disks.run("umount", "/proc/meminfo")
    the_next_apply_succeeds(disks)


# ---------------------------------------------------------------- the host's own config, changed behind our back


def rewrite(host: Machine, old: str, new: str) -> None:
    text = host.layout.conf.read_text()
    assert old in text
    host.layout.conf.write_text(text.replace(old, new))


def seconds_after_the_start(host: Machine) -> None:
    """Changes are seen by the second: wait until the workers are older than that."""
    started = max(Path(f"/proc/{worker}").stat().st_ctime for worker in host.workers())
    poll(lambda: time.time() - started > 3, "three seconds pass")


def test_workers_that_could_not_start_are_never_asked_to(machine: Machine, one: Parcel) -> None:
    seconds_after_the_start(machine)
    rewrite(machine, "worker_connections 768", "worker_connections 2000000000")
    poll(lambda: time.time() - machine.layout.conf.stat().st_ctime > 1, "a second passes")
    with untouched(machine, one):
        verdict = attempt(machine, parcel(machine, "two"))
    assert verdict["code"] == "unloaded-changes"
    assert str(machine.layout.conf) in verdict["message"]
    rewrite(machine, "worker_connections 2000000000", "worker_connections 769")
    machine.reload()
    the_next_apply_succeeds(machine)


def test_workers_that_cannot_start_and_no_way_back_is_said_loudly(machine: Machine, one: Parcel) -> None:
    """Somebody breaks the config in the moment between test and reload: nothing that is ours can bring workers back."""

    def sabotage(step: str) -> None:
        if step == "trial":
            rewrite(machine, "worker_connections 768", "worker_connections 2000000000")

    started = time.monotonic()
    verdict = attempt(machine, parcel(machine, "two"), sabotage)
    assert time.monotonic() - started < 8
    assert (verdict["code"], machine.live()) == ("needs-human", one.id)
    assert "workers cannot start" in verdict["message"]
    rewrite(machine, "worker_connections 2000000000", "worker_connections 768")
    with Talk(machine) as talk:  # and the next session finishes the work, as soon as that is possible
        state = talk.begin()
        assert state["ok"], state
        assert (state["live"], state["running"]) == (one.id, one.id)
    poll(lambda: machine.says() == "one", "one is served", SOON)
    the_next_apply_succeeds(machine)


@pytest.mark.parametrize("first", [True, False], ids=["first apply", "later"])
def test_a_loader_that_nobody_includes(machine: Machine, first: bool) -> None:
    old = empty(machine)
    if not first:
        old = parcel(machine, "one")
        applied(machine, old)
    rewrite(machine, f"include {machine.layout.conf_dir}/conf.d/*.conf;", "")
    machine.reload()
    before = machine.tree()
    verdict = attempt(machine, parcel(machine, "two"))
    assert (verdict["code"], machine.tree()) == ("not-included", before)
    assert f"include {machine.layout.conf_dir}/conf.d/*.conf" in verdict["hint"]


def test_a_config_that_was_broken_before_us_is_not_our_fault(machine: Machine) -> None:
    (machine.layout.conf_dir / "conf.d/other.conf").write_text("nonsense;\n")
    before = machine.tree()
    verdict = attempt(machine, parcel(machine, "two"))
    assert (verdict["code"], machine.tree()) == ("rejected", before)
    assert "broken before any change" in verdict["message"]


# ---------------------------------------------------------------- the wrong nginx, or none


def test_nginx_is_stopped(machine: Machine, one: Parcel) -> None:
    machine.stop()
    before = machine.tree()
    verdict = attempt(machine, parcel(machine, "two"))
    assert (verdict["code"], machine.tree()) == ("not-running", before)
    machine.start()
    poll(lambda: machine.says() == "one", "one is served", SOON)
    the_next_apply_succeeds(machine)


@pytest.mark.parametrize(
    "content", [None, "", "1\n", "999999999\n", "junk"], ids=["missing", "empty", "another", "gone", "junk"]
)
def test_a_pid_file_that_does_not_lead_to_nginx(machine: Machine, one: Parcel, content: str | None) -> None:
    pid_file, right = machine.layout.pid_file, machine.layout.pid_file.read_text()
    master = int(right)
    pid_file.unlink() if content is None else pid_file.write_text(content)
    before = machine.tree()
    verdict = attempt(machine, parcel(machine, "two"))
    assert (verdict["code"], machine.tree()) == ("no-pid-file", before)
    assert f"nginx runs as pid {master}" in verdict["message"]
    with Talk(machine) as talk:
        seen = talk.do("observe")
        assert (seen["running"], [code for code, _ in seen["drift"]]) == (one.id, ["no-pid-file"])
    pid_file.write_text(right)
    assert machine.says() == "one"
    the_next_apply_succeeds(machine)


def test_the_binary_on_disk_is_not_the_one_that_runs() -> None:
    with host_driver.machine() as host:
        real = host.binary
        host.stop()
        host.binary = str(host.layout.folder / "nginx")
        shutil.copy(real, host.binary)
        host.start()
        one = parcel(host, "one")
        applied(host, one)
        newer = host.layout.folder / "nginx.new"
        shutil.copy(real, newer)
        newer.rename(host.binary)
        with untouched(host, one):
            verdict = attempt(host, parcel(host, "two"))
        assert verdict["code"] == "binary-replaced"
        with Talk(host) as talk:
            assert [code for code, _ in talk.do("observe")["drift"]] == ["binary-replaced"]
            # the way back is open all the same: what it leads to was tested by the nginx that runs
            state = talk.begin("revert")
            assert talk.trial(state["previous"], one.id, one.id)["ok"]
            talk.do("abort")
        host.stop()
        host.start()
        the_next_apply_succeeds(host)


# ---------------------------------------------------------------- somebody else at work


def test_somebody_reloads_nginx_in_mid_trial(machine: Machine, one: Parcel) -> None:
    with unharmed(machine, one):
        verdict = attempt(machine, parcel(machine, "two"), lambda step: step == "commit" and machine.reload())
        assert (verdict["step"], verdict["code"]) == ("commit", "superseded")
    the_next_apply_succeeds(machine)


def test_somebody_moves_the_live_link_in_mid_trial(machine: Machine, one: Parcel) -> None:
    def sabotage(step: str) -> None:
        if step == "commit":
            (machine.home / "live").unlink()
            (machine.home / "live").symlink_to(f"releases/{two.id}")

    two = parcel(machine, "two")
    with unharmed(machine, one):
        assert attempt(machine, two, sabotage)["code"] == "superseded"
    the_next_apply_succeeds(machine)


def test_somebody_else_has_changed_the_host_since_the_plan(machine: Machine, one: Parcel) -> None:
    with unharmed(machine, one), Talk(machine) as talk:
        assert talk.begin()["ok"]
        two = parcel(machine, "two")
        assert talk.stage(two)["ok"]
        for live, running in ((None, None), (two.id, one.id), (one.id, two.id)):
            assert talk.trial(two.id, live, running)["code"] == "moved"


# ---------------------------------------------------------------- a name server that hangs


class NameServer:
    """Answers every question with 127.0.0.1, as soon as `answers` returns; never, where that is None."""

    def __init__(self, address: str) -> None:
        self.answers: Callable[[], object] | None = bool
        self._over = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                question, client = self._socket.recvfrom(512)
                if self.answers is not None:
                    threading.Thread(target=self._answer, args=(self.answers, question, client), daemon=True).start()

    def _answer(self, when: Callable[[], object], question: bytes, client: Any) -> None:
        """RFC 1035: one A record that points to the question's name; to another question (AAAA) the answer is empty."""
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if question[-4:-2] == b"\0\1" else b""
        counts = b"\0\1\0\1\0\0\0\0" if record else b"\0\1\0\0\0\0\0\0"
        when()
        with suppress(OSError):  # it was closed meanwhile
            self._socket.sendto(question[:2] + b"\x81\x80" + counts + question[12:] + record, client)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def named() -> Iterator[tuple[Machine, NameServer]]:
    """A host of its own whose name server is ours."""
    with host_driver.machine() as host:
        host.stop()
        host.in_own_mounts()
        server = NameServer(host.layout.address)
        resolv = host.layout.folder / "resolv.conf"
        resolv.write_text(f"nameserver {host.layout.address}\noptions timeout:5 attempts:1\n")
        host.run("mount", "--bind", str(resolv), str(Path("/etc/resolv.conf").resolve()))
        host.start()
        try:
            yield host, server
        finally:
            server.close()


UPSTREAM = "upstream shop_up { server backend.test:80; }"


def test_a_name_that_does_not_resolve_in_time_is_found_by_the_test(named: tuple[Machine, NameServer]) -> None:
    host, server = named
    one = parcel(host, "one")
    applied(host, one)
    server.answers = None
    with unharmed(host, one):
        verdict = attempt(host, parcel(host, "two", http=UPSTREAM), test_limit="1")
        assert verdict["code"] == "rejected"
        assert "did not end within 1 s" in verdict["message"]


def test_a_session_that_is_killed_while_nginx_tests_leaves_no_lock(named: tuple[Machine, NameServer]) -> None:
    """The nginx that hangs lives on; it must not have the lock."""
    host, server = named
    applied(host, parcel(host, "one"))
    server.answers = None
    with Talk(host) as talk:
        assert talk.begin()["ok"]
        talk.send(talk.stage_word(parcel(host, "two", http=UPSTREAM)))
        poll(lambda: any("-T" in words(pid) for pid in host.ours()), "nginx hangs")
        talk.kill()
        with Talk(host) as other:
            assert other.begin()["ok"]


def words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except FileNotFoundError:
        return []


@pytest.mark.parametrize("late", [False, True], ids=["never answers", "answers after we have given up"])
def test_a_name_server_that_hangs_when_nginx_reloads(named: tuple[Machine, NameServer], late: bool) -> None:
    """nginx is deaf while it waits, and may take the new release long after we have given up: it gets a second HUP."""
    host, server = named
    one = parcel(host, "one")
    applied(host, one)

    def given_up() -> None:
        """The host is at work on the way back."""
        poll(lambda: any(name.endswith(".undo") for name in host.open_transactions()), "the host gives up")

    def between(step: str) -> None:
        if step == "trial":
            server.answers = given_up if late else None

    with unharmed(host, one):
        verdict = attempt(host, parcel(host, "two", http=UPSTREAM), between, patience="1")
        assert (verdict["step"], verdict["code"]) == ("trial", "trial-failed")
    with Talk(host) as talk:
        assert talk.do("observe")["drift"] == []
    server.answers = bool
    the_next_apply_succeeds(host)


# ---------------------------------------------------------------- the disk

FOLDERS = {
    "conf": lambda host: host.layout.conf_dir,
    "state": lambda host: host.layout.state_dir,
    "run": lambda host: host.layout.run_dir,
    "log": lambda host: host.layout.log_dir,
}
SHORT = {
    ("conf", "stage"),
    ("conf", "commit"),
    ("state", "trial"),
    ("state", "commit"),
    ("run", "begin"),
    ("log", "stage"),
}


@pytest.fixture
def disks() -> Iterator[Machine]:
    """A host of its own that can have mounts of its own."""
    with host_driver.machine() as host:
        host.stop()
        host.in_own_mounts()
        yield host


@pytest.mark.parametrize(
    ("folder", "step"),
    [
        pytest.param(folder, step, marks=[pytest.mark.full] * ((folder, step) not in SHORT))
        for folder in FOLDERS
        for step in ("begin", "stage", "trial", "commit")
    ],
)
def test_a_disk_that_is_full(disks: Machine, folder: str, step: str) -> None:
    path = FOLDERS[folder](disks)
    disks.mount(path)
    disks.start()
    one, two = parcel(disks, "one"), parcel(disks, "two")
    applied(disks, one)

    def between(now: str) -> None:
        if now == step:
            disks.fill(path)

    verdict = {}
    with Traffic(disks) as traffic:
        before = disks.tree()
        verdict = attempt(disks, two, between)
        end, says = (two, "two") if verdict["ok"] else (one, "one")
        poll(lambda: disks.says() == says, f"{says} is served", SOON)
        poll(lambda: disks.held() == {end.id}, f"nginx has {says} alone", SOON)
        assert disks.live() == end.id
        assert disks.open_transactions() == []
    disks.unfill(path)
    assert set(traffic.answers) <= {"one", "two"}
    if not verdict["ok"]:
        assert verdict["code"] in {"cannot-write", "rejected", "trial-failed"}, verdict
        assert "No space left" in verdict["message"] or "full?" in verdict["message"], verdict
        assert {name: what for name, what in disks.tree().items() if "full" not in name} == before
    the_next_apply_succeeds(disks)


@pytest.mark.parametrize("folder", ["conf", "state", "run", pytest.param("log", marks=pytest.mark.full)])
def test_a_tree_that_is_read_only(disks: Machine, folder: str) -> None:
    path = str(FOLDERS[folder](disks))
    disks.start()
    one = parcel(disks, "one")
    applied(disks, one)
    disks.run("mount", "--bind", path, path)
    disks.run("mount", "-o", "remount,bind,ro", path)
    with unharmed(disks, one):
        verdict = attempt(disks, parcel(disks, "two"))
        assert not verdict["ok"]
        assert "Read-only file system" in verdict["message"], verdict
    disks.run("umount", path)
    the_next_apply_succeeds(disks)


# ---------------------------------------------------------------- the docs show this matrix

SHOWN: dict[str, tuple[Callable[..., object], ...]] = {
    "a port that another process holds": (test_a_port_that_another_process_holds_is_named_before_anything_is_touched,),
    "the same, taken just before the reload": (test_a_port_that_is_taken_just_before_the_reload,),
    "a zone with another key, a cache with another path": (
        test_a_zone_that_nginx_would_refuse_to_take_over_is_named_before_anything_is_touched,
    ),
    "the same, written so that only nginx understands it": (
        test_a_zone_that_only_nginx_understands_is_found_by_the_trial,
    ),
    "old workers that leave no memory for new ones": (test_old_workers_that_leave_no_room_for_new_ones,),
    "workers that could not start (the host's config was changed and not loaded)": (
        test_workers_that_could_not_start_are_never_asked_to,
    ),
    "the same, changed between test and reload": (test_workers_that_cannot_start_and_no_way_back_is_said_loudly,),
    "the loader is not included": (test_a_loader_that_nobody_includes,),
    "the config was broken before us": (test_a_config_that_was_broken_before_us_is_not_our_fault,),
    "nginx is stopped": (test_nginx_is_stopped,),
    "the pid file is missing, empty or wrong": (test_a_pid_file_that_does_not_lead_to_nginx,),
    "another binary on disk than in memory, or an upgrade under way": (
        test_the_binary_on_disk_is_not_the_one_that_runs,
    ),
    "somebody reloads nginx, or moves `live`, in mid-trial": (
        test_somebody_reloads_nginx_in_mid_trial,
        test_somebody_moves_the_live_link_in_mid_trial,
    ),
    "a name server that hangs in the test": (test_a_name_that_does_not_resolve_in_time_is_found_by_the_test,),
    "a name server that hangs in the reload": (test_a_name_server_that_hangs_when_nginx_reloads,),
    "a full disk: conf, state, run or log dir, at each step": (test_a_disk_that_is_full,),
    "a read-only conf, state, run or log dir": (test_a_tree_that_is_read_only,),
}


def test_the_docs_show_this_matrix() -> None:
    """Each fault has its tests, and they ask for the codes that stand in its row."""
    page = (Path(__file__).parents[2] / "docs/host-protocol.md").read_text()
    table = page.partition("\n## False success\n")[2].partition("\nRerun it")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| .+? \|$", table, flags=re.MULTILINE)[1:]
    assert [row[0] for row in rows] == list(SHOWN)
    for fault, verdict, exits in rows:
        tested = "".join(inspect.getsource(test) for test in SHOWN[fault])
        codes = re.findall(r"`([a-z-]+)`", verdict)
        assert [code for code in codes if f'"{code}"' not in tested] == [], fault
        meant = {error("edge-1", {"ok": False, "code": code, "message": ""}).exit for code in codes if code != "live"}
        assert not meant or meant == {int(word) for word in exits.split(", ")}, fault


@pytest.mark.parametrize("when", ["stage", "trial", "commit"])
def test_where_complaints_cannot_be_written_down_both_ways_are_open(machine: Machine, one: Parcel, when: str) -> None:
    said = machine.layout.run_dir / "said"

    def between(step: str) -> None:
        if step == when:
            said.unlink(missing_ok=True)
            said.mkdir()

    with unharmed(machine, one), Talk(machine) as talk:
        state, two = talk.begin(), parcel(machine, "two")
        between("stage")
        assert talk.stage(two)["ok"]
        between("trial")
        assert talk.trial(two.id, state["live"], state["running"])["ok"]
        between("commit")
        assert talk.ask("abort")["ok"]
        assert talk.stage(parcel(machine, "bad", http="nonsense;"))["code"] == "rejected"
    the_next_apply_succeeds(machine)
