"""Bad input to every verb, as the operator types it: the exit code, one message with a hint, and no host is changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from broken_hosts import NO_SUDO, SSHD, full, mounted, read_only
from cli_tools import Cli, files, traces

from nginxgen.demo import keys
from nginxgen.demo.lab import Lab

pytestmark = pytest.mark.xdist_group("bad input")  # one fleet for all of them: nothing may change it

CHANGES = (("apply", "-w", "20", "--yes"), ("apply", "SAVED", "--yes"))
WAYS_BACK = (("revert", "--yes"),)
LOOKS = (("plan", "-w", "20"), ("status",))


@dataclass(frozen=True)
class Bench:
    """A fleet that serves 10 %, a plan for 50 %, and how both are reached."""

    lab: Lab
    cli: Cli
    saved: Path

    def type(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        """The exit code, stdout and stderr."""
        argv = self.cli.argv(*(str(self.saved) if word == "SAVED" else word for word in words))
        done = self.cli.end(argv)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bad-input")
    with Lab.start(hosts=3, pools={"v1": 1, "v2": 1}, sshd_options=SSHD) as lab:
        cli = Cli(lab.write_inventory(folder / "fleet.yml"))
        cli("apply", "--yes")
        cli("apply", "-w", "10", "--yes")
        cli("plan", "-w", "50", "-o", str(folder / "plan.json"))
        yield Bench(lab, cli, folder / "plan.json")


def must_refuse(bench: Bench, words: tuple[str, ...], code: int, says: str) -> None:
    """What is typed ends so, with one message and its hint, and leaves every host as it is."""
    before = traces(bench.lab)
    ended, out, err = bench.type(words)
    lines = err.splitlines()
    assert ended == code, out + err
    assert [line for line in lines if line.startswith("error: ") and says in line], out + err
    assert sum(line.startswith("error: ") for line in lines) == 1, err
    assert sum(line.startswith("  hint: ") for line in lines) == 1, err
    assert "Traceback" not in err
    assert "Errno" not in err
    assert traces(bench.lab) == before


# ---- words


@pytest.mark.parametrize("verb", ["plan", "apply", "check", "render"])
@pytest.mark.parametrize("weight", ["-1", "101", "NaN", "0.1234567890", ""])
def test_a_weight_that_is_none(bench: Bench, verb: str, weight: str) -> None:
    must_refuse(bench, (verb, f"--weight={weight}", *(["--yes"] if verb == "apply" else [])), 2, "weight")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("apply", "-w", "20", "--yes", "--host", "edge-9"), 'no host "edge-9"'),
        (("apply", "-w", "20", "--yes", "-s", "shp"), '"shp"'),
        (("apply", "-w", "20", "--yes", "-r", "defalt"), '"defalt"'),
        (("apply", "nowhere.json", "--yes"), "does not exist"),
        (("apply", "/dev/null", "--yes"), "is not a file"),
        (("apply", "-w", "20"), "nobody is at the terminal"),
        (("apply", "-w", "20", "--yes", "--templates", "/nowhere"), "/nowhere"),
        (("apply", "SAVED", "-w", "20", "--yes"), "--weight does not go with a saved plan"),
        (("plan", "-o", "/nowhere/p.json"), "cannot write the plan"),
        (("revert", "--yes", "--to", "ffffffffffff"), "ffffffffffff"),
        (("emergency", "--host", "edge-9"), 'no host "edge-9"'),
        (("status", "--host", "edge-9"), 'no host "edge-9"'),
        (("history", "-n", "0"), 'expected a whole number from 1 to 10000, not "0"'),
        (("aply",), 'no verb "aply"'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_name_nothing(bench: Bench, words: tuple[str, ...], says: str) -> None:
    must_refuse(bench, words, 4 if words[0] == "revert" else 2, says)


@pytest.mark.parametrize("verb", ["plan", "apply", "revert", "emergency", "status", "history", "check", "render"])
@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_an_inventory_that_is_missing_or_empty(bench: Bench, tmp_path: Path, verb: str, content: str | None) -> None:
    path = tmp_path / "fleet.yml"
    if content is not None:
        path.write_text(content)
    other = Bench(bench.lab, Cli(path), bench.saved)
    before = traces(bench.lab)
    code, out, err = other.type((verb,))
    assert code == 2
    told = out + err  # findings are what check prints
    assert told.count("error: ") == 1, told
    assert str(path) in told
    assert "  hint: " in told
    assert traces(bench.lab) == before


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\x00", '{"kind": "nginxgen plan", "format": 99}'], ids=repr)
def test_a_saved_plan_that_is_none(bench: Bench, tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    must_refuse(bench, ("apply", str(path), "--yes"), 2, "plan")


# ---- hosts


@contextmanager
def sshd_down(bench: Bench) -> Iterator[None]:
    bench.lab.hosts[1].stop_sshd()
    yield
    bench.lab.hosts[1].start_sshd()


@contextmanager
def all_down(bench: Bench) -> Iterator[None]:
    for host in bench.lab.hosts:
        host.stop_sshd()
    yield
    for host in bench.lab.hosts:
        host.start_sshd()


@contextmanager
def nginx_stopped(bench: Bench) -> Iterator[None]:
    bench.lab.hosts[1].stop_nginx()
    yield
    bench.lab.hosts[1].start_nginx()


@contextmanager
def inventory_with(bench: Bench, old: str, new: str) -> Iterator[None]:
    text = bench.cli.inventory.read_text()
    bench.cli.rewrite(old, new)
    yield
    bench.cli.inventory.write_text(text)


@contextmanager
def wrong_key(bench: Bench) -> Iterator[None]:
    other = bench.cli.inventory.parent / "other"
    keys.make(other)
    with inventory_with(bench, str(bench.lab.layout.identity), str(other)):
        yield


@contextmanager
def known_hosts(bench: Bench, change: Callable[[list[str]], list[str]]) -> Iterator[None]:
    known = bench.cli.inventory.parent / "known_hosts"
    lines = bench.lab.layout.known_hosts.read_text().splitlines()
    known.write_text("".join(f"{line}\n" for line in change(lines)))
    with inventory_with(bench, str(bench.lab.layout.known_hosts), str(known)):
        yield


def changed_key(lines: list[str]) -> list[str]:
    """The second host has the key of the first."""
    return [lines[0], " ".join([lines[1].split()[0], *lines[0].split()[1:]]), *lines[2:]]


@contextmanager
def no_sudo(bench: Bench) -> Iterator[None]:
    with (
        inventory_with(bench, "  defaults:\n", "  defaults:\n    become: sudo\n"),
        mounted(bench.lab.hosts[1], NO_SUDO),
    ):
        yield


def storage(break_it: Callable[[Path], str], name: str) -> Callable[[Bench], AbstractContextManager[None]]:
    """One folder of the second host is on a file system that takes nothing; it must end as it began."""

    @contextmanager
    def broken(bench: Bench) -> Iterator[None]:
        host = bench.lab.hosts[1]
        folder: Path = host.conf_dir if name == "conf" else getattr(host.layout, f"{name}_dir")
        with mounted(host, break_it(folder)) as mounts:
            before = files(folder, mounts.seen(folder))
            yield
            assert files(folder, mounts.seen(folder)) == before

    return broken


@dataclass(frozen=True)
class Fault:
    """A way in which the fleet is not ready, what is said of it, and the verbs that can't do their work then."""

    breaks: Callable[[Bench], AbstractContextManager[None]]
    says: str
    verbs: tuple[tuple[str, ...], ...] = field(default=(*CHANGES, *WAYS_BACK))


NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
ALL = (*CHANGES, *WAYS_BACK, *LOOKS)
FAULTS = {
    "a host that can't be reached": Fault(sshd_down, "edge-2: cannot connect to", ALL),
    "no host can be reached": Fault(all_down, "edge-1, edge-2 and edge-3: cannot connect to", ALL),
    "nginx is not running": Fault(nginx_stopped, "edge-2: nginx is not running"),
    "a wrong key": Fault(wrong_key, "edge-1, edge-2 and edge-3: ", ALL),
    "a changed host key": Fault(lambda b: known_hosts(b, changed_key), "edge-2: the host key of", ALL),
    "an unknown host key": Fault(
        lambda b: known_hosts(b, lambda lines: [lines[0], lines[2]]), "edge-2: the host key of", ALL
    ),
    "no key file": Fault(
        lambda b: inventory_with(b, str(b.lab.layout.identity), "/nowhere/id"), "there is no key file /nowhere/id", ALL
    ),
    "no such nginx": Fault(
        lambda b: inventory_with(b, NGINX, "/nowhere/nginx"),
        "edge-1, edge-2 and edge-3: there is no nginx at /nowhere/nginx",
        (*CHANGES, *WAYS_BACK, ("plan",), ("status",)),
    ),
    "another nginx.conf": Fault(
        lambda b: inventory_with(b, f"{b.lab.hosts[1].conf_dir}/nginx.conf", f"{b.lab.hosts[1].conf_dir}/other.conf"),
        "edge-2: cannot read",
        (*CHANGES, *WAYS_BACK, ("plan",), ("status",)),
    ),
    "no sudo right": Fault(no_sudo, "edge-2: no sudo right", ALL),
    "a config folder that is read-only": Fault(storage(read_only, "conf"), "Read-only file system", CHANGES[1:]),
    "a state folder that is read-only": Fault(storage(read_only, "state"), "Read-only file system", WAYS_BACK),
    "a run folder that is read-only": Fault(storage(read_only, "run"), "Read-only file system", WAYS_BACK),
    "a log folder that is read-only": Fault(storage(read_only, "log"), "Read-only file system", CHANGES[:1]),
    "a config folder that is full": Fault(storage(full, "conf"), "No space left", CHANGES[:1]),
    "a state folder that is full": Fault(storage(full, "state"), "No space left", CHANGES),
    "a run folder that is full": Fault(storage(full, "run"), "cannot write on this host", WAYS_BACK),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fleet_that_is_not_ready_is_left_alone(bench: Bench, name: str) -> None:
    fault = FAULTS[name]
    with fault.breaks(bench):
        for words in fault.verbs:
            must_refuse(bench, words, 4, fault.says)
        code, out, _ = bench.type(("apply", "-w", "20", "--yes", "--json"))
        assert (code, json.loads(out)["outcome"]) == (4, "refused")
    code, out, _ = bench.type(("status", "--json"))
    assert (code, json.loads(out)["consistent"]) == (0, True), out


def test_emergency_names_the_host_that_it_could_not_reach(bench: Bench) -> None:
    """Whatever keeps it from a host, that host may still serve the canary: a human must see to it."""
    with wrong_key(bench):
        must_refuse(bench, ("emergency",), 6, "edge-1, edge-2 and edge-3: ")
