"""How a request is read: as nginx reads it, quirks included."""

from __future__ import annotations

import pytest
from buckets import murmur2 as second_opinion
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.errors import InputError
from nginxgen.explain import Dialect, Request, headers
from nginxgen.explain.address import client, text
from nginxgen.explain.places import compiled
from nginxgen.explain.uri import parse
from nginxgen.model.draw import murmur2
from nginxgen.model.service import RealIp

OLD, NEW, NEWEST = Dialect.of("1.22.1"), Dialect.of("nginx/1.25.3 (Ubuntu)"), Dialect.of("1.29.6")


@pytest.mark.parametrize(("target", "path"), [
    ("/", "/"), ("/a//b", "/a/b"), ("/a/./b/../c", "/a/c"), ("/a/..", "/"), ("/a/b/..", "/a/"), ("/a/.", "/a/"),
    ("/%61%2Fb", "/a/b"), ("/%2e%2e/", None), ("/..", None), ("/a/%2e%2e/b", "/b"), ("/%252e", "/%2e"),
    ("/%3fx", "/?x"),
    ("/%23", "/#"), ("/a#b", "/a"), ("/a#b?c", "/a"), ("/%00", None), ("/%zz", None), ("/%", None), ("/a b", None),
    ("x", None), ("/...", "/..."), ("/.x/..y", "/.x/..y"), ("/a/..?x", "/"), ("/+", "/+"), ("/..%23", "/..#"),
])  # fmt: skip
def test_a_path_is_decoded_and_resolved_once(target: str, path: str | None) -> None:
    found = parse(target.encode())
    assert (None if found is None else found.path.decode()) == path


@given(st.text(alphabet="/.a%2eE5Ff#?", max_size=30).map(lambda tail: f"/{tail}"))
def test_a_path_that_is_read_has_no_dot_segments_and_no_empty_ones(target: str) -> None:
    found = parse(target.encode())
    if found is not None:
        inner = found.path.split(b"/")[1:]
        assert found.path.startswith(b"/")
        assert b"" not in inner[:-1]
        assert not {b".", b".."} & set(inner)


@pytest.mark.parametrize(("lines", "name", "value"), [
    (["a=1"], "a", "1"), (["A=1"], "a", "1"), (["a=1; a=2"], "a", "1"), (["b=2; a=1"], "a", "1"),
    (["xa=2; a=1"], "a", "1"),
    (["ax=2; a=1"], "a", "1"), (["a = 1 "], "a", "1"), (["a=1 ; b=2"], "a", "1 "), (['a="1"'], "a", '"1"'),
    (["a; a=1"], "a", ""), (["b; a=1"], "a", "1"),
    (["a;a=1"], "a", ""), (["b=1,a=2"], "a", "2"), (["a=1,2"], "a", "1,2"), (["a="], "a", ""),
    (["b=1", "a=2"], "a", "2"), (["a=1", "a=2"], "a", "1"), ([], "a", ""), (["a=é"], "a", "é"),
    (["b=1,g-r=2"], "g-r", ""), (["b=1;G-R= 2"], "g-r", "2"), (["g-r;g-r=2"], "g-r", "2"),
    (["g-r=1", "g-r=2"], "g-r", "1"),
])  # fmt: skip
def test_a_cookie_is_the_first_of_its_name(lines: list[str], name: str, value: str) -> None:
    request = Request(headers=tuple(("Cookie", line) for line in lines))
    assert headers.cookie(request, name, OLD) == value.encode()


def test_newer_versions_split_cookies_at_semicolons_only() -> None:
    request = Request(headers=(("Cookie", "b=1,a=2"),))
    assert headers.cookie(request, "a", NEW) == b"2"
    assert headers.cookie(request, "a", NEWEST) == b""


def test_of_two_headers_the_first_counts_or_all_of_them() -> None:
    request = Request(headers=(("X-A", " 1 "), ("x-a", "2"), ("X_A", "3")))
    assert headers.header(request, "X-A", OLD) == b"1"
    assert headers.header(request, "x-A", NEW) == b"1, 2"
    assert headers.header(Request(headers=(("X_A", "3"),)), "X-A", OLD) == b""


@pytest.mark.parametrize(("args", "value"), [
    ("uid=1", "1"), ("UID=1", "1"), ("uid=1&uid=2", "1"), ("uid&uid=2", "2"), ("xuid=1&uid=2", "2"), ("uidx=1", ""),
    ("uid=a%20b+c", "a%20b+c"), ("uid=", ""), ("", ""), ("a=1;uid=2", ""), ("uid=x=y", "x=y"),
])  # fmt: skip
def test_a_query_argument_is_the_first_as_it_stands(args: str, value: str) -> None:
    assert headers.query(args.encode(), "uid") == value.encode()


@pytest.mark.parametrize(("lines", "seen"), [
    (["10.8.0.1"], "10.8.0.1"), (["1.1.1.1, 10.8.0.1"], "10.8.0.1"), (["10.8.0.1, 127.0.0.9"], "10.8.0.1"),
    (["10.8.0.1:80"], "10.8.0.1"), (["[2001:DB8::1]:443"], "2001:db8::1"), (["nonsense"], "127.0.0.1"),
    ([], "127.0.0.1"),
    (["10.8.0.1", "127.0.0.9"], "10.8.0.1"), (["10.8.0.1", ""], "127.0.0.1"), (["nonsense, 127.0.0.9"], "127.0.0.9"),
    ([",10.8.0.1"], "127.0.0.1"), (["255.255.255.255"], "127.0.0.1"), (["::ffff:1.2.3.4"], "::ffff:1.2.3.4"),
])  # fmt: skip
def test_behind_proxies_the_last_address_that_is_none_of_theirs_is_the_clients(lines: list[str], seen: str) -> None:
    request = Request(headers=tuple(("X-Forwarded-For", line) for line in lines), address="127.0.0.1")
    found = client(request, RealIp(("127.0.0.0/8",)))
    assert found is not None
    assert text(found) == seen


def test_a_stranger_cannot_claim_another_address() -> None:
    request = Request(headers=(("X-Forwarded-For", "10.8.0.1"),), address="192.0.2.1")
    assert str(client(request, RealIp(("127.0.0.0/8",)))) == "192.0.2.1"


@given(st.binary(max_size=40))
def test_the_hash_is_murmur2(data: bytes) -> None:
    assert murmur2(data) == second_opinion(data)


@pytest.mark.parametrize("pattern", [r"\Qx\E", "(?R)", "[[:foo:]]", "(", r"\p{L}", "(*UTF8)x"])
def test_a_pattern_that_python_reads_otherwise_is_refused_with_a_hint(pattern: str) -> None:
    with pytest.raises(InputError) as caught:
        compiled(pattern)
    assert caught.value.hint == "nginxgen prove asks nginx"


@pytest.mark.parametrize(("wrong", "says"), [
    ({"method": "get"}, "not a method"), ({"path": "x"}, "not a path"), ({"path": "/a b"}, "not a path"),
    ({"query": "a\nb"}, "not a path"), ({"headers": (("X A", "1"),)}, "not a header"),
    ({"cookies": (("a", "1\r\nEvil: 1"),)}, "not a header"), ({"address": "10.8.0"}, "not an address"),
])  # fmt: skip
def test_a_request_that_http_does_not_have_is_refused(wrong: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Request(**wrong).checked()
