"""The four plans of inventory/examples, from start to end on real nginx, days in seconds: good canaries and bad."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rollout_driver
from cli_tools import Cli
from receiver import Receiver, receiver

from nginxgen.demo import inventory_text, traffic
from nginxgen.demo.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "inventory/examples"
PLANS = {"a-steps": "36000", "b-watch": "36000", "c-reads-writes": "3600", "d-triggers": "36000"}  # and time scales


@pytest.fixture
def people_told() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def cli(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest, people_told: Receiver) -> Cli:
    """The example's services on the lab's hosts and backends, with all the patience that clients in a test need."""
    text = (EXAMPLES / f"rollout-{request.param}.yml").read_text().partition("services:\n")[2]
    for version in ("v1", "v2"):
        servers = inventory_text.servers(lab.layout, version)
        text = re.sub(rf"{version}: {{servers: .*}}", f"{version}: {{servers: {servers}}}", text)
    text = text.replace("listen: [80]", f"listen: [{lab.layout.web_port}]")
    channels = "{" + ", ".join(f"{level}: ['{people_told.url()}']" for level in ("P1", "P2", "P3")) + "}"
    more = f"    rollout:\n      max_bake: 300d\n      alerts: {channels}\n"
    text = text.replace("    rollout:\n", more).replace("max_bake: 7d, ", "")
    text = re.sub(r"^  ", "", text, flags=re.MULTILINE)
    return Cli(lab.write_inventory(tmp_path / "fleet.yml", text))


def people() -> list[traffic.Request]:
    """A hundred clients, and some of the house."""
    house = {"gray_release": "true", "user_id": "test_user_001", "session_id": "house"}
    clients = [{"session_id": f"s{number}", "user_id": f"u{number}"} for number in range(100)]
    shop = "shop.example.com"
    posts = [traffic.Request(shop, method="POST", cookies=cookies) for cookies in clients[:20]]
    return [*(traffic.Request(shop, cookies=cookies) for cookies in (*clients, *[house] * 20)), *posts]


def said(people_told: Receiver, kind: str) -> list[str]:
    """Of which rollouts people were told this."""
    titles = [message["title"].partition("] ")[2].split(": ") for message in people_told.taken]
    return sorted(name for name, *words in titles if words == [kind])


def reports(cli: Cli) -> list[Any]:
    """The story of each group, as programs read it; people can read it in each form and language."""
    found = []
    for one in cli.json("rollout", "status")["rollouts"]:
        words = ("report", "--service", one["service"], *(("--group", one["group"]) if one["group"] else ()))
        found.append(cli.json(*words))
        for lang, word in (("en", one["canary"]), ("zh", "灰度")):
            assert word in cli(*words, "--format", "html", "--lang", lang).stdout
    return found


def served(story: Any) -> list[Any]:
    """The stages that have begun."""
    return [stage for stage in story["stages"] if stage["started"] is not None]


@pytest.mark.full
@pytest.mark.parametrize("cli", list(PLANS), indirect=True)
def test_a_good_canary_gets_everybody(
    lab: Lab, cli: Cli, people_told: Receiver, request: pytest.FixtureRequest
) -> None:
    cli.patience = 300  # nine steps of two groups, one after the other, each until it has seen enough
    scale = PLANS[request.node.callspec.params["cli"]]
    cli("apply", "--yes")
    cli("rollout", "start", "--time-scale", scale)
    asked = "approval" in cli.inventory.read_text()
    with rollout_driver.clients(lab, *people()):
        if asked:
            cli("rollout", "tick")
            cli("rollout", "approve", "--why", "the house is content")
        cli("rollout", "run", "--to-pause")
    found = cli.json("rollout", "status")["rollouts"]
    assert {one["phase"] for one in found} == {"finished"}, found
    assert {one["weight"] for one in found} == {100}
    assert said(people_told, "finished") == sorted(one["name"] for one in found)
    assert not said(people_told, "aborted")
    for story in reports(cli):
        assert (story["ending"], story["back"]) == ("finished", None)
        assert {(stage["ending"], stage["verdict"]) for stage in story["stages"]} == {("passed", "pass")}
        assert all(stage["canary"]["requests"] for stage in story["stages"] if stage["weight"])
        assert all(
            gate["outcome"] == "pass" and gate["sentence"] for stage in story["stages"] for gate in stage["gates"]
        )
        assert [change["result"] for change in story["changes"]] == ["committed"] * len(story["changes"])
        assert len(story["changes"]) >= len({stage["weight"] for stage in story["stages"]} - {0.0})
        assert [one["why"] for one in story["approvals"]] == ["the house is content"] * asked
        assert [alert["fate"] for alert in story["alerts"]] == ["sent"] * len(story["alerts"])
        assert any("finished" in alert["title"] for alert in story["alerts"])
    cli("rollout", "promote", "--yes")
    assert {story["ending"] for story in reports(cli)} == {"promoted"}
    assert re.search(r"^ +stable: v2$", cli.inventory.read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("cli", "line"),
    [
        ("a-steps", "return 500;"),
        pytest.param("b-watch", "return 500;", marks=pytest.mark.full),
        pytest.param("c-reads-writes", "return 500;", marks=pytest.mark.full),
        pytest.param("d-triggers", "return 500;", marks=pytest.mark.full),
        pytest.param("a-steps", "return 444;", id="gone", marks=pytest.mark.full),  # closes without a word
        pytest.param("d-triggers", "return 444;", id="gone-triggers", marks=pytest.mark.full),
        pytest.param("c-reads-writes", "limit_rate 150;", id="slow", marks=pytest.mark.full),  # a second an answer
    ],
    indirect=["cli"],
)
def test_a_bad_canary_goes_back(
    lab: Lab, cli: Cli, line: str, people_told: Receiver, request: pytest.FixtureRequest
) -> None:
    cli("apply", "--yes")
    cli("rollout", "start", "--time-scale", PLANS[request.node.callspec.params["cli"]])
    with rollout_driver.answering(lab, "v2", line), rollout_driver.clients(lab, *people()):
        cli("rollout", "run", "--to-pause", code=7)
    found = cli.json("rollout", "status")["rollouts"]
    assert {one["phase"] for one in found} == {"aborted"}, found
    assert said(people_told, "aborted") == sorted(one["name"] for one in found)
    assert not said(people_told, "finished")
    stories = reports(cli)
    assert {story["ending"] for story in stories} == {"aborted"}
    first = next(story for story in stories if served(story))
    assert served(first)[-1]["ending"] == "failed"
    assert served(first)[-1]["verdict"] == "fail"
    assert any(gate["outcome"] == "fail" for gate in served(first)[-1]["gates"])
    back = first["back"]
    assert back["since"] <= back["decided"] <= back["served"]
    assert first["derived"]["seconds_back"] == back["served"] - back["decided"]
    touched = first["derived"]["touched"]
    by_weight = any(stage["weight"] for stage in served(first))
    assert (touched["seconds"] > 0) is by_weight, (
        "for how long users were touched: a weight of 0 touches the house alone"
    )
    assert touched["requests"] >= touched["errors"]
    assert back["reason"]
    assert back["by"] == "", "no person went back"
    assert any("aborted" in alert["title"] for alert in first["alerts"])
    anonymous = traffic.Request("shop.example.com")
    assert traffic.count([host.web for host in lab.hosts], anonymous, 30) == {"v1": 30}


def failing(cli: Cli, group: str) -> dict[str, str]:
    """What each gate that ended a group's last step said, by metric."""
    story = cli.json("report", "--service", "shop", "--group", group)
    assert story["ending"] == "aborted"
    last = served(story)[-1]
    assert (last["ending"], last["verdict"]) == ("failed", "fail")
    return {gate["metric"]: gate["sentence"] for gate in last["gates"] if gate["outcome"] == "fail"}


@pytest.mark.full  # the short run has the other one
@pytest.mark.parametrize("cli", ["c-reads-writes"], indirect=True)
def test_a_share_that_routing_does_not_deliver_goes_back(lab: Lab, cli: Cli, people_told: Receiver) -> None:
    """The few clients who come by their session are all of the canary's: it is well, and has not what was asked."""
    cli.rewrite("    routes:\n", "    sticky: {cookie: session_id}\n    routes:\n")
    cli("apply", "-w", "10", "--yes")
    sessions = [traffic.Request("shop.example.com", cookies={"session_id": f"s{number}"}) for number in range(100)]
    answers = traffic.send_each([host.web for host in lab.hosts], sessions).answers
    few = [session for session, answer in zip(sessions, answers, strict=True) if answer.version == "v2"]
    assert few
    cli("apply", "-w", "0", "--yes")
    cli("rollout", "start", "--time-scale", PLANS["c-reads-writes"])
    with rollout_driver.clients(lab, *few):
        cli("rollout", "run", "--to-pause", code=7)
    told = failing(cli, "reads")
    assert list(told) == ["share"]
    assert told["share"].startswith("share is 100 %")
    assert told["share"].endswith("± 10% of 10 % does not hold")
    assert "shop/reads" in said(people_told, "aborted")


@pytest.mark.parametrize("cli", ["c-reads-writes"], indirect=True)
def test_data_that_a_command_finds_inconsistent_goes_back(lab: Lab, cli: Cli, people_told: Receiver) -> None:
    """Every answer is 200 in good time; only the program of one's own knows that what was written is wrong."""
    cli.rewrite('{command: ["true"]}', '{command: ["false"]}')
    cli.rewrite("after: reads\n", "rollback: {error_rate: '> 10%'}\n")  # at once: the first group is another test's
    cli("apply", "--yes")
    cli("rollout", "start", "--group", "writes", "--time-scale", PLANS["c-reads-writes"])
    with rollout_driver.clients(lab, *people()):
        cli("rollout", "run", "--group", "writes", "--to-pause", code=7)
    assert failing(cli, "writes") == {"consistency": "consistency says no"}
    assert said(people_told, "aborted") == ["shop/writes"]
    anonymous = traffic.Request("shop.example.com", method="POST")
    assert traffic.count([host.web for host in lab.hosts], anonymous, 30) == {"v1": 30}
