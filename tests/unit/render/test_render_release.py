"""A release is named by its content, complete, and carries its own way out."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.check import check
from nginxgen.errors import InputError
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.release import Release
from nginxgen.model.service import Anonymous, Override, PathMatch, Route, Signal, Source, Sticky, Users
from nginxgen.render import empty, render
from nginxgen.render import release as release_module

SHOP = makers.service(override=makers.BOTH)
PLAIN = makers.service("plain", canary=None)
RELEASE = makers.service("release", override=makers.BOTH)


def rendered(*services, weight="10", on: bool = True, **host) -> Release:
    return render(services, makers.intent(services, weight, on), makers.host(**host))


def names(release: Release) -> list[str]:
    return [file.name for file in release.files]


def test_a_release_has_a_file_a_service_and_what_proves_it() -> None:
    release = rendered(SHOP, PLAIN)
    assert names(release) == [
        "SHA256SUMS",
        "manifest.json",
        "plain.conf",
        "release.inc",
        "sentinel",
        "shop.conf",
        "versions",
    ]
    assert re.fullmatch("[0-9a-f]{12}", release.id)


def test_only_the_proof_carries_the_id_so_that_service_files_stay_the_same() -> None:
    release = rendered(SHOP)
    assert {file.name for file in release.files if release.id in file.text} == {"release.inc", "sentinel"}
    assert f"/gen-{release.id}.log" in release.file("release.inc").text


def test_the_id_is_the_hash_of_the_content_with_a_placeholder_for_itself() -> None:
    release = rendered(SHOP, PLAIN)
    hashed = "".join(
        f"{file.name}\0{file.text.replace(release.id, '@release@')}\0"
        for file in release.files
        if file.name != "SHA256SUMS"
    )
    assert release.id == sha256(hashed.encode()).hexdigest()[:12]


BIG = makers.service(
    "big", override=Override(users=Users(Source.COOKIE, "sid", tuple(f"u{at}" for at in range(30)), ()))
)
weights = st.sampled_from(["0", "10", "33.3", "100"])
asked = st.tuples(weights, weights, weights, st.booleans(), st.booleans())


def intended(weights: tuple[str, str, str, bool, bool]) -> Intent:
    shop, big, release, on, big_on = weights
    of = makers.service_intent
    return Intent(
        {"shop": of(SHOP, shop, on), "big": of(BIG, big, big_on), "release": of(RELEASE, release), "plain": of(PLAIN)}
    )


@given(asked, asked)
def test_what_is_taken_from_another_release_is_what_rendering_gives(
    first: tuple[str, str, str, bool, bool], then: tuple[str, str, str, bool, bool]
) -> None:
    """Also for a service that is called like a file of ours."""
    services = (SHOP, PLAIN, BIG, RELEASE)
    like = render(services, intended(first), makers.host())
    wanted = render(services, intended(then), makers.host())
    assert render(services, intended(then), makers.host(), None, like) == wanted


def test_only_what_changes_is_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    like = rendered(SHOP, BIG, RELEASE, PLAIN)
    filled: list[str] = []
    really = release_module.fill

    def note(template: str, values: Mapping[str, object], overlay: Path | None = None) -> str:
        filled.append(template)
        return really(template, values, overlay)

    monkeypatch.setattr(release_module, "fill", note)
    moved = Intent({**like.intent.services, "shop": makers.service_intent(SHOP, "12")})
    render((SHOP, BIG, RELEASE, PLAIN), moved, makers.host(), None, like)
    assert filled.count("service.conf.j2") == 1
    assert "rows.map.j2" not in filled


def test_the_sums_hold_for_sha256sum(tmp_path: Path) -> None:
    release = rendered(SHOP, PLAIN)
    for file in release.files:
        (tmp_path / file.name).write_text(file.text, "utf-8")
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(release.files) - 1


def test_the_manifest_is_one_line_and_gives_the_intent_back() -> None:
    release = rendered(SHOP, PLAIN, log_dir="/var/log/edge")
    manifest = json.loads(release.file("manifest.json").text)
    assert release.file("manifest.json").text.count("\n") == 1
    assert Intent.from_json(manifest["services"]) == release.intent
    assert (manifest["format"], manifest["log_dir"]) == (1, "/var/log/edge")
    assert manifest["emergency"] == release.emergency.id


def test_neither_the_order_of_services_nor_of_weights_matters() -> None:
    routes = (Route("a", "/a"), Route("b", "/b"))
    two = makers.service(routes=routes)
    one_way = Intent({"shop": makers.service_intent(two, {"a": "1", "b": "2"}), "plain": ServiceIntent("v1")})
    other = Intent({"plain": ServiceIntent("v1"), "shop": makers.service_intent(two, {"b": "2", "a": "1"})})
    assert render([two, PLAIN], one_way, makers.host()) == render([PLAIN, two], other, makers.host())


def test_the_emergency_twin_has_no_trace_of_the_canary_and_weights_of_0() -> None:
    release = rendered(SHOP, weight="100")
    twin = release.emergency
    assert twin.id != release.id
    assert twin.emergency is None
    assert twin.intent == release.intent.without_canary()
    config = "".join(line for line in twin.file("shop.conf").text.splitlines() if not line.startswith("#"))
    assert "10.0.1.11" not in config
    assert "gray" not in config
    assert json.loads(twin.file("manifest.json").text)["services"]["shop"]["weights"] == {"default": 0}


def test_the_twin_is_the_release_that_the_same_intent_without_canary_gives() -> None:
    release = rendered(SHOP, PLAIN)
    assert release.emergency == render([SHOP, PLAIN], release.intent.without_canary(), makers.host())


@pytest.mark.parametrize("release", [rendered(SHOP, on=False), rendered(PLAIN), empty(makers.host())])
def test_without_a_canary_that_is_on_there_is_no_twin(release: Release) -> None:
    assert release.emergency is None
    assert json.loads(release.file("manifest.json").text)["emergency"] is None


def test_the_empty_release_holds_no_log_open() -> None:
    release = empty(makers.host())
    assert names(release) == ["SHA256SUMS", "manifest.json", "sentinel"]
    assert release.intent == Intent()


def test_a_change_of_weight_is_a_change_of_few_lines() -> None:
    before, after = (rendered(SHOP, weight=weight).file("shop.conf").text.splitlines() for weight in ("10", "30"))
    changed = [line for line in unified_diff(before, after, n=0) if re.match(r"[+-][^+-]", line)]
    assert changed == [
        "-# route default: 10 % to v2",
        "+# route default: 30 % to v2",
        "-    server 10.0.1.10:5000 weight=9;",
        "-    server 10.0.1.11:5000 weight=1;",
        "+    server 10.0.1.10:5000 weight=7;",
        "+    server 10.0.1.11:5000 weight=3;",
    ]


def test_a_bare_port_is_bound_to_the_hosts_address_and_nothing_else_is() -> None:
    listens = makers.service(listen=("80", "443 ssl", "10.1.1.1:80", "[::1]:80"))
    text = rendered(listens, bind="127.0.1.1").file("shop.conf").text
    assert re.findall("listen (.*);", text) == ["127.0.1.1:80", "127.0.1.1:443 ssl", "10.1.1.1:80", '"[::1]:80"']


def test_long_names_stay_within_what_nginx_can_hold() -> None:
    long = makers.service("s" * 63, override=makers.BOTH, routes=(Route("r" * 63), Route("r" * 62 + "2", "/b")))
    text = rendered(long).file(f"{long.name}.conf").text
    found = set(re.findall(r"\$(ng_\w+)", text))
    assert len(found) == 7  # two rules, who decided, and twice a path: the decision, and the short way to it
    assert max(map(len, found)) <= 46


REFUSED = {
    "a version that is not there": (SHOP, ServiceIntent("v9"), "no version 'v9'"),
    "a word for both": (
        makers.service(override=makers.by_header(Signal(Source.HEADER, "X-G", ("Yes",), ("yes",)))),
        None,
        "both canary and stable",
    ),
    "an empty word": (
        makers.service(override=makers.by_header(Signal(Source.HEADER, "X-G", ("",), ()))),
        None,
        "every request has",
    ),
    "a header that nginx drops": (
        makers.service(override=makers.by_header(Signal(Source.HEADER, "X_G"))),
        None,
        "'X_G'",
    ),
    "a path without a slash": (makers.service(routes=(Route("a", "b"),)), None, "must begin with /"),
    "a regex for a server name": (makers.service(server_names=("~.*",)), None, "server name '~.*'"),
    "an address that is more": (makers.service(versions=(makers.version("v1", "a:1 down"),)), None, "'a:1 down'"),
    "a name that is a path": (makers.service("../../etc/passwd"), None, "can stand in a name"),
    "a version without servers": (makers.service(versions=(makers.version("v1"),)), None, "not a backup"),
    "two routes of one name": (makers.service(routes=(Route("a", "/a"), Route("a", "/b"))), None, "comes twice"),
    "an empty listen": (makers.service(listen=("",)), None, "listen"),
    "a control character": (
        makers.service(routes=(Route("a", "/a\nb"), Route("b", "x", PathMatch.REGEX))),
        None,
        "control character",
    ),
}


@pytest.mark.parametrize(("service", "asked", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_rendered_is_refused_with_a_reason(service, asked, message: str) -> None:
    intent = Intent({service.name: asked or makers.service_intent(service)})
    with pytest.raises(InputError) as refused:
        render([service], intent, makers.host())
    assert message in refused.value.message


def test_a_service_of_which_the_intent_says_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="shop"):
        render([SHOP], Intent(), makers.host())


def test_services_with_the_same_rules_share_their_variables() -> None:
    """nginx clears each at every request: their number must not grow with that of the services."""
    sticky = Sticky(Source.COOKIE, "sid", Anonymous.ISSUE)
    fields = {"override": makers.BOTH, "sticky": sticky, "version_header": True}
    services = [makers.service(name, **fields) for name in ("a-b", "a_b", "c")]
    release = render(services, makers.intent(services), makers.host())
    named = [set(re.findall(r"\$(ng_\w+)", release.file(f"{one.name}.conf").text)) for one in services]
    assert named[0] == named[1] == named[2] != set()
    assert check(services, makers.host(), release, render) == ()


def test_a_log_dir_with_a_variable_would_prove_nothing_and_is_refused() -> None:
    with pytest.raises(InputError, match="log_dir"):
        rendered(SHOP, log_dir="/var/log/$host")
