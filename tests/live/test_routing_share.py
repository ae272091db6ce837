"""What real nginx, with two workers, serves for a rendered release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import golden_case
import makers
import nginx_lab
import pytest
from nginx_lab import ADDRESS, Nginx

from nginxgen.model.service import Override, PathMatch, Route, Service, Signal, Source, Version
from nginxgen.render import render

WORDS_CANARY = ("true", "always", "1", "TRUE", "Always")
WORDS_STABLE = ("false", "never", "0", "False")
NO_OPINION = ("", "yes", "true1", " ", "trueish", "null")


class Fleet:
    """A service over real backends that answer with the name of their version."""

    def __init__(self, folder: Path, stable: int = 1, canary: int = 1) -> None:
        ports = nginx_lab.free_ports(stable + canary + 1)
        self.folder = folder
        self.port = ports.pop()
        self.backends = {port: "v1" if at < stable else "v2" for at, port in enumerate(ports)}

    def service(self, **fields) -> Service:
        pools = {
            name: [f"{ADDRESS}:{port}" for port, owner in self.backends.items() if owner == name]
            for name in ("v1", "v2")
        }
        versions: tuple[Version, ...] = tuple(makers.version(name, *servers) for name, servers in pools.items())
        return makers.service(**{"listen": (str(self.port),), "versions": versions} | fields)

    def release(self, service: Service, weight="10", on: bool = True):
        host = makers.host(bind=ADDRESS, log_dir=str(self.folder))
        return render([service], makers.intent([service], weight, on), host)

    @contextmanager
    def serving(self, service: Service, weight="10", on: bool = True) -> Iterator[Nginx]:
        nginx_lab.write(self.release(service, weight, on).files, self.folder)
        config = f"{nginx_lab.answering(self.backends)}\n{nginx_lab._LOADER}"
        with nginx_lab.running(self.folder, self.port, config) as nginx:
            yield nginx


@pytest.mark.parametrize(("stable", "canary"), [(1, 1), (2, 3), (5, 1)])
def test_ten_percent_asked_are_ten_percent_served_whatever_the_pools(tmp_path: Path, stable: int, canary: int) -> None:
    fleet = Fleet(tmp_path, stable, canary)
    with fleet.serving(fleet.service(override=makers.BOTH)) as nginx:
        counted = nginx.count(5_000)
    assert counted.total() == counted["v1"] + counted["v2"] == 5_000
    assert 9 <= counted["v2"] / 50 <= 11


def test_the_own_weights_of_servers_do_not_change_the_share(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, 2, 2)
    plain = fleet.service()
    heavy = tuple(
        Version(
            version.name, tuple(makers.with_weight(server, 7 if at else 1) for at, server in enumerate(version.servers))
        )
        for version in plain.versions
    )
    with fleet.serving(fleet.service(versions=heavy), "25") as nginx:
        assert 24 <= nginx.count(4_000)["v2"] / 40 <= 26


@pytest.mark.parametrize(("weight", "only"), [("0", "v1"), ("100", "v2")])
@pytest.mark.parametrize("override", [Override(), makers.BOTH], ids=["plain", "overrides"])
def test_0_and_100_percent_are_exact(tmp_path: Path, weight: str, only: str, override: Override) -> None:
    fleet = Fleet(tmp_path, 2, 2)
    with fleet.serving(fleet.service(override=override), weight) as nginx:
        assert nginx.count(1_000) == {only: 1_000}


@pytest.mark.parametrize("weight", ["0", "10", "100"])
@pytest.mark.parametrize("how", ["cookie", "header"])
@pytest.mark.parametrize("cookie", ["gray_release", "gray-release", "G.r-a+y"])
def test_an_override_beats_every_weight(tmp_path: Path, weight: str, how: str, cookie: str) -> None:
    fleet = Fleet(tmp_path)
    override = Override(makers.HEADER, Signal(Source.COOKIE, cookie))
    with fleet.serving(fleet.service(override=override), weight) as nginx:
        for words, version in ((WORDS_CANARY, "v2"), (WORDS_STABLE, "v1")):
            for word in words:
                headers = {"Cookie": f"a=b; {cookie}={word}; c=d"} if how == "cookie" else {"X-Gray-Release": word}
                assert nginx.count(20, headers=headers) == {version: 20}, (word, weight)


def test_the_header_beats_the_cookie(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    with fleet.serving(fleet.service(override=makers.BOTH), "50") as nginx:
        for header, cookie, version in (("true", "false", "v2"), ("never", "always", "v1"), ("maybe", "1", "v2")):
            headers = {"X-Gray-Release": header, "Cookie": f"gray_release={cookie}"}
            assert nginx.count(20, headers=headers) == {version: 20}


@pytest.mark.parametrize("cookie", ["gray_release", "gray-release"])
def test_a_word_that_is_neither_leaves_it_to_the_weight(tmp_path: Path, cookie: str) -> None:
    fleet = Fleet(tmp_path)
    override = Override(makers.HEADER, Signal(Source.COOKIE, cookie))
    with fleet.serving(fleet.service(override=override), "0") as nginx:
        for word in NO_OPINION:
            assert nginx.get(headers={"Cookie": f"{cookie}={word}", "X-Gray-Release": word}) == "v1"
        near = (f"x{cookie}=true", f"{cookie}x=true", f"a={cookie}=true", "release=true", "gray=true", f"b; {cookie}")
        for pair in near:
            assert nginx.get(headers={"Cookie": pair}) == "v1", pair


@pytest.mark.parametrize("cookie", ["gray_release", "gray-release"])
def test_of_two_cookies_with_one_name_the_first_counts(tmp_path: Path, cookie: str) -> None:
    fleet = Fleet(tmp_path)
    override = Override(cookie=Signal(Source.COOKIE, cookie))
    with fleet.serving(fleet.service(override=override), "0") as nginx:
        assert nginx.get(headers={"Cookie": f"{cookie}=true; {cookie}=false"}) == "v2"
        assert nginx.get(headers={"Cookie": f"{cookie}=no; {cookie}=true"}) == "v1"


@pytest.mark.parametrize("override", [Override(), makers.BOTH], ids=["plain", "overrides"])
def test_each_path_has_its_own_weight(tmp_path: Path, override: Override) -> None:
    routes = (
        Route("all", "/api"),
        Route("one", "/api/exactly", PathMatch.EXACT),
        Route("some", r"^/v\d{1,2}/.*\.json$", PathMatch.REGEX),
        Route("half", "/half"),
        Route("default", "/"),
    )
    fleet = Fleet(tmp_path)
    weights = {"all": "100", "one": "0", "some": "100", "half": "50", "default": "0"}
    with fleet.serving(fleet.service(routes=routes, override=override), weights) as nginx:
        for path, version in (
            ("/api", "v2"), ("/api/x?y=1", "v2"), ("/api/exactly", "v1"), ("/api/exactly/not", "v2"), ("/", "v1"),
            ("/v12/a.json", "v2"), ("/v123/a.json", "v1"), ("/other", "v1"),
        ):  # fmt: skip
            assert nginx.count(10, path) == {version: 10}, path
        assert nginx.count(400, "/half") == {"v1": 200, "v2": 200}


def test_with_the_canary_off_no_override_reaches_it(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    with fleet.serving(fleet.service(override=makers.BOTH), "100", on=False) as nginx:
        headers = {"X-Gray-Release": "true", "Cookie": "gray_release=true"}
        assert nginx.count(200, headers=headers) == {"v1": 200}


def test_the_emergency_twin_takes_over_on_a_reload(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    service = fleet.service(override=makers.BOTH)
    with fleet.serving(service, "100") as nginx:
        assert nginx.count(50) == {"v2": 50}
        nginx.serve(fleet.release(service, "100").emergency)
        assert nginx.count(50, headers={"X-Gray-Release": "true"}) == {"v1": 50}


def test_the_master_holds_the_log_of_its_release_open_and_of_no_other(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    service = fleet.service()

    def held(nginx: Nginx) -> set[str]:
        opened = [path.readlink() for path in Path(f"/proc/{nginx.process.pid}/fd").iterdir()]
        return {path.name for path in opened if path.name.startswith("gen-")}

    with fleet.serving(service, "10") as nginx:
        assert held(nginx) == {f"gen-{fleet.release(service, '10').id}.log"}
        nginx.serve(fleet.release(service, "20"))
        assert held(nginx) == {f"gen-{fleet.release(service, '20').id}.log"}


def test_access_rules_of_server_extra_hold_on_every_way_to_a_version(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    with fleet.serving(fleet.service(override=makers.BOTH, server_extra="deny all;")) as nginx:
        assert nginx.get() == nginx.get(headers={"X-Gray-Release": "true"}) == "403"


@pytest.mark.parametrize("stage", golden_case.STAGES)
def test_the_real_case_serves_its_stage(tmp_path: Path, stage: str) -> None:
    fleet = Fleet(tmp_path)
    override = Override(cookie=makers.COOKIE)
    with fleet.serving(fleet.service(override=override), stage) as nginx:
        counted = nginx.count(2_000)
        assert counted["v2"] == pytest.approx(int(stage) * 20, abs=4)
        assert nginx.count(50, headers={"Cookie": "gray_release=true"}) == {"v2": 50}
        assert nginx.count(50, headers={"Cookie": "gray_release=false"}) == {"v1": 50}
