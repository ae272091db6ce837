"""What a host is sent that it should not be: words out of order, half an archive, a hostile archive."""

from __future__ import annotations

import io
import os
import signal
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import host_driver
import pytest
from host_driver import BLOCK, Machine, Parcel, Stop, Talk, applied, archive, empty, padded, parcel, poll, with_sums

NOBODY = "00112233aabb"  # a release that is nowhere

NONSENSE = [
    "",
    " ",
    "nonsense",
    "OBSERVE",
    "observe it",
    "show",
    "show x",
    "show ../../etc",
    "show a b c",
    "journal x",
    "journal 1 2",
    "config /etc/shadow",
    "begin",
    "begin x",
    "begin {}",
    'begin {"a":1}',
    'begin {"a":"b"',
    'begin {"a":{"b":"c"}}',
    'begin {"a":"b","result":"c"d"}',
    'begin {"a":"\\x"}',
    'begin {"a":"é"}',
    'begin {"a":"\t"}',
    "trial",
    f"trial t {NOBODY} - -",
    f"trial t {NOBODY} -",
    "commit",
    "commit now",
    "abort now",
    "beat it",
    "bye bye",
    "stagecraft",
    "$(touch {folder}/owned)",
    "`touch {folder}/owned`",
    "; touch {folder}/owned",
    "* ? [a-z]",
    "\\",
    '"',
    "x" * 100_000,
]


def test_words_that_make_no_sense_are_answered_and_change_nothing(machine: Machine) -> None:
    before = machine.tree()
    with Talk(machine) as talk:
        for word in NONSENSE:
            answer = talk.ask(word.replace("{folder}", str(machine.layout.folder)))
            assert answer["ok"] is (word == "journal x"), (word, answer)
        assert talk.do("abort") == {"step": "abort", "ok": True}, "nothing is under way: that is no failure"
        assert talk.begin()["ok"], "and no word has left a lock"
        for word in NONSENSE:
            answer = talk.ask(word.replace("{folder}", str(machine.layout.folder)))
            assert answer["ok"] is (word == "journal x"), (word, answer)
        assert talk.begin()["code"] == "bad-order"
    assert not (machine.layout.folder / "owned").exists()
    assert machine.tree() == before
    with Talk(machine) as talk:
        assert talk.begin()["ok"]


def test_bytes_that_are_no_text(machine: Machine) -> None:
    with Talk(machine) as talk:
        for junk in (b"\0\1\2\3\n", b"\xff\xfe\n", bytes(range(32, 256)) + b"\n", b"\r\n"):
            talk.send(junk)
            assert talk.hear()["code"] == "bad-word"
        talk.do("observe")


@pytest.mark.parametrize(
    "word", ["stage", "stage 1", "stage x y a b c", "stage 99999999999999999999 1 a b c", "stage -1 1 a b c"]
)
def test_a_stage_whose_size_nobody_knows_ends_the_session(machine: Machine, word: str) -> None:
    """What follows cannot be told from words any more."""
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        talk.send(f"{word}\n".encode())
        assert talk.hear()["code"] == "bad-word"
        with pytest.raises(EOFError):
            talk.line()
    poll(machine.settled, "it ends")


def test_stage_at_the_wrong_time_is_read_and_refused(machine: Machine) -> None:
    """The archive behind it is no words."""
    one, two = parcel(machine, "one"), parcel(machine, "two")
    with Talk(machine) as talk:
        assert talk.stage(one)["code"] == "bad-order"
        assert talk.apply(one)["ok"]
        assert talk.stage(two)["code"] == "bad-order"
        assert talk.ask(f"trial other {two.id} - -")["code"] == "bad-order"
        talk.do("commit")
    assert machine.live() == one.id


@pytest.mark.parametrize("name", ["../../evil", "a/b", ".hidden", "-x", "é", "$(id)"])
def test_a_transaction_with_a_name_that_is_a_path(machine: Machine, name: str) -> None:
    one = parcel(machine, "one")
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.stage(one)["ok"]
        assert talk.ask(f"trial {name} {one.id} - -")["code"] == "bad-word"
        assert machine.open_transactions() == []


def test_trial_without_anything_live(machine: Machine) -> None:
    """A session was killed before the first link: a release is there, and nothing is live."""
    one, none = parcel(machine, "one"), empty(machine)
    with Talk(machine, stop=Stop("keep")) as talk:
        talk.send(talk.begin_word())
        assert talk.answer_or_stop()
        talk.send(talk.stage_word(one))
        talk.held()
        machine.kill_ours()
    assert (machine.home / "releases" / none.id).is_dir()
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.trial(none.id, None, None)["code"] == "bad-order"
    assert machine.live() is None
    applied(machine, one)
    poll(lambda: machine.says() == "one", "one is served")


# ---------------------------------------------------------------- half a conversation


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_input_that_ends_within_the_archive(machine: Machine, part: float) -> None:
    before = machine.tree()
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        word, _, body = talk.stage_word(parcel(machine, "one")).partition(b"\n")
        talk.send(word + b"\n" + body[: int(len(body) * part)])
        talk.hang_up()
        assert talk.process.wait(10) == 0
    poll(machine.settled, "it ends")
    assert machine.tree() == before


def test_a_session_that_is_killed_while_it_receives_leaves_no_lock(machine: Machine) -> None:
    """Its controller is there and sends no more: who reads for the session still waits."""
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        talk.send(talk.stage_word(parcel(machine, "one"))[:300])
        poll(lambda: len(machine.ours()) > 3, "somebody reads for it")
        talk.kill()
        with Talk(machine) as other:
            assert other.begin()["ok"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("name", "commits"),
    [("mark_log", False), ("reload", False), ("stays_up", False), ("finish", True), ("record", True)],
)
def test_a_signal_in_the_middle_of_a_step_waits_for_its_end(
    machine: Machine, name: str, commits: bool, number: signal.Signals
) -> None:
    one, two = parcel(machine, "one"), parcel(machine, "two")
    applied(machine, one)
    with Talk(machine, stop=Stop(name, after=False)) as talk:
        state = talk.begin()
        assert talk.stage(two)["ok"]
        talk.send(talk.trial_word(two.id, state["live"], state["running"]))
        if commits:
            assert talk.hear()["ok"]
            talk.send(b"commit\n")
        talk.held()
        os.kill(talk.pid, number)
        talk.go_on()
        assert talk.hear()["ok"], "the step is done"
        assert talk.process.wait(10) == 0
    end = two if commits else one
    assert (machine.live(), machine.held(), machine.open_transactions()) == (end.id, {end.id}, [])


def test_a_reader_that_is_gone_changes_no_decision(machine: Machine) -> None:
    """What is refused stays refused, also where nobody hears that: answers fail with EPIPE from here on."""
    one, two = parcel(machine, "one"), parcel(machine, "two")
    applied(machine, one)
    workers, before = machine.workers(), machine.tree()
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.process.stdout is not None
        talk.process.stdout.close()
        talk.send(talk.begin_word() + talk.stage_word(parcel(machine, "bad", server="nonsense;")))
        talk.send(talk.trial_word(NOBODY, one.id, one.id))
        talk.send(
            talk.stage_word(two)
            + talk.trial_word(two.id, None, None)
            + talk.trial_word(two.id, one.id, two.id)
            + b"commit\n"
        )
    assert talk.process.returncode == 0
    poll(machine.settled, "it ends")
    assert (machine.workers(), machine.tree(), machine.held()) == (workers, before, {one.id})
    assert [line["to"] for line in machine.journal()] == [one.id]


# ---------------------------------------------------------------- hostile archives


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz", format=tarfile.PAX_FORMAT) as out:
        for member, content in members:
            member.size = len(content) if member.isfile() else 0
            out.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o644
    return info


HOSTILE: dict[str, Callable[[Parcel, Path], bytes]] = {
    "a path that climbs": lambda one, _: tar((member(f"{one.id}/../../../evil.conf"), b"x")),
    "a path that climbs at once": lambda one, _: tar((member("../evil.conf"), b"x")),
    "an absolute path": lambda one, target: tar((member(f"{target}/evil.conf"), b"x")),
    "a file beside": lambda one, _: tar((member("evil.conf"), b"x")),
    "a folder in the release": lambda one, _: tar((member(f"{one.id}/sub/evil.conf"), b"x")),
    "a hidden file": lambda one, _: tar((member(f"{one.id}/.evil"), b"x")),
    "a symbolic link": lambda one, _: tar((member(f"{one.id}/evil", tarfile.SYMTYPE, "/etc/passwd"), b"")),
    "a link, and a file through it": lambda one, target: tar(
        (member(f"{one.id}/evil", tarfile.SYMTYPE, str(target)), b""), (member(f"{one.id}/evil/x"), b"x")
    ),
    "a hard link": lambda one, _: tar((member(f"{one.id}/evil", tarfile.LNKTYPE, "/etc/passwd"), b"")),
    "a hard link with a plain name": lambda one, _: tar(
        (member(f"{one.id}/evil", tarfile.LNKTYPE, f"{one.id}/x"), b"")
    ),
    "a device": lambda one, _: tar((member(f"{one.id}/evil", tarfile.CHRTYPE), b"")),
    "a pipe": lambda one, _: tar((member(f"{one.id}/evil", tarfile.FIFOTYPE), b"")),
    "a folder": lambda one, _: tar((member(f"{one.id}/evil", tarfile.DIRTYPE), b"")),
    "an end of line in a name": lambda one, _: tar((member(f"{one.id}/a\n-rw-r--r-- {one.id}/b"), b"x")),
    "a space in a name": lambda one, _: tar((member(f"{one.id}/a b"), b"x")),
    "an arrow in a name": lambda one, _: tar((member(f"{one.id}/a -> {one.id}/b"), b"x")),
    "no tar": lambda one, _: b"nonsense",
    "nothing": lambda one, _: b"",
    "a tar of nothing": lambda one, _: tar(),
    "another content": lambda one, _: archive([Parcel(one.id, {**one.files, "shop.conf": b"evil"})]),
    "no sums": lambda one, _: archive([Parcel(one.id, {"shop.conf": b"evil"})]),
    "a file without a sum": lambda one, _: archive([Parcel(one.id, {**one.files, "evil.conf": b"evil"})]),
    "half a tar": lambda one, _: archive([one])[:-100],
    "another release": lambda one, _: archive([Parcel("0" * 12, with_sums({"sentinel": b""}))]),
}


@pytest.mark.parametrize("tools", ["coreutils", "busybox"])
def test_hostile_archives_are_refused(machine: Machine, tools: str, tmp_path: Path) -> None:
    environ = {}
    if tools == "busybox":
        for tool in ("tar", "gzip", "grep", "sha256sum"):
            (tmp_path / tool).symlink_to("/usr/bin/busybox")
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    target = machine.layout.folder / "target"
    target.mkdir(exist_ok=True)
    one, before = parcel(machine, "one"), machine.tree()
    for name, make in HOSTILE.items():
        with Talk(machine, environ=environ) as talk:
            assert talk.begin()["ok"]
            packed = make(one, target)
            answer = talk.ask(f"stage {len(packed)} {len(padded(packed)) // BLOCK} {one.id} - -", padded(packed))
            assert (name, answer["ok"], answer["code"]) == (name, False, "bad-archive")
            assert machine.tree() == before
            talk.do("observe")
    assert list(target.iterdir()) == []


def test_what_an_archive_says_of_owners_and_modes_is_ignored(machine: Machine) -> None:
    one = parcel(machine, "one")
    members = []
    for part in (empty(machine), one):
        for name, content in part.files.items():
            info = member(f"{part.id}/{name}")
            info.mode, info.uid, info.gid, info.uname = 0o6777, 12345, 12345, "www-data"
            members.append((info, content))
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.stage(one, body=tar(*members))["ok"]
        for path in (machine.home / "releases" / one.id).iterdir():
            assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (0o644, os.geteuid())


# ---------------------------------------------------------------- the lock


@pytest.mark.parametrize("flock", [True, False])
def test_of_many_sessions_at_once_one_wins_and_the_others_are_told(
    machine: Machine, flock: bool, tmp_path: Path
) -> None:
    environ = {} if flock else {"PATH": str(host_driver.only_tools(tmp_path / "bin", [*host_driver.TOOLS, "setsid"]))}
    for _ in range(3):
        crowd = [Talk(machine, environ=environ) for _ in range(6)]
        for talk in crowd:
            talk.send(talk.begin_word())
        answers = [talk.hear() for talk in crowd]
        assert sum(answer["ok"] for answer in answers) <= 1
        assert flock <= any(answer["ok"] for answer in answers)
        assert {answer["code"] for answer in answers if not answer["ok"]} <= {"locked"}
        for talk in crowd:
            talk.close()
        poll(machine.settled, "all end")
    with Talk(machine, environ=environ) as talk:
        assert talk.begin()["ok"]


@pytest.mark.parametrize("flock", [True, False])
def test_the_dead_man_of_a_dead_session_does_not_disturb_the_next(
    machine: Machine, flock: bool, tmp_path: Path
) -> None:
    """Neither in time nor late: it is held asleep until the next session is in the middle of its trial."""
    environ = {} if flock else {"PATH": str(host_driver.only_tools(tmp_path / "bin", [*host_driver.TOOLS, "setsid"]))}
    one, two, three = (parcel(machine, says) for says in ("one", "two", "three"))
    applied(machine, one, environ=environ)
    with Talk(machine, environ=environ) as dead:
        assert dead.apply(two)["ok"]
        others = machine.ours() - {dead.pid}
        for pid in others:
            with suppress(ProcessLookupError):  # a sleep that has ended meanwhile
                os.kill(pid, signal.SIGSTOP)
        dead.kill()
    with Talk(machine, environ=environ, settings={"deadman": "60"}) as talk:
        state = talk.begin()
        assert state["recovered"] == f"{dead.txn}-1"
        assert talk.stage(three)["ok"]
        assert talk.trial(three.id, one.id, one.id)["ok"]
        for pid in others & machine.ours():
            os.kill(pid, signal.SIGCONT)
        poll(lambda: not others & machine.ours(), "the dead-man of the dead goes home", 30)
        assert (machine.held(), machine.live()) == ({three.id}, one.id)
        talk.do("commit")
    poll(lambda: machine.says() == "three", "three is served")


# ---------------------------------------------------------------- systemd


@pytest.mark.parametrize("works", [True, False])
def test_where_systemd_runs_the_dead_man_has_a_scope_of_its_own(works: bool, tmp_path: Path) -> None:
    with host_driver.machine() as host:
        host.stop()
        host.in_own_mounts()
        host.run("sh", "-c", "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system")
        host.start()
        shim = tmp_path / "systemd-run"
        end = 'shift 3; exec "$@"' if works else "exit 1"
        shim.write_text(f'#!/bin/sh\necho "$1 $2 $3" >{tmp_path}/called\n{end}\n')
        shim.chmod(0o755)
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        one = parcel(host, "one")
        applied(host, one, environ=environ)
        assert (tmp_path / "called").read_text() == "--quiet --scope --\n"
        with Talk(host, environ=environ) as talk:
            assert talk.apply(parcel(host, "two"))["ok"]
            poll(lambda: len(host.ours()) > 1, "the dead-man is there")
            talk.kill()
            poll(host.settled, "it brings the old release back", 8)
        assert (host.live(), host.held()) == (one.id, {one.id})
