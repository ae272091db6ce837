"""The types at the door: what each takes, what it makes of it, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nginxgen.inventory.words import listen, names, network, paths, values
from nginxgen.inventory.words.bad import BadValue

TAKEN: list[tuple[Callable[[str], object], str, object]] = [
    (network.server_address, "10.0.1.10:5000", "10.0.1.10:5000"),
    (network.server_address, "[FD00::0:1]:80", "[fd00::1]:80"),
    (network.server_address, "Backend_1.internal:65535", "backend_1.internal:65535"),
    (network.server_address, "localhost:1", "localhost:1"),
    (network.server_address, "unix:/run//a.sock", "unix:/run/a.sock"),
    (network.host_address, "edge-1", "edge-1"),
    (network.host_address, "[fd00::1]", "fd00::1"),
    (network.server_name, "Shop.Example.COM", "shop.example.com"),
    (network.server_name, "*.example.com", "*.example.com"),
    (network.server_name, "www.example.*", "www.example.*"),
    (network.server_name, "_", "_"),
    (network.server_name, "10.0.0.1", "10.0.0.1"),
    (network.server_name, "_dmarc.a_b.com", "_dmarc.a_b.com"),
    (network.bind, "::1", "[::1]"),
    (network.bind, "[::1]", "[::1]"),
    (network.bind, "127.0.1.1", "127.0.1.1"),
    (network.cidr, "10.0.0.1", "10.0.0.1/32"),
    (network.cidr, "FD00::/8", "fd00::/8"),
    (network.cidr, "0.0.0.0/0", "0.0.0.0/0"),
    (network.port, "1", 1),
    (listen.listen, "80", "80"),
    (listen.listen, "443   ssl  http2", "443 ssl http2"),
    (listen.listen, "127.0.0.1", "127.0.0.1:80"),
    (listen.listen, "[::1]", "[::1]:80"),
    (listen.listen, "*:8080 default_server", "*:8080 default_server"),
    (listen.listen, "localhost:80", "localhost:80"),
    (listen.listen, "unix:/run/a.sock proxy_protocol", "unix:/run/a.sock proxy_protocol"),
    (listen.listen, "80 backlog=511 rcvbuf=8k so_keepalive=30m::10", "80 backlog=511 rcvbuf=8k so_keepalive=30m::10"),
    (listen.listen, "[::]:80 ipv6only=on reuseport", "[::]:80 ipv6only=on reuseport"),
    (paths.absolute_path, "/etc//nginx/./nginx.conf", "/etc/nginx/nginx.conf"),
    (paths.absolute_path, "/srv/r\u00e9sum\u00e9", "/srv/r\u00e9sum\u00e9"),
    (paths.relative_folder, "sites/nginxgen/", "sites/nginxgen"),
    (paths.request_path, "/", "/"),
    (paths.request_path, "/api/v1/=x,y:@~", "/api/v1/=x,y:@~"),
    (paths.request_path, "/caf\u00e9", "/caf\u00e9"),
    (paths.request_target, "/health?full=%20", "/health?full=%20"),
    (paths.regex, "^/a{2}(?:b|c)(?<!x);$", "^/a{2}(?:b|c)(?<!x);$"),
    (values.duration, "500ms", "500ms"),
    (values.seconds, "10s", "10s"),
    (values.word, "u 1", "u 1"),
    (values.word, '~"$;{}', '~"$;{}'),
    (values.word, "\u65e5\u672c", "\u65e5\u672c"),
    (values.raw, "a\n\tb;", "a\n\tb;"),
    (values.whole(0, 5), "5", 5),
    (names.service, "a_b-1", "a_b-1"),
    (names.version, "v1.10-RC1", "v1.10-RC1"),
    (names.cookie, "connect.sid", "connect.sid"),
    (names.cookie, "__Host-gray", "__Host-gray"),
    (names.header, "X-Gray-Release", "X-Gray-Release"),
    (names.user, "DOMAIN\\jo.doe", "DOMAIN\\jo.doe"),
    (names.user, "jo@corp.example", "jo@corp.example"),
]

# A table of words reads best in lines.
# fmt: off
REFUSED: list[tuple[Callable[[str], object], list[str]]] = [
    (network.server_address, [
        "", ":", ":80", "a:", "a:0", "a:65536", "a:080", "a:+1", "a:1 ", "a b:1", "1.2.3:1", "1.2.3.4.5:1",
        "01.2.3.4:1", "-a:1", "a-:1", "a..b:1", "a.:1", "::1:80", "[::1]", "[1.2.3.4]:1", "[::1%lo]:1", "unix:",
        "unix:a", "unix:/a b", "a:\uff18\uff10", "\u212a:1", "a;b:1", "${a}:1", "0x7f.1:80", "127.1:80",
        "grpc://a:1", f"{'a' * 64}:1", f"{'a.' * 130}a:1",
    ]),
    (network.host_address, [
        "", "-oX=1", "a b", "user@a", "ssh://a", "a:22", "1.2.3", "[a]", "a\nb",
    ]),
    (network.server_name, [
        "", "*", "*.", ".*", "*.*", "a.*.b", "*.a.*", ".a", "a.", "a..b", "-a", "a b", "a;", "~a", "a:80",
        "\u00e9.com", "\u212a", "$hostname", "__.a:", f"{'a' * 64}.com", f"{'a.' * 127}com", '"', "a\n",
    ]),
    (network.bind, [
        "", "eth0", "localhost", "10.0.0.1:80", "[10.0.0.1", "fe80::1%eth0",
    ]),
    (network.cidr, [
        "", "10.0.0.1/8", "10.0.0.0/33", "a", "10.0.0.0-10.0.0.9", "10.0.0.0/255.0.0.0.0", "all", "unix:",
    ]),
    (listen.listen, [
        "", " ", " 80", "0", "65536", "080", "80-82", "-80", "80;", "80 foo", "80 ssl ssl", "80 backlog",
        "80 backlog=x", "80 backlog=1 backlog=2", "80 so_keepalive=x", "80 default", "80\tssl", "80\nssl", "::1",
        "a b", "[::1", "unix:x", "80 ssl=1", "80 ssl}", "~80", "$p", "\uff18\uff10", "1.2.3.4:", "1.2.3.256:80",
    ]),
    (paths.absolute_path, [
        "", "/", "a", "./a", "~/a", "/a b", "/a\n", "/a\0", "/..", "/a/../b", "/a*", "/a?", "/[a]", "/a;b", "/{a",
        "/a}", '/"', "/'", "/$a", "/a`", "/a\\", "/#", "/a|b", "/a&b", "/<a", "//", "/.", "/\u202e", "/\xa0",
        f"/{'a' * 1_000}", "C:/x",
    ]),
    (paths.relative_folder, [
        "", "/a", "..", "../a", ".", "a b", "*",
    ]),
    (paths.request_path, [
        "", "a", "/a b", "/a?b", "/a#b", "/a%2f", "//", "/a//b", "/./a", "/..", "/a/..", "/{", "/}", "/;", '/"',
        "/'", "/$a", "/\\", "/`", "~ .*", "= /", "@a", "/\n", "/\x7f", f"/{'a' * 1_000}",
    ]),
    (paths.request_target, [
        "", "a", "/a b", "/\u00e9", "/;", "/$a", "/\n",
    ]),
    (paths.regex, [
        "", "(", "[", "*", "a\nb", "(?<n>a)", "(?P<n>a)", "(?'n'a)", "\\", "a" * 1_001, "a{2,1}",
    ]),
    (values.duration, [
        "", "0s", "3", "3 s", "-3s", "3d", "1.5s", "3S", "1000000s", "03s", "3s;", "1m30s",
    ]),
    (values.seconds, [
        "500ms", "3",
    ]),
    (values.word, [
        "", " ", " a", "a ", "a\n", "a\tb", "a\0", "a\x7f", "a\x85", "a\u200bb", "a\u202eb", "\xa0a", "a\ufeff",
        "a" * 1_001,
    ]),
    (values.raw, [
        "a\0", "a\r", "a\x1b", "a\u2028b", "a\u202e", "a\ufeff",
    ]),
    (values.whole(1, 5), [
        "", "0", "6", "-1", "1.0", "1e0", "one", " 1", "\u0661", "0x1", "1_0", "+1", "nan", "9" * 30,
    ]),
    (names.service, [
        "", "A", "a.b", "-a", "_a", "a b", "a/b", "..", "a" * 64, "\u00e9", "a\n",
    ]),
    (names.version, [
        "", ".a", "-a", "a b", "a/b", "a" * 64, "a\n", "\u00e9",
    ]),
    (names.cookie, [
        "", "a b", "a=b", "a;b", 'a"', "a$", "a" * 65, "\u00e9", "a\n",
    ]),
    (names.header, [
        "", "X_Gray", "-X", "X Gray", "X:", "X.Y", "\u00e9", "X\n", "a" * 65,
    ]),
    (names.query, [
        "", "a-b", "a=b", "a[]", "\u00e9", "a" * 65,
    ]),
    (names.user, [
        "", "-o", "a b", "a;b", "$a", "a\n", "a" * 66,
    ]),
]
# fmt: on


@pytest.mark.parametrize(("check", "text", "meant"), TAKEN, ids=[f"{c.__qualname__}-{t}" for c, t, _ in TAKEN])
def test_a_value_is_taken_as(check, text, meant):
    assert check(text) == meant
    assert meant != str(meant) or check(str(meant)) == meant, "what it makes of a value means itself"


@pytest.mark.parametrize(
    ("check", "text"),
    [(check, text) for check, texts in REFUSED for text in texts],
    ids=[f"{index}-{text[:20]!a}" for index, (_, texts) in enumerate(REFUSED) for text in texts],
)
def test_a_value_is_refused_with_a_reason(check, text):
    with pytest.raises(BadValue) as error:
        check(text)
    assert error.value.message
    assert error.value.message.isprintable()
    assert error.value.hint


def test_the_items_of_a_list_are_refused_one_by_one():
    with pytest.raises(BadValue) as error:
        values.each(values.word, ["a", "", None, " b"])
    assert list(error.value.items) == [1, 2, 3]


def test_names_near_and_far():
    from nginxgen.model.nearest import did_you_mean, nearest  # noqa: PLC0415  (beside what it tests)

    assert nearest("Cookei", ["header", "cookie"]) == "cookie"
    assert nearest("x" * 100_000, ["header", "x" * 99_999]) is None
    assert did_you_mean("zzz", []) is None
    assert did_you_mean("zzz", ["a", "b"]) == "known: a, b"
    assert did_you_mean("zzz", [f"name{i}" for i in range(100)]).endswith("and 88 more")
