"""What a proof takes out of server_extra: who may come in, and nothing else; every line stays where it was."""

from __future__ import annotations

import pytest

from nginxgen.prove.extra import left_out, without


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("client_max_body_size 1m;", ()),
        ("deny all;", ("deny all",)),
        ("satisfy any;\nauth_basic 'who;';\nauth_request /a;", ("satisfy any", "auth_basic 'who;'", "auth_request /a")),
        ("location /x { return 403; }", ("return 403",)),
        ("location /x { return 404; }\nreturn 301 https://$host;", ()),
        ("# deny all;\nadd_header X 'deny all;';", ()),
        ("ssl_verify_client on; proxy_ssl_verify on;", ("ssl_verify_client on", "proxy_ssl_verify on")),
        ("allow 10.0.0.0/8; allow 10.0.0.0/8;", ("allow 10.0.0.0/8",)),
    ],
)  # fmt: skip
def test_what_is_taken_out(text: str, taken: tuple[str, ...]) -> None:
    assert left_out(text) == taken
    rest = without(text)
    assert left_out(rest) == ()
    assert len(rest) == len(text)
    assert rest.count("\n") == text.count("\n")
    if not taken:
        assert rest == text


def test_what_only_the_host_has_is_told_too() -> None:
    assert left_out("include snippets/a.conf;\nlimit_req zone=a;") == ("include snippets/a.conf", "limit_req zone=a")


def test_a_brace_that_is_missing_stops_nothing() -> None:
    assert without("deny all; }") == "          }"
