"""Hosts of one kind are rendered once, and checked once where they differ in nothing but address and log folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen import check
from nginxgen.model.build import Build
from nginxgen.model.host import Become, Host, Nginx, Transport
from nginxgen.render import render
from nginxgen.workflow import releases
from nginxgen.workflow.releases import findings, rendered

SHOP = makers.service("shop", override=makers.BOTH)
INTENT = makers.intent((SHOP,), "10", True)

hosts = st.builds(
    Host,
    name=st.sampled_from(["edge-1", "edge-2", "edge-3"]),
    address=st.sampled_from(["10.0.0.1", "edge.example.com"]),
    port=st.none() | st.just(2222),
    user=st.none() | st.just("deploy"),
    transport=st.sampled_from(Transport),
    become=st.sampled_from(Become),
    identity_file=st.none() | st.just(Path("key")),
    known_hosts=st.none() | st.just(Path("known")),
    bind=st.none() | st.sampled_from(["10.0.0.1", "127.0.0.2", "::1"]),
    wave=st.integers(1, 3),
    nginx=st.builds(
        Nginx,
        binary=st.sampled_from(["/usr/sbin/nginx", "/opt/nginx"]),
        conf=st.just("/etc/nginx.conf"),
        include_dir=st.just("conf.d"),
        build=st.none() | st.builds(Build, st.sampled_from([None, (1, 22, 1), (1, 29, 0)])),
    ),
    state_dir=st.sampled_from(["/var/lib/a", "/b"]),
    run_dir=st.sampled_from(["/run/a", "/b"]),
    log_dir=st.sampled_from(["/var/log/nginx", "/logs"]),
)


@given(st.lists(hosts, min_size=1, max_size=5, unique_by=lambda host: host.name))
def test_a_host_gets_what_rendering_for_it_alone_gives(fleet: list[Host]) -> None:
    assert rendered(fleet, (SHOP,), INTENT, None) == {host.name: render((SHOP,), INTENT, host) for host in fleet}


def edges(*binds: str | None) -> list[Host]:
    return [replace(makers.host(bind=bind), name=f"edge-{number}") for number, bind in enumerate(binds, 1)]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were looked at."""
    seen: list[str] = []
    really = check.check

    def note(services: Any, host: Host, *others: Any) -> Any:
        seen.append(host.name)
        return really(services, host, *others)

    monkeypatch.setattr(releases.check, "check", note)
    return seen


@pytest.mark.parametrize(
    ("binds", "listen", "looked_at"),
    [
        ((None, None, None), "81", ["edge-1"]),
        (("10.0.0.1", "10.0.0.2", "10.0.0.30"), "81", ["edge-1"]),
        (("10.0.0.1", "10.0.0.2", None), "81", ["edge-1", "edge-3"]),
        (("10.0.0.1", "10.0.0.2", "10.0.0.3"), "10.0.0.2:81", ["edge-1", "edge-2"]),
        (("10.0.0.1", "10.0.0.10", "10.0.0.3"), "10.0.0.10:81", ["edge-1", "edge-2", "edge-3"]),
    ],
)
def test_alike_hosts_are_looked_at_once(
    binds: tuple[str | None, ...], listen: str, looked_at: list[str], checked: list[str]
) -> None:
    shop, fleet = replace(SHOP, listen=("80", listen)), edges(*binds)
    assert findings(fleet, (shop,), rendered(fleet, (shop,), INTENT, None), None) == ()
    assert checked == looked_at


def test_hosts_whose_logs_are_in_other_folders_are_looked_at_once(checked: list[str]) -> None:
    folders = ("/var/log/nginx", "/data/logs", "/var/log/nginx/edge")
    fleet = [replace(host, log_dir=folder) for host, folder in zip(edges(*["10.0.0.1"] * 3), folders, strict=True)]
    assert findings(fleet, (SHOP,), rendered(fleet, (SHOP,), INTENT, None), None) == ()
    assert checked == ["edge-1"]


@given(st.lists(hosts, min_size=2, max_size=4, unique_by=lambda host: host.name))
def test_what_is_found_is_what_looking_at_each_host_finds(fleet: list[Host]) -> None:
    """A log of the user's own in a folder that may be one of ours, and a name that meets itself on one address."""
    extra = "access_log /logs/own.log;\naccess_log /logs/other.log;"
    both = (replace(SHOP, server_extra=extra, listen=("80 default_server",)),)
    both += (replace(SHOP, name="other", listen=("127.0.0.2:80 default_server",)),)
    made = rendered(fleet, both, intent := makers.intent(both, "10", True), None)
    assert intent.services.keys() == {"shop", "other"}
    apart = {found for host in fleet for found in check.check(both, host, made[host.name], render)}
    assert set(findings(fleet, both, made, None)) == apart


def test_two_services_that_meet_on_one_host_only_are_found() -> None:
    """`80` is 10.0.0.2:80 on edge-2, where the other service listens already."""
    other = replace(SHOP, name="other", listen=("10.0.0.2:80 default_server",))
    both = (replace(SHOP, listen=("80 default_server",)), other)
    intent = makers.intent(both, "10", True)

    def rules(*binds: str) -> set[str]:
        fleet = edges(*binds)
        return {finding.rule for finding in findings(fleet, both, rendered(fleet, both, intent, None), None)}

    assert "NG015" not in rules("10.0.0.1", "10.0.0.3")
    assert "NG015" in rules("10.0.0.1", "10.0.0.2", "10.0.0.3")


@pytest.mark.parametrize("off", ["", "1"])
def test_what_was_read_is_kept_unless_that_is_turned_off(
    off: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NGINXGEN_NO_CACHE", off)
    fleet = edges(None)
    assert findings(fleet, (SHOP,), rendered(fleet, (SHOP,), INTENT, None), None) == ()
    kept = list(tmp_path.rglob("parsed/??"))
    assert bool(kept) is not bool(off)
