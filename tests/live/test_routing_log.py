"""The log names the rule that decided, also for requests that took the short way to their version."""

from __future__ import annotations

import time
from pathlib import Path

import makers
from routing_lab import Ask, Lab

from nginxgen.model.service import Networks, Override, Source, Sticky, Users

ASKED = (
    ("weight", Ask(cookie="sid=a")),
    ("header", Ask(headers=(("X-Gray-Release", "always"),))),
    ("cookie", Ask(cookie="gray_release=never; uid=u1")),
    ("users", Ask(cookie="uid=u1; sid=x")),
    ("networks", Ask(source="127.0.0.9")),
    ("weight", Ask(headers=(("X-Gray-Release", "maybe"),))),
    ("users", Ask(cookie="gray_release=zz; uid=U1")),
    ("users", Ask(cookie="uid=u1", source="127.0.0.9")),
)


def test_the_rule_in_the_log_is_the_one_that_decided(tmp_path: Path) -> None:
    lab, log = Lab.at(tmp_path), tmp_path / "decided.log"
    service = lab.service(
        "shop",
        override=Override(
            makers.HEADER, makers.COOKIE, Users(Source.COOKIE, "uid", ("u1",)), Networks(("127.0.0.9/32",))
        ),
        sticky=Sticky(Source.COOKIE, "sid"),
        server_extra=f"access_log {log} nginxgen;",
    )
    with lab.serving([service], makers.intent([service], "10")):
        versions = [lab.ask("shop", asked).version for _, asked in ASKED]
        deadline = time.monotonic() + 10
        while log.read_text().count("\n") < len(ASKED) and time.monotonic() < deadline:
            time.sleep(0.02)
    lines = [line.split("|") for line in log.read_text().splitlines()]
    # in any order: a line is written after its answer, and workers take turns
    assert sorted((line[3], line[4]) for line in lines) == sorted(
        (rule, str(version)) for (rule, _), version in zip(ASKED, versions, strict=True)
    )
