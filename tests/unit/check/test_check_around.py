"""The config around ours: each rule finds its fault, in its file and line, and is silent about what is right."""

from __future__ import annotations

from pathlib import Path

import makers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.check.around import RULES, Files, judge, read, second_opinion
from nginxgen.check.rules import RULES as OF_RELEASES
from nginxgen.errors import Finding, InputError, Severity
from nginxgen.model.service import Networks, Override, Service, Source, Sticky, Users

SHOP = makers.service(
    listen=("80 default_server",),
    override=Override(header=makers.HEADER, networks=Networks(("10.0.0.0/8",))),
    sticky=Sticky(Source.COOKIE, "sid"),
    version_header=True,
)
_MAIN = "worker_shutdown_timeout 1m; events {} http {\n    include conf.d/*.conf;\n}\n"


def found(http: str, *services: Service, main: str = _MAIN) -> list[Finding]:
    names = {"/etc/nginx/nginx.conf": main, "/etc/nginx/conf.d/a.conf": http}
    return list(judge(Files("/etc/nginx/nginx.conf", names), services))


# rule: what is wrong (its line begins with >), and the like of it that is right
CASES = {
    "NG050": (">server { listen 0.0.0.0:80 default_server; }", "server { listen 81 default_server; }"),
    "NG031": (
        "server { listen *:80;\n>server_name SHOP.example.com; }",
        "server { listen 81; server_name shop.example.com; }",
    ),
    "NG032": (">upstream Shop.canary { server 10.0.0.1:1; }", "upstream shops { server 10.0.0.1:1; }"),
    "NG033": (">proxy_set_header X-Key secret;", "server { listen 81; location / { proxy_set_header X-Key secret; } }"),
    "NG035": (">underscores_in_headers on;", "underscores_in_headers off;"),
    "NG036": (">map $cookie_gray-canary $v { default 1; }", "map $cookie_gray $v { default 1; }"),
    "NG037": (">split_clients $cookie_uid $v { 1% a; * b; }", 'split_clients "x$cookie_uid" $v { 1% a; * b; }'),
    "NG053": (
        ">split_clients x$cookie_uid $v { 1% a; 98.5% b; }",
        "split_clients x$cookie_uid $v { 1% a; 99% b; } split_clients x$cookie_a $w { 1% a; * b; }",
    ),
    "NG038": (">set_real_ip_from 0.0.0.0/0;", "set_real_ip_from 10.0.0.0/8;"),
    "NG039": (
        "map $arg_a $v { ~^(.)$ $1; }\nserver { listen 81;\n location ~ ^/(.*)$ {\n>return 302 /$1?$v; } }",
        "map $arg_a $v { ~^(?<n>.)$ $n; }\nserver { listen 81; location ~ ^/(.*)$ { return 302 /$1; } }",
    ),
    "NG040": (
        f">map $uri $v {{ {' '.join(f'~^/{at} 1;' for at in range(30))} }}",
        f"map $uri $v {{ {' '.join(f'/{at} 1;' for at in range(30))} }}",
    ),
    "NG041": (
        "upstream a {server a;} map $arg_v $v {default a; 2 b;}\nserver { location / {\n>proxy_pass http://$v; }}",
        "upstream a { server 10.0.0.1; } map $arg_v $v { default a; } server { location / { proxy_pass http://$v; } }",
    ),
    "NG042": (
        "server { listen 81; location / {\n>proxy_pass http://$arg_host; } }",
        "server { listen 81; resolver 10.0.0.1; location / { proxy_pass http://$arg_host; } }",
    ),
    "NG043": (
        "resolver 10.0.0.1; server { location / {\n>proxy_pass http://$arg_h$uri; } }",
        "resolver 10.0.0.1; server { location / { proxy_pass http://$arg_h$request_uri; } }",
    ),
    "NG044": (
        "server { location / { if ($arg_a) {\n>proxy_pass http://10.0.0.1; } } }",
        "server { location / { if ($arg_a) { return 403; } } }",
    ),
    "NG045": (
        ">upstream a { server 10.0.0.1:1 weight=9; server 10.0.0.2:1; }",
        "upstream a { zone a 64k; server 10.0.0.1:1 weight=9; }",
    ),
    "NG046": (
        ">proxy_next_upstream error http_502;",
        "upstream a { server 10.0.0.1:1 max_fails=0; }\nproxy_next_upstream error http_502;",
    ),
    "NG047": (
        "server { proxy_intercept_errors on;\n>error_page 500 502 @b;\nlocation @b { proxy_pass http://10.0.0.1; } }",
        "server { error_page 500 502 @b; location @b { proxy_pass http://10.0.0.1; } }",
    ),
    "NG048": (
        "server { add_header X-A 1;\nlocation / {\n>add_header X-B 1; } }",
        "server { add_header X-A 1; location / { add_header X-A 1; add_header X-B 1; } }",
    ),
    "NG049": ("server { location / { return 200;\n>deny all; } }", "server { location / { deny all; } }"),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_its_fault_where_it_is_and_nothing_in_what_is_right(rule: str) -> None:
    wrong, right = CASES[rule]
    line = wrong[: wrong.index(">")].count("\n") + 1
    told = [one for one in found(wrong.replace(">", "", 1), SHOP) if one.rule == rule]
    assert [str(one.place) for one in told] == [f"/etc/nginx/conf.d/a.conf:{line}"]
    assert rule not in {one.rule for one in found(right, SHOP)}


def test_old_workers_without_an_end_are_told_once() -> None:
    main = _MAIN.removeprefix("worker_shutdown_timeout 1m; ")
    assert [one.rule for one in found("", SHOP, main=main)] == ["NG034"]
    assert found("", SHOP) == found("", main=main) == []


@pytest.mark.parametrize("directive", ["server_names_hash_bucket_size", "map_hash_bucket_size"])
def test_a_hash_without_room_for_a_service_is_an_error(directive: str) -> None:
    names, users = ("n" * 60,), Users(Source.COOKIE, "uid", ("u" * 60,))
    long = makers.service(
        "long", **({"server_names": names} if "names" in directive else {"override": Override(users=users)})
    )
    for small in ("", f"{directive} 64;", f"{directive} 32;"):
        [told] = [one for one in found(small, SHOP, long) if one.rule == "NG052"]
        assert f"{directive} is 64" in told.message
        assert (told.severity, told.hint) == (Severity.ERROR, f"{directive} 128; in http {{}}")
    for enough in (f"{directive} 128;", f"{directive} 100;", f"{directive} 1k;"):
        assert found(enough, SHOP, long) == []
    assert found("", SHOP) == []


def test_no_two_rules_have_one_id() -> None:
    assert not RULES.keys() & OF_RELEASES.keys()


def test_every_rule_has_a_case_and_says_why() -> None:
    assert set(RULES) == {*CASES, "NG034", "NG052"}
    assert all(why.strip().endswith(".") for why in RULES.values())


def test_what_we_wrote_is_left_to_its_own_rules() -> None:
    main, ours = "events {} http { include nginxgen/live/*.conf; }", CASES["NG048"][0].replace(">", "")
    assert judge(Files("/n/nginx.conf", {"/n/nginx.conf": main, "/n/nginxgen/live/s.conf": ours})) == ()
    assert judge(Files("/n/nginx.conf", {"/n/nginx.conf": main.replace("nginxgen/", ""), "/n/live/s.conf": ours}))


def test_no_secret_is_told() -> None:
    text = "\n".join(wrong.replace(">", "", 1) for wrong, _ in CASES.values())
    said = found(f"{text}\nproxy_set_header Authorization hunter2; auth_basic hunter2 hunter2;", SHOP)
    assert len(said) >= len(CASES)
    assert "hunter2" not in repr(said)


UNREAD: list[tuple[str, int, Severity]] = [  # the file, the line that is told, and what it is where nginx has read it
    ("server {\n listen; }", 2, Severity.WARNING),
    ("server {\n proxy_intercept_errors maybe; }", 2, Severity.WARNING),
    ("events {}", 1, Severity.WARNING),
    ("server {\n listen 80;", 2, Severity.ERROR),
    ("server { }\n}", 2, Severity.ERROR),
    ("dear {\n diary", 2, Severity.ERROR),
    ("server { listen 80 }", 1, Severity.WARNING),
    ("\ninclude gone.conf;", 2, Severity.WARNING),
]


@pytest.mark.parametrize(("text", "line", "where_nginx_has_read_it"), UNREAD)
def test_what_was_not_read_is_an_error_unless_nginx_vouches_for_all_but_a_directive(
    text: str, line: int, where_nginx_has_read_it: Severity
) -> None:
    [told, *_] = [one for one in found(text) if one.rule == "NG001"]
    assert (told.severity, str(told.place)) == (Severity.ERROR, f"/etc/nginx/conf.d/a.conf:{line}")
    assert "was not looked at" in (told.hint or "")
    names = ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/a.conf")
    printed = "".join(
        f"# configuration file {name}:\n{file}\n" for name, file in zip(names, (_MAIN, text), strict=True)
    )
    [told, *_] = [one for one in judge(read(Path("-"), printed)) if one.rule == "NG001"]
    assert told.severity is where_nginx_has_read_it


@pytest.mark.parametrize("text", ["", "# nothing\n", "events {}", "\n"], ids=repr)
def test_where_there_is_nothing_to_judge_that_is_said(text: str) -> None:
    """As of an ssh that failed in front of the pipe."""
    [told] = judge(read(Path("/standard input"), text))
    assert (told.rule, told.severity, told.message) == ("NG001", Severity.ERROR, "there is no http block in it")


def test_an_include_is_found_however_its_path_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("underscores_in_headers on;")
    for written in ("a.conf", "./a.conf", f"{tmp_path}//a.conf", f"../{tmp_path.name}/a.conf", '"a.conf"', "[ab].conf"):
        main = tmp_path / "nginx.conf"
        main.write_text(f"worker_shutdown_timeout 1m; http {{ include {written}; include none/*.conf; }}")
        assert [one.rule for one in judge(read(main))] == ["NG035"], written


def test_a_tree_on_this_machine_and_what_nginx_prints_of_it_are_judged_alike(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    main, part = tmp_path / "nginx.conf", tmp_path / "conf.d" / "a.conf"
    main.write_text(_MAIN)
    part.write_text("include conf.d/*.conf;\nunderscores_in_headers on;\n")  # includes itself
    dump = f"nginx: ok\n# configuration file {main}:\n{_MAIN}\n# configuration file {part}:\n{part.read_text()}\n"
    here = judge(read(main))
    assert [(one.rule, str(one.place)) for one in here] == [("NG035", f"{part}:2")]
    assert judge(read(Path("stdin"), dump)) == here


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read(tmp_path / "none.conf")


def test_a_second_opinion_is_taken_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert second_opinion("/n.conf") == ()
    tool = tmp_path / "gixy"
    rows = '[{"plugin":"ssrf","severity":"HIGH","summary":"SSRF","file":"/n.conf","line":3,"reference":"https://x"}]'
    tool.write_text(f"#!/bin/sh\necho '{rows}'\n")
    tool.chmod(0o755)
    [told] = second_opinion("/n.conf")
    assert (told.rule, told.message, str(told.place)) == ("gixy/ssrf", "SSRF (high)", "/n.conf:3")
    tool.write_text("#!/bin/sh\necho oops\n")
    assert "gives no opinion" in second_opinion("/n.conf")[0].message


@given(st.text("server{};location/ proxy_pass$vhtp:\"'\\\n#add_header", max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    found(text, SHOP)
