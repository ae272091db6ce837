"""Whatever stands in a value, nginx reads back exactly that."""

from __future__ import annotations

import http.client
import random
from pathlib import Path

import nginx_lab
from hostile import HOSTILE
from nginx_lab import ADDRESS

from nginxgen.errors import InputError
from nginxgen.render import quote
from nginxgen.render.quote import Regex, Var

_ALPHABET = "abc019 \"'\\;{}$#~*()[]|.^?/@:=,&%<>!`-_\u00e9\u65e5\U0001f600"
_GEO = 'geo $nginxgen_dollar { default "$"; }'


def strings(number: int) -> list[str]:
    """Hostile ones, and random ones of the worst characters; the same on every run."""
    chance = random.Random(7)
    made = ["".join(chance.choices(_ALPHABET, k=chance.randint(1, 14))) for _ in range(number)]
    return list(dict.fromkeys([*HOSTILE, *made]))


def accepted(filter_, values: list[str]) -> dict[str, str]:
    """What the filter makes of each value; those that it refuses are left out."""
    found: dict[str, str] = {}
    for value in values:
        try:
            found[value] = filter_(value)
        except InputError:
            continue
    return found


def test_literals_come_back_as_they_are(tmp_path: Path) -> None:
    literals = accepted(quote.literal, strings(1_200))
    [port] = nginx_lab.free_ports(1)
    locations = "\n".join(f"location = /{at} {{ return 200 {text}; }}" for at, text in enumerate(literals.values()))
    config = f"{_GEO} server {{ listen {ADDRESS}:{port}; {locations} }}"
    assert len(literals) > 1_200
    with nginx_lab.running(tmp_path, port, config, workers=1):
        connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
        for at, value in enumerate(literals):
            connection.request("GET", f"/{at}")
            assert connection.getresponse().read().decode() == value
        connection.close()


def test_map_keys_match_their_text_and_no_other(tmp_path: Path) -> None:
    sendable = [value for value in strings(900) if value == value.strip() and value and len(value.encode()) < 4_000]
    distinct = {value.encode().lower(): value for value in sendable}  # nginx compares keys without case
    keys = accepted(quote.map_key, list(distinct.values()))
    [port] = nginx_lab.free_ports(1)
    rows = "\n".join(f"{key} {at};" for at, key in enumerate(keys.values()))
    config = f"""
        {_GEO} map $http_x_key $found {{ default none; {rows} }}
        server {{ listen {ADDRESS}:{port}; large_client_header_buffers 4 32k; location / {{ return 200 $found; }} }}
    """
    assert len(keys) > 800
    with nginx_lab.running(tmp_path, port, config, workers=1):
        connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
        for at, value in enumerate(keys):
            for sent, expected in ((value, str(at)), (f"{value}x0", "none")):
                connection.request("GET", "/", headers={"X-Key": sent.encode()})
                assert connection.getresponse().read().decode() == expected, sent
        connection.close()


def test_what_every_filter_accepts_is_one_word_to_nginx() -> None:
    for value in strings(300):
        for text in accepted(lambda given: quote.map_key(Regex(quote.pcre(given))), [value]).values():
            assert text.startswith('"~*')
    assert quote.argument(Var("a_b")) == "$a_b"
