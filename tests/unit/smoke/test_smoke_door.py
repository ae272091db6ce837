"""Where a service is asked, by its listen and the host."""

from __future__ import annotations

from dataclasses import replace

import makers
import pytest
from states import SHOP

from nginxgen.smoke.door import door, server_name


@pytest.mark.parametrize(
    ("listen", "bind", "at"),
    [
        (("80",), None, "http://127.0.0.1:80"),
        (("80",), "10.0.0.5", "http://10.0.0.5:80"),
        (("80",), "fd00::5", "http://[fd00::5]:80"),
        (("*:8080 default_server",), "10.0.0.5", "http://127.0.0.1:8080"),
        (("0.0.0.0:8080",), None, "http://127.0.0.1:8080"),
        (("[::]:443 ssl ipv6only=on",), None, "https://[::1]:443"),
        (("[fd00::1]:80",), None, "http://[fd00::1]:80"),
        (("10.1.2.3:443 ssl http2",), "10.0.0.5", "https://10.1.2.3:443"),
        (("unix:/run/shop.sock", "443 quic", "443 ssl"), None, "https://127.0.0.1:443"),
        (("unix:/run/shop.sock", "443 quic"), None, "None"),
    ],
)
def test_the_first_listen_that_takes_tcp(listen: tuple[str, ...], bind: str | None, at: str) -> None:
    assert str(door(replace(SHOP, listen=listen), makers.host(bind=bind))) == at


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("shop.example.com", "x"), "shop.example.com"),
        (("*.example.com", "shop.example.com"), "shop.example.com"),
        (("*.example.com",), "smoke.example.com"),
        (("shop.*",), "shop.smoke"),
        ((".example.com",), ".example.com"),
        (("_",), "localhost"),
        ((), "localhost"),
    ],
)
def test_a_name_that_the_service_answers_to(names: tuple[str, ...], host: str) -> None:
    assert server_name(replace(SHOP, server_names=names)) == host.lstrip(".")


def test_a_service_behind_a_balancer_wants_its_proxy_line() -> None:
    found = door(replace(SHOP, listen=("80 proxy_protocol",)), makers.host())
    assert found is not None
    assert found.proxy
