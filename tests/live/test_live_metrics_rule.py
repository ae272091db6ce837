"""The metrics log of real nginx names the rule that decided, the version asked, and the route, as rendered."""

from __future__ import annotations

from pathlib import Path

import makers
import pytest
from nginx_lab import ADDRESS, until
from routing_lab import Ask, Lab

from nginxgen.model.intent import Intent
from nginxgen.model.service import Networks, Override, Route, Source, Sticky, Users
from nginxgen.model.sources import Sources

LINE = "access_log {log} nginxgen buffer=64k flush=1s if=$nginxgen_log;"
ALL = Override(makers.HEADER, makers.COOKIE, Users(Source.COOKIE, "uid", ("u1",)), Networks(("127.0.0.9/32",)))
CASES = {
    "nobody": (Ask(), "weight"),
    "header": (Ask(headers=(("X-Gray-Release", "always"),), cookie="gray_release=never"), "header"),
    "cookie": (Ask(cookie="gray_release=never; uid=u1"), "cookie"),
    "users": (Ask(cookie="uid=u1"), "users"),
    "networks": (Ask(source="127.0.0.9"), "networks"),
}


@pytest.mark.parametrize("weight", ["0", "50", "100"])
@pytest.mark.parametrize("sticky", [None, Sticky(Source.COOKIE, "sid")], ids=["by request", "by client"])
def test_the_line_says_who_decided(tmp_path: Path, weight: str, sticky: Sticky | None) -> None:
    lab = Lab.at(tmp_path)
    log = tmp_path / "nginxgen-metrics.log"
    routes = (Route("reads", "/a", methods=("GET",)), Route("writes", "/a"), Route("default", "/"))
    shop = lab.service("shop", override=ALL, sticky=sticky, routes=routes, server_extra=LINE.format(log=log))
    with lab.serving((shop,), makers.intent((shop,), weight), workers=1):  # one, so that lines are in order
        wanted = []
        for ask, rule in CASES.values():
            for method, path, route in (("GET", "/a", "reads"), ("HEAD", "/a", "reads"), ("POST", "/a", "writes"),
                                        ("GET", "/", "default")):  # fmt: skip
                asked = Ask(method=method, path=path, headers=ask.headers, cookie=ask.cookie, source=ask.source)
                answered = lab.ask("shop", asked)
                wanted.append((route, rule, answered.version))
        until(lambda: log.read_text().count(";\n") == len(wanted), "not every line was written")
    lines = [line.split("\t")[0].split("|") for line in log.read_text().splitlines()]
    found = [(parts[2], parts[3], parts[4]) for parts in lines]
    addresses = {f"{ADDRESS}:{lab.v1}": "v1", f"{ADDRESS}:{lab.v2}": "v2"}
    for (route, rule, answered), line, parts in zip(wanted, found, lines, strict=True):
        assert line[:2] == (route, rule)
        assert line[2] in ("-", answered), "the version asked is the one that answered, or known by its address alone"
        assert (line[2] == "-") == (rule == "weight" and weight == "50" and sticky is None)
        assert addresses[parts[6]] == answered


def test_metrics_off_writes_nothing_and_needs_no_format() -> None:
    from nginxgen.render import render  # noqa: PLC0415  (only here)

    shop = makers.service("shop", override=makers.BOTH, metrics=Sources(log=False))
    release = render((shop,), Intent({"shop": makers.service_intent(shop)}), makers.host())
    assert not any("nginxgen_log" in file.text or file.name == "versions" for file in release.files)
