"""An inventory that is right: what each key becomes, and what it is when it is left out."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from inventory_text import GOOD, PATH, good, loaded

from nginxgen import inventory
from nginxgen.errors import InputError, InvalidInput
from nginxgen.model.host import Become, Host, Nginx, Transport
from nginxgen.model.preflight import Level, OwnCheck
from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Networks,
    Override,
    PathMatch,
    Protocol,
    RealIp,
    Route,
    Server,
    Service,
    Signal,
    Smoke,
    Source,
    Sticky,
    Users,
    Version,
)
from nginxgen.model.sources import Counting, NamedCommand, NamedQuery, Probe, Prometheus, Queries, Sources

DEFAULT_HOST = Host(
    name="edge-1",
    address="10.0.0.5",
    port=None,
    user=None,
    transport=Transport.SSH,
    become=Become.NONE,
    identity_file=None,
    known_hosts=None,
    bind=None,
    wave=1,
    nginx=Nginx("/usr/sbin/nginx", "/etc/nginx/nginx.conf", "conf.d"),
    state_dir="/var/lib/nginxgen",
    run_dir="/run/nginxgen",
    log_dir="/var/log/nginx",
)


def test_what_is_left_out_has_its_default():
    read = loaded(GOOD)
    assert read.fleet.hosts == (DEFAULT_HOST,)
    assert read.services == (
        Service(
            name="shop",
            listen=("80",),
            server_names=("shop.example.com",),
            versions=(Version("v1", (Server("10.0.1.10:5000"),)), Version("v2", (Server("10.0.1.11:5000"),))),
            stable="v1",
            canary="v2",
            override=Override(
                header=Signal(Source.HEADER, "X-Gray", ("true", "always", "1"), ("false", "never", "0")),
                cookie=Signal(Source.COOKIE, "gray", ("true", "always", "1"), ("false", "never", "0")),
            ),
            routes=(Route("reads", "/reads"), Route("default", "/")),
        ),
    )


def test_a_plain_service_needs_no_canary_and_no_routes():
    text = good(("    canary: v2\n", ""), ("    routes:\n", ""), ("      - {name: reads, path: /reads}\n", ""))
    service = loaded(text.replace("      - {name: default, path: /}\n", "")).service("shop")
    assert (service.canary, service.routes) == (None, (Route("default", "/"),))


def test_a_host_without_keys_is_reached_by_its_name():
    (host,) = loaded(good(("edge-1: {address: 10.0.0.5}", "edge-1.example.com:"))).fleet.hosts
    assert (host.name, host.address) == ("edge-1.example.com", "edge-1.example.com")


FLEET = """\
fleet:
  defaults:
    user: deploy
    become: sudo
    port: 2022
    identity_file: keys/all
    nginx: {binary: /opt/nginx/sbin/nginx, conf: /opt/nginx/conf/nginx.conf}
    state_dir: /srv/state/
    log_dir: /srv//log
  hosts:
    a: {address: 10.0.0.1}
    b:
      address: "[fd00::5]"
      user: root
      become: none
      port: 22
      transport: local
      identity_file: /etc/keys/b
      known_hosts: ~/hosts
      bind: fd00::1
      nginx: {include_dir: sites/nginxgen, conf: ~}
      run_dir: /srv/run
services: {}
"""


def test_a_host_beats_the_defaults_key_by_key(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    a, b = inventory.parse(FLEET, Path("somewhere/fleet.yml")).fleet.hosts
    assert (a.user, a.become, a.port, a.state_dir, a.log_dir) == (
        "deploy", Become.SUDO, 2022, "/srv/state", "/srv/log",
    )  # fmt: skip
    assert a.nginx == Nginx("/opt/nginx/sbin/nginx", "/opt/nginx/conf/nginx.conf", "conf.d")
    assert a.identity_file == Path("somewhere/keys/all")
    assert b == Host(
        name="b",
        address="fd00::5",
        port=22,
        user="root",
        transport=Transport.LOCAL,
        become=Become.NONE,
        identity_file=Path("/etc/keys/b"),
        known_hosts=Path("/home/someone/hosts"),
        bind="[fd00::1]",
        wave=1,
        nginx=Nginx("/opt/nginx/sbin/nginx", "/opt/nginx/conf/nginx.conf", "sites/nginxgen"),
        state_dir="/srv/state",
        run_dir="/srv/run",
        log_dir="/srv/log",
    )


EVERYTHING = """\
fleet: {hosts: {a: {wave: 3}}}
services:
  api:
    listen: ["443   ssl http2", "[::]:443 ssl ipv6only=on", "unix:/run/api.sock"]
    server_names: [API.example.com, "*.api.example.com", api.*, _]
    protocol: grpcs
    versions:
      blue:
        servers:
          - {address: backend.internal:5000, weight: 2, max_fails: 0, fail_timeout: 10s, resolve: yes}
          - {address: "[FD00::0001]:5000", backup: true}
      green: {servers: ["unix:/run/green.sock"]}
    stable: blue
    canary: green
    override:
      cookie: {name: g, canary: [on], stable: [off, "0"]}
      users: {query: uid, canary: [u 1, "2"], stable: [null-user]}
      networks: {canary: [10.8.0.0/16, 10.9.0.1], stable: ["fd00::/8"]}
    sticky: {cookie: sid, anonymous: issue}
    fallback: {on: [error, http_502], timeout: 500ms, retry_unsafe: true}
    mirror: true
    headers: {X-Gray-Version: true}
    real_ip: {from: [10.0.0.0/8]}
    routes:
      - {name: reads, path: /x, methods: [GET, HEAD]}
      - {name: rx, path: "^/y{2}$", match: regex}
      - {name: ex, path: /z, match: exact}
    server_extra: |
      ssl_certificate a;
    smoke: [{path: /health?full=1, status: 204}, {path: /, body: ok, json: {a.0: "true"}, within: 500ms}]
    metrics:
      source: prometheus
      log: false
      prometheus: {url: "http://p:9090/x", timeout: 2s, requests: r, errors: e, timeouts: t, buckets: b}
      probe: {path: /p, status: 200, rate: 0.5, number: 3, timeout: 500ms}
      numbers: {lag: {query: 'l{s="$service"}'}, rows: {command: [./rows, -n, 1], timeout: 1m}, up: {command: [true]}}
"""


def test_every_key_reaches_its_noun():
    read = loaded(EVERYTHING)
    assert read.fleet.hosts[0].wave == 3
    service = read.service("api")
    assert service == Service(
        name="api",
        listen=("443 ssl http2", "[::]:443 ssl ipv6only=on", "unix:/run/api.sock"),
        server_names=("api.example.com", "*.api.example.com", "api.*", "_"),
        versions=(
            Version(
                "blue",
                (
                    Server("backend.internal:5000", 2, 0, "10s", backup=False, resolve=True),
                    Server("[fd00::1]:5000", backup=True),
                ),
            ),
            Version("green", (Server("unix:/run/green.sock"),)),
        ),
        stable="blue",
        canary="green",
        override=Override(
            cookie=Signal(Source.COOKIE, "g", ("on",), ("off", "0")),
            users=Users(Source.QUERY, "uid", ("u 1", "2"), ("null-user",)),
            networks=Networks(("10.8.0.0/16", "10.9.0.1/32"), ("fd00::/8",)),
        ),
        sticky=Sticky(Source.COOKIE, "sid", Anonymous.ISSUE),
        fallback=Fallback(("error", "http_502"), "500ms", retry_unsafe=True),
        version_header=True,
        routes=(
            Route("reads", "/x", methods=("GET", "HEAD")),
            Route("rx", "^/y{2}$", PathMatch.REGEX),
            Route("ex", "/z", PathMatch.EXACT),
        ),
        server_extra="ssl_certificate a;\n",
        smoke=(Smoke("/health?full=1", 204), Smoke("/", 200, "ok", {"a.0": "true"}, 0.5)),
        protocol=Protocol.GRPCS,
        mirror=True,
        real_ip=RealIp(("10.0.0.0/8",), "X-Forwarded-For"),
        metrics=Sources(
            Counting.PROMETHEUS,
            log=False,
            prometheus=Prometheus("http://p:9090/x", 2.0, Queries("r", "e", "b", "t")),
            probe=Probe("/p", 200, 0.5, 3, 0.5),
            queries=(NamedQuery("lag", 'l{s="$service"}'),),
            commands=(
                NamedCommand("rows", (str(PATH.parent.absolute() / "rows"), "-n", "1"), 60.0),
                NamedCommand("up", ("true",), 30.0),
            ),
        ),
    )
    default = loaded(GOOD).service("shop")
    same = {field.name for field in fields(Service) if getattr(service, field.name) == getattr(default, field.name)}
    same -= {"rollouts"}  # they have tests of their own
    assert same == set(), "the example above should set every field of a service to something of its own"


def test_commands_of_the_checklist():
    text = GOOD + "preflight:\n  - {name: a b, command: [bin/x, y]}\n  - {name: c, command: [z], severity: advisory}\n"
    assert loaded(text).checks == (
        OwnCheck("a b", (str(PATH.parent.absolute() / "bin/x"), "y")),
        OwnCheck("c", ("z",), Level.ADVISORY),
    )
    assert loaded(GOOD).checks == ()
    with pytest.raises(InvalidInput) as refused:
        loaded(text.replace("name: c", "name: a b"))
    [told] = refused.value.findings()
    assert 'the name "a b" stands twice' in told.message
    assert told.place.line == len(text.splitlines())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cookie: sid", Sticky(Source.COOKIE, "sid")),
        ("header: X-User", Sticky(Source.HEADER, "X-User")),
        ("query: uid", Sticky(Source.QUERY, "uid")),
        ("address: true", Sticky(Source.ADDRESS)),
        ("cookie: sid, control: true", Sticky(Source.COOKIE, "sid", control=True)),
        ("cookie: sid, anonymous: address", Sticky(Source.COOKIE, "sid", Anonymous.ADDRESS)),
    ],
)
def test_sources_of_stickiness(written: str, meant: Sticky):
    assert loaded(f"{GOOD}    sticky: {{{written}}}\n").service("shop").sticky == meant


@pytest.mark.parametrize(
    "idle",
    [
        "sticky: ~",
        "fallback:",
        "mirror: false",
        "headers: {X-Gray-Version: no}",
        "protocol: http",
        "smoke: []",
        "rollout:",
    ],
)
def test_what_is_not_asked_for_is_not_refused(idle: str):
    assert loaded(f"{GOOD}    {idle}\n").services


# choosing


def test_hosts_and_services_by_name():
    text = good(("edge-1: {address: 10.0.0.5}", "edge-1: {}\n    edge-2: {}\n    lab: {}"))
    read = loaded(text)
    assert [host.name for host in read.hosts()] == ["edge-1", "edge-2", "lab"]
    assert [host.name for host in read.hosts(["lab", "edge-1"])] == ["edge-1", "lab"]
    assert read.select() == read.services == read.select(["shop"])
    assert read.route("shop", "reads").path == "/reads"
    for choose, message, hint in (
        (lambda: read.hosts(["egde-1"]), 'there is no host "egde-1"', 'did you mean "edge-1"?'),
        (lambda: read.hosts(["zzz"]), 'there is no host "zzz"', "known: edge-1, edge-2, lab"),
        (lambda: read.select(["shopp"]), 'there is no service "shopp"', 'did you mean "shop"?'),
        (lambda: read.route("shop", "writes"), 'there is no route of shop "writes"', "known: reads, default"),
        (lambda: loaded("fleet: {hosts: {a: }}\nservices: {}\n").service("x"), "no service", "the inventory has none"),
    ):
        with pytest.raises(InputError) as error:
            choose()
        assert message in error.value.message
        assert error.value.hint == hint
        assert error.value.place.file == "shop.yml"


def test_the_option_beats_the_environment(tmp_path: Path):
    environ = {"NGINXGEN_INVENTORY": "env.yml"}
    assert inventory.find("x.yml", environ, tmp_path) == Path("x.yml")
    assert inventory.find(None, environ, tmp_path) == Path("env.yml")
    assert inventory.find("~nobody-of-this-name/x.yml", {}, tmp_path) == Path("~nobody-of-this-name/x.yml")
    with pytest.raises(InputError, match="-i has no path"):
        inventory.find("", environ, tmp_path)


def test_the_only_inventory_is_the_default(tmp_path: Path, monkeypatch):
    folder = tmp_path / "inventory"
    with pytest.raises(InputError, match=r"there is no inventory: no \*.yml in ./inventory") as none:
        inventory.find(None, {}, tmp_path)
    assert "-i" in none.value.hint
    folder.mkdir()
    (folder / "notes.txt").touch()
    (folder / "examples.yml").mkdir()
    with pytest.raises(InputError, match="there is no inventory"):
        inventory.find(None, {"NGINXGEN_INVENTORY": ""}, tmp_path)
    (folder / "b.yml").touch()
    assert inventory.find(None, {}, tmp_path) == folder / "b.yml"
    monkeypatch.chdir(tmp_path)
    assert inventory.find(None, {}, tmp_path) == Path("inventory/b.yml")
    (folder / "a.yml").touch()
    with pytest.raises(InputError, match="there are 2 inventories") as several:
        inventory.find(None, {}, tmp_path)
    assert "inventory/a.yml, inventory/b.yml" in several.value.hint
