"""Units: how often, as whom, behind which walls. `full` tests let systemd judge them."""

from __future__ import annotations

from configparser import RawConfigParser
from dataclasses import replace

import makers
import pytest
from exported import plans

from nginxgen.export.systemd import Caller, quoted, reaches, units
from nginxgen.model.host import Transport
from nginxgen.model.rollout import Hooks
from nginxgen.model.sources import LOG_ONLY, NamedCommand, Sources

CALLER = Caller("/opt/nginx gen/bin/nginxgen", "/srv/100%/fleet.yml", "deploy")


def read(text: str) -> RawConfigParser:
    parser = RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string(text)
    return parser


def test_the_timer_looks_as_often_as_the_closest_watch_asks() -> None:
    service, timer = units(plans(), CALLER, "")
    assert (service.name, timer.name) == ("nginxgen-rollout-shop.service", "nginxgen-rollout-shop.timer")
    assert read(timer.text)["Timer"]["OnUnitActiveSec"] == "7s"
    assert read(timer.text)["Install"]["WantedBy"] == "timers.target"


def test_the_service_looks_once_at_this_service_as_this_user() -> None:
    found = read(units(plans(), CALLER, "")[0].text)["Service"]
    assert (found["Type"], found["User"]) == ("oneshot", "deploy")
    command = '"/opt/nginx gen/bin/nginxgen" rollout tick -i "/srv/100%%/fleet.yml" --service shop'
    assert found["ExecStart"] == command


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/usr/bin/nginxgen", "/usr/bin/nginxgen"),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("", '""'),
        (";", '";"'),
    ],
)
def test_words_reach_the_program_as_they_are(word: str, written: str) -> None:
    assert quoted(word) == written


def test_what_only_speaks_over_ssh_stands_behind_walls() -> None:
    assert reaches(plans(), LOG_ONLY, [makers.host()]) == ""
    found = read(units(plans(), CALLER, "")[0].text)["Service"]
    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["CapabilityBoundingSet"]) == ("strict", "yes", "")


def test_what_works_on_this_machine_does_not_and_says_why() -> None:
    local = replace(makers.host(), transport=Transport.LOCAL)
    hooked = plans(hooks=Hooks(on_abort=("systemctl stop shop-v2",)))
    counted = Sources(commands=(NamedCommand("rows", ("rows",)),))
    assert reaches(plans(), LOG_ONLY, [makers.host(), local]) == "hosts that are this machine"
    assert reaches(hooked, LOG_ONLY, [makers.host()]) == "hooks"
    assert reaches(plans(), counted, [makers.host()]) == "commands for figures"
    text = units(plans(), CALLER, "hooks")[0].text
    assert "at work in a look: hooks." in text
    assert not {"ProtectSystem", "NoNewPrivileges", "CapabilityBoundingSet"} & set(read(text)["Service"])
