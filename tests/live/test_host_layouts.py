"""The trees that distributions make of nginx's config, and several nginx on one machine, on real nginx."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import host_driver
import pytest
from host_driver import Machine, Parcel, Talk, applied, empty, parcel, poll

from nginxgen.demo import webserver


@dataclass(frozen=True)
class Layout:
    """`main` and `http`: what these blocks include, with absolute paths, as packages do. `folder`: for the loader."""

    main: tuple[str, ...]
    http: tuple[str, ...]
    folder: str
    site: str  # the site that the package brings along

    def make(self, host: Machine) -> None:
        conf_dir = host.layout.conf_dir
        text = host.layout.conf.read_text()
        for old in ("conf.d/*.conf", "sites-enabled/*", "modules-enabled/*.conf"):
            line = f"include {conf_dir}/{old};"
            assert line in text
            text = text.replace(line, "")
        main = "".join(f"include {conf_dir}/{one};\n" for one in self.main)
        http = "".join(f"    include {conf_dir}/{one};\n" for one in self.http)
        head, brace, tail = text.rpartition("}")
        host.layout.conf.write_text(f"{main}{head}{http}{brace}{tail}")
        site = (conf_dir / "sites-available/default").read_text()
        for folder in ("conf.d", "sites-enabled", "sites-available", "modules-enabled"):
            shutil.rmtree(conf_dir / folder)
        for one in (*self.main, *self.http, self.site):
            (conf_dir / one).parent.mkdir(exist_ok=True)
        (conf_dir / self.site).write_text(site)


LAYOUTS = {
    # sites-enabled holds links, and takes files of any name
    "debian": Layout(
        ("modules-enabled/*.conf",), ("conf.d/*.conf", "sites-enabled/*"), "conf.d", "sites-enabled/default"
    ),
    "debian, in sites-enabled": Layout((), ("sites-enabled/*",), "sites-enabled", "sites-enabled/default"),
    "nginx.org and RHEL": Layout((), ("conf.d/*.conf",), "conf.d", "conf.d/default.conf"),
    # conf.d stands outside of http {}
    "alpine": Layout(("modules/*.conf", "conf.d/*.conf"), ("http.d/*.conf",), "http.d", "http.d/default.conf"),
}


@pytest.fixture
def make(machine: Machine) -> Iterator[Callable[[str], tuple[Machine, Layout]]]:
    def start(name: str) -> tuple[Machine, Layout]:
        machine.stop()
        LAYOUTS[name].make(machine)
        machine.start()
        return machine, LAYOUTS[name]

    yield start
    machine.stop()
    webserver.write(machine.layout)


def first_no(host: Machine, release: Parcel, **settings: str) -> dict[str, object]:
    with Talk(host, settings=settings) as talk:
        return talk.apply(release)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_release_comes_and_goes_in_the_tree_of(name: str, make: Callable[[str], tuple[Machine, Layout]]) -> None:
    host, layout = make(name)
    settings = {"include": layout.folder}
    one, two = parcel(host, "one"), parcel(host, "two")
    applied(host, one, settings=settings)
    applied(host, two, settings=settings)
    poll(lambda: host.says() == "two", "two is served")
    assert "default site" in host.site()
    host.reboot()
    assert host.says() == "two"
    with Talk(host, settings=settings) as talk:
        state = talk.do("observe")
        assert (state["live"], state["running"], state["drift"]) == (two.id, two.id, [])
        assert talk.begin()["ok"]
        assert talk.trial(one.id, two.id, two.id)["ok"]
        talk.do("commit")
    poll(lambda: host.says() == "one", "one is served again")
    assert (host.layout.conf_dir / layout.folder / "00-nginxgen.conf").exists()


@pytest.mark.parametrize(
    ("name", "include", "says", "hint"),
    [
        ("alpine", "conf.d", "nginx reads {dir}/conf.d/00-nginxgen.conf outside of http {{}}", "http.d"),
        ("alpine", "sites-enabled", "there is no folder {dir}/sites-enabled for the loader", "http.d"),
        ("nginx.org and RHEL", "http.d", "there is no folder {dir}/http.d for the loader", "conf.d"),
        ("debian", "modules-enabled", "nginx reads {dir}/modules-enabled/00-nginxgen.conf", "conf.d sites-enabled"),
    ],
)  # fmt: skip
def test_the_wrong_folder_is_refused_with_the_right_one(
    name: str, include: str, says: str, hint: str, make: Callable[[str], tuple[Machine, Layout]]
) -> None:
    host, _ = make(name)
    before = host.tree()
    refused = first_no(host, parcel(host, "one"), include=include)
    assert (refused["ok"], refused["code"]) == (False, "not-included")
    assert says.format(dir=host.layout.conf_dir) in str(refused["message"])
    assert str(refused["hint"]).endswith(f"or set include_dir of this host to what is included there: {hint}")
    assert host.tree() == before


def test_of_several_nginx_on_one_machine_each_is_its_own_host(machine: Machine) -> None:
    with host_driver.machine() as other:
        one, two = parcel(machine, "one"), parcel(other, "two")
        workers = other.workers()
        applied(machine, one)
        assert (other.workers(), other.home.exists()) == (workers, False)
        applied(other, two)
        poll(lambda: (machine.says(), other.says()) == ("one", "two"), "each serves its own")
        assert (machine.held(), other.held()) == ({one.id}, {two.id})
        # a pid file that leads to the other one is not believed
        own = machine.layout.pid_file.read_text()
        machine.layout.pid_file.write_text(f"{other.master}\n")
        refused = first_no(machine, parcel(machine, "three"))
        assert refused["code"] in {"other-conf", "no-pid-file"}
        machine.layout.pid_file.write_text(own)
        assert (machine.held(), other.held()) == ({one.id}, {two.id})


def test_a_main_file_that_no_master_reads_is_answered_with_those_that_are_read(machine: Machine) -> None:
    stray = machine.layout.folder / "stray.conf"
    stray.write_text(machine.layout.conf.read_text())
    refused = first_no(machine, empty(machine), conf=str(stray))
    assert refused["code"] == "other-conf"
    assert f"reads {machine.layout.conf}, not {stray}" in str(refused["message"])
    refused = first_no(machine, empty(machine), conf=str(machine.layout.folder / "none.conf"))
    assert refused["code"] == "no-conf"
    assert f"; running here: {machine.binary} with " in str(refused["hint"])
