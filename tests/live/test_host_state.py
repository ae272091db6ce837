"""What a host says of itself, and how it is put right: drift, edits, journal, old releases, first applies, reboots."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import host_driver
import pytest
from host_driver import Machine, Parcel, Stop, Talk, applied, empty, parcel, poll

from nginxgen.demo import processes


@pytest.fixture
def one(machine: Machine) -> Parcel:
    release = parcel(machine, "one")
    applied(machine, release)
    poll(lambda: machine.says() == "one", "one is served")
    return release


def drift(host: Machine) -> dict[str, str]:
    with Talk(host) as talk:
        return dict(talk.do("observe")["drift"])


# ---------------------------------------------------------------- drift

Spoil = Callable[[Machine, Parcel], None]


def _edit(host: Machine, one: Parcel) -> None:
    (host.home / "releases" / one.id / "shop.conf").write_text("# by hand\n")


def _add(host: Machine, one: Parcel) -> None:
    (host.home / "releases" / one.id / "extra.conf").write_text("# by hand\n")


def _remove(host: Machine, one: Parcel) -> None:
    (host.home / "releases" / one.id / "shop.conf").unlink()


def _sums(host: Machine, one: Parcel) -> None:
    (host.home / "releases" / one.id / "SHA256SUMS").write_text("")


def _no_loader(host: Machine, _: Parcel) -> None:
    host.loader.unlink()


def _loader(host: Machine, _: Parcel) -> None:
    host.loader.write_text(host.loader.read_text() + "# by hand\n")


def _short_loader(host: Machine, _: Parcel) -> None:
    host.loader.write_text("")


MENDABLE: dict[str, tuple[Spoil, str, str]] = {
    "a file was edited": (_edit, "edited", "shop.conf"),
    "a file was added": (_add, "edited", "extra.conf"),
    "a file was removed": (_remove, "edited", "shop.conf"),
    "the sums are gone": (_sums, "edited", "SHA256SUMS"),
    "the loader is gone": (_no_loader, "loader-missing", "00-nginxgen.conf"),
    "the loader was edited": (_loader, "loader-edited", "00-nginxgen.conf"),
    "the loader is empty": (_short_loader, "loader-edited", "00-nginxgen.conf"),
}


@pytest.mark.parametrize("spoil", MENDABLE)
def test_drift_is_named_and_the_same_release_again_mends_it(machine: Machine, one: Parcel, spoil: str) -> None:
    pristine = machine.tree()
    with Talk(machine) as talk:
        previous = talk.do("observe")["previous"]
    act, code, where = MENDABLE[spoil]
    act(machine, one)
    spoilt = machine.tree()
    said = drift(machine)
    assert list(said) == [code]
    assert where in said[code]

    with Talk(machine) as talk:  # an apply that is refused, or taken back, leaves also this as it was
        assert talk.begin()["ok"]
        assert talk.stage(parcel(machine, "bad", server="nonsense;"))["code"] == "rejected"
        assert machine.tree() == spoilt

    workers = machine.workers()
    applied(machine, one)
    assert machine.tree() == pristine
    assert not set(workers) & set(machine.workers()), "new workers are the proof: the release has the same name"
    with Talk(machine) as talk:
        after = talk.do("observe")
    assert (after["live"], after["running"], after["previous"], after["drift"]) == (one.id, one.id, previous, [])
    if code != "loader-missing":
        kept = (machine.layout.state_dir / "edited").rglob("*")
        assert any(path.is_file() for path in kept), "what somebody has written is not thrown away"


def test_a_release_that_is_refused_does_not_mend_an_edit_either(machine: Machine, one: Parcel) -> None:
    """The same release, whose test fails for another reason."""
    _edit(machine, one)
    (machine.layout.conf_dir / "conf.d/other.conf").write_text("nonsense;\n")
    spoilt = machine.tree()
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.stage(one)["code"] == "rejected"
    assert machine.tree() == spoilt


def test_a_release_that_was_edited_is_not_gone_back_to(machine: Machine, one: Parcel) -> None:
    two = parcel(machine, "two")
    applied(machine, two)
    _edit(machine, one)
    with Talk(machine) as talk:
        assert talk.begin("revert")["ok"]
        refused = talk.trial(one.id, two.id, two.id)
    assert refused["code"] == "edited"
    assert "shop.conf" in refused["message"]


def test_nginx_runs_another_release_than_a_boot_would_serve(machine: Machine, one: Parcel) -> None:
    two = parcel(machine, "two")
    applied(machine, two)
    (machine.home / "live").unlink()
    (machine.home / "live").symlink_to(f"releases/{one.id}")
    assert f"nginx runs {two.id}, a boot would serve {one.id}" in drift(machine)["not-running-live"]
    with Talk(machine) as talk:  # and the live release again brings memory in line
        assert talk.begin()["ok"]
        assert talk.trial(one.id, one.id, two.id)["ok"]
        talk.do("commit")
    poll(lambda: machine.says() == "one", "one is served")
    assert drift(machine) == {}


def test_nginx_is_stopped(machine: Machine, one: Parcel) -> None:
    machine.stop()
    with Talk(machine) as talk:
        seen = talk.do("observe")
    assert (seen["live"], seen["running"], seen["master"], seen["workers"]) == (one.id, None, None, [])
    assert set(dict(seen["drift"])) == {"nginx-stopped"}


@pytest.mark.parametrize("moved", [False, True], ids=["removed", "renamed"])
def test_the_binary_was_replaced(moved: bool) -> None:
    """dpkg renames the new one over the old; others move the old one aside, and /proc still leads to a file."""
    with host_driver.machine() as host:
        real = host.binary
        host.stop()
        host.binary = str(host.layout.folder / "nginx")
        shutil.copy(real, host.binary)
        host.start()
        if moved:
            Path(host.binary).rename(f"{host.binary}.old")
        else:
            Path(host.binary).unlink()
        shutil.copy(real, host.binary)
        assert set(drift(host)) == {"binary-replaced"}


def test_an_nginx_that_is_started_by_a_wrapper_was_not_replaced(tmp_path: Path) -> None:
    with host_driver.machine() as host:
        wrapper = tmp_path / "nginx"
        wrapper.write_text(f'#!/bin/sh\nexec {host.binary} "$@"\n')
        wrapper.chmod(0o755)
        host.binary = str(wrapper)
        assert drift(host) == {}
        applied(host, parcel(host, "one"))


def test_another_nginx_with_another_config_is_not_ours(machine: Machine) -> None:
    """Two on one machine, and the inventory names the config of a third."""
    with host_driver.machine() as other:
        machine.layout.pid_file.write_text(str(other.master))
        with Talk(machine) as talk:
            refused = talk.ask("observe")
        assert refused["code"] == "other-conf"
        assert str(other.layout.conf) in refused["message"]
        assert str(machine.layout.conf) in refused["message"]


def test_a_log_that_was_removed_is_still_the_proof(machine: Machine, one: Parcel) -> None:
    """Two nginx may share one log folder, and prune for each other; logrotate may be told to delete what is empty."""
    (machine.layout.log_dir / f"gen-{one.id}.log").unlink()
    assert drift(machine) == {}
    two = parcel(machine, "two")
    applied(machine, two)
    for log in machine.layout.log_dir.glob("gen-*"):
        log.unlink()
    assert drift(machine) == {}
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.trial(one.id, two.id, two.id)["ok"]
        talk.do("commit")
    assert machine.held() == {one.id}


def test_a_log_folder_that_is_not_there_is_named(machine: Machine) -> None:
    release = parcel(machine, "one")
    gone = {
        name: text.replace(b"/var/log/nginx/gen-", b"/var/log/nowhere/gen-") for name, text in release.files.items()
    }
    gone.pop("SHA256SUMS")
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        refused = talk.stage(Parcel(release.id, host_driver.with_sums(gone)))
    assert refused["code"] == "no-log-dir"
    assert "nowhere" in refused["message"]
    assert "log_dir" in refused["hint"]


# ---------------------------------------------------------------- releases without a service


def test_a_release_without_services_and_back(machine: Machine, one: Parcel) -> None:
    """It has no log that could prove it: that no log is open, and that the workers are new, is the proof."""
    none = empty(machine)
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.trial(none.id, one.id, one.id)["ok"]
        talk.do("commit")
        again = talk.trial(none.id, none.id, none.id)
        assert again["ok"], again
        talk.do("commit")
    poll(lambda: machine.says() == "", "nothing of ours is served")
    assert machine.site()
    assert (machine.held(), machine.live(), drift(machine)) == (set(), none.id, {})
    applied(machine, one)
    poll(lambda: machine.says() == "one", "one is served")


# ---------------------------------------------------------------- a commit that is taken back


@pytest.mark.parametrize("first", [True, False], ids=["first apply", "later"])
@pytest.mark.parametrize("killed", [False, True], ids=["carried out", "killed and recovered"])
def test_a_commit_that_is_taken_back_is_as_if_it_had_failed(machine: Machine, first: bool, killed: bool) -> None:
    """Another host of the fleet has failed: live, running, previous and history tell of no commit that stands."""
    if not first:
        applied(machine, parcel(machine, "zero"))
        applied(machine, parcel(machine, "one"))
    with Talk(machine) as talk:
        before = talk.do("observe")
    two = parcel(machine, "two")
    with Talk(machine, stop=Stop("note_previous", after=False, nth=2) if killed else None) as talk:
        assert talk.apply(two)["ok"]
        talk.do("commit")
        back = before["live"] or empty(machine).id
        assert talk.trial(back, two.id, two.id, before["previous"] or "-")["ok"]
        talk.send(b"commit\n")
        if killed:
            talk.held()
            machine.kill_ours()
        else:
            assert talk.hear()["ok"]
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        after = talk.do("observe")
    assert (after["live"], after["previous"]) == (back, before["previous"])
    assert after["running"] == back
    assert after["drift"] == []
    lines = [(line["from"], line["to"], line["result"]) for line in machine.journal()][-2:]
    assert lines == [(back, two.id, "committed"), (back, two.id, "reverted")]


def test_what_is_to_be_previous_again_must_be_a_release(machine: Machine, one: Parcel) -> None:
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.trial(one.id, one.id, one.id, "../../evil")["code"] == "bad-word"


# ---------------------------------------------------------------- a first apply


@pytest.mark.parametrize("fault", ["test", "trial", "abort", "end of input"])
def test_a_first_apply_that_fails_leaves_nothing(machine: Machine, fault: str) -> None:
    before = machine.tree()
    bad = parcel(machine, "one", server="nonsense;" if fault == "test" else "", port=18099)
    with ExitStack() as stack, Talk(machine) as talk:
        assert talk.begin()["ok"]
        assert talk.stage(bad)["ok"] is (fault != "test")
        if fault == "trial":
            stack.enter_context(socket.create_server((machine.layout.address, 18099)))
            assert talk.trial(bad.id, None, None)["code"] == "trial-failed"
        elif fault != "test":
            assert talk.trial(bad.id, None, None)["ok"]
            if fault == "abort":
                talk.do("abort")
    poll(machine.settled, "it ends")
    assert machine.tree() == before
    assert list(machine.layout.log_dir.glob("gen-*")) == []
    assert (machine.held(), drift(machine)) == (set(), {})


# ---------------------------------------------------------------- reboots


@pytest.mark.parametrize("moment", ["at rest", "in trial"])
def test_after_a_boot_the_committed_release_is_served(machine: Machine, one: Parcel, moment: str) -> None:
    """/run is empty then: nothing that nginx needs for its start may be there."""
    with Talk(machine) as talk:
        if moment == "in trial":
            assert talk.apply(parcel(machine, "two"))["ok"]
        machine.reboot()
    poll(lambda: machine.says() == "one", "one is served")
    said = drift(machine)
    if moment == "at rest":
        assert said == {}
    else:
        assert list(said) == ["open-transaction"]
        assert "was cut off" in said["open-transaction"]
    assert machine.held() == {one.id}


@pytest.mark.parametrize("step", ["mark_log", "reload"])
def test_a_crash_of_nginx_in_mid_trial_is_put_right_on_disk_before_nginx_is_back(
    machine: Machine, one: Parcel, step: str
) -> None:
    """Without a master there is no memory to put right, but what starts next must read the old release."""
    two = parcel(machine, "two")
    with Talk(machine, stop=Stop(step, after=step == "reload")) as talk:
        state = talk.begin()
        assert talk.stage(two)["ok"]
        talk.send(talk.trial_word(two.id, state["live"], state["running"]))
        talk.held()
        machine.kill()
    assert machine.live() == two.id, "it was killed in the short time in which a boot would serve the new release"
    with Talk(machine) as talk:
        assert talk.begin()["code"] == "not-running"
    assert (machine.live(), machine.open_transactions()) == (one.id, [])
    machine.start()
    poll(lambda: machine.says() == "one", "one is served")
    assert drift(machine) == {}


def test_the_master_dies_in_mid_trial(machine: Machine, one: Parcel) -> None:
    with Talk(machine) as talk:
        assert talk.apply(parcel(machine, "two"))["ok"]
        processes.kill([machine.master or 0])
        answer = talk.ask("commit")
        assert (answer["ok"], answer["code"]) == (False, "needs-human"), answer
    assert machine.live() == one.id
    machine.kill()
    machine.start()
    with Talk(machine) as talk:
        assert talk.begin()["ok"]
    poll(lambda: machine.says() == "one", "one is served")


# ---------------------------------------------------------------- the journal


NASTY = (
    '"quotes" \\ back\\slash \n newline \t tab \0 nul \x7f del é ü 漢字 🦀 $(id) `id` %s {}[], \' ; \\u0041 </script>'
)


def test_the_journal_is_json_whatever_the_note_holds(machine: Machine, one: Parcel) -> None:
    with (machine.layout.state_dir / "journal.jsonl").open("a") as journal:
        journal.write('{"at":"2026-01-01T00:00:00Z","from":null,"to":"cut o')  # a crash in the middle of a line
    with Talk(machine) as talk:
        note = {"verb": "apply", "who": NASTY, "why": NASTY * 50, "txn": "t9"}
        assert talk.ask(f"begin {json.dumps(note)}")["ok"]
        with Talk(machine) as other:
            assert other.begin()["owner"] == note
        assert talk.stage(parcel(machine, "two"))["ok"]
        assert talk.trial(parcel(machine, "two").id, one.id, one.id)["ok"]
        talk.do("abort")
    lines = (machine.layout.state_dir / "journal.jsonl").read_text().splitlines()
    assert len(lines) == 3
    last = json.loads(lines[2])
    assert {key: last[key] for key in note} == note
    assert (last["from"], last["to"], last["result"]) == (one.id, parcel(machine, "two").id, "reverted")
    with Talk(machine) as talk:
        assert talk.do("journal 2")["lines"] == 2
        talk.line()
        assert json.loads(talk.line()) == last


def test_the_state_folder_is_for_its_owner_alone(machine: Machine, one: Parcel) -> None:
    assert stat.S_IMODE(machine.layout.state_dir.stat().st_mode) == 0o700


# ---------------------------------------------------------------- old releases


# Takes longer than any test: a worker that answers it stays, shutting down.
SLOW = f'location /slow {{ default_type text/plain; limit_rate 40; return 200 "{"x" * 3000}"; }}'


def test_old_releases_go_and_those_in_use_stay(machine: Machine) -> None:
    def apply(says: str, server: str = "") -> tuple[str, str]:
        off = parcel(machine, f"{says}, canary off")
        release = parcel(machine, says, twin=off.id, server=server)
        applied(machine, release, off, settings={"keep": "1"})
        return release.id, off.id

    held, _ = apply("held", SLOW)
    client = http.client.HTTPConnection(machine.layout.address, machine.layout.web_port, timeout=30)
    client.request("GET", "/slow")
    assert client.getresponse().status == 200
    names = [apply(f"r{number}") for number in range(4)]
    poll(machine.settled, "old releases are removed after the answer")
    left = {path.name for path in (machine.home / "releases").iterdir()}
    kept = {name for pair in names[1:] for name in pair}  # live, previous, and one more; each with its twin
    assert left == kept | {held}, "an old worker still serves from it"
    with Talk(machine) as talk:
        seen = talk.do("observe")
    assert seen["draining"] == 1
    assert set(seen["releases"]) == left
    assert {path.name for path in machine.layout.log_dir.glob("gen-*")} <= {f"gen-{name}.log" for name in left}
    client.close()
