"""The demo's story: a canary on three hosts, from the first apply to the way back, each claim checked by requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nginxgen.demo.inventory_text import shop
from nginxgen.demo.lab import Lab
from nginxgen.demo.shell import VARIABLE
from nginxgen.demo.stage import Stage
from nginxgen.demo.voice import Voice
from nginxgen.errors import Exit

REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What the story showed: how long each command took, and what was proved on the way."""

    seconds: tuple[tuple[str, float], ...]
    proved: tuple[str, ...]


def tell(lab: Lab, voice: Voice, started: float) -> Told:
    """All steps in their order; `started`: seconds that the fleet took to come up. Raises Disproved."""
    stage = Stage(lab, lab.write_inventory(lab.root / "demo.yml"), voice)
    backends = len(lab.backends)
    voice.say(f"{len(lab.hosts)} hosts (sshd + nginx each) and {backends} backends on loopback, below {lab.root}")
    voice.command(f"export {VARIABLE}={stage.inventory}")
    stage.commands.append(("(the fleet comes up)", started))
    for number, step in enumerate(STEPS, 1):
        voice.title(number, step.title)
        step.act(stage)
    voice.title(len(STEPS) + 1, "How long each took")
    voice.times(stage.commands)
    voice.say(f"{len(stage.proved)} claims checked, all of them so")
    return Told(tuple(stage.commands), tuple(stage.proved))


def first_apply(stage: Stage) -> None:
    stage.run("apply", "--yes")
    stage.claim("every host serves stable only", holds=(seen := stage.count(300)) == {"v1": 300}, found=seen)


def plan(stage: Stage) -> None:
    before = stage.fleet()
    stage.run("plan", "--weight", "10")
    actions = [host["action"] for host in stage.ask("plan", "--weight", "10")["hosts"]]
    stage.claim("all three hosts would change", holds=actions == ["change"] * 3, found=actions)
    stage.claim("and none did", holds=(after := stage.fleet()) == before, found=after)


def apply_ten(stage: Stage) -> None:
    stage.run("apply", "--weight", "10", "--yes")
    fleet = stage.fleet()
    stage.claim("every host runs what it would boot", holds=fleet.live == fleet.running, found=fleet)
    stage.claim("every host has the weight 10", holds=fleet.weights == {10}, found=fleet)


def count(stage: Stage) -> None:
    seen = stage.count(REQUESTS)
    share = 100 * seen["v2"] / REQUESTS
    stage.voice.say(f"{REQUESTS} requests: " + ", ".join(f"{version} {seen[version]}" for version in sorted(seen)))
    stage.claim(f"v2 got {share:g} %, and 10 % was asked for", holds=9 <= share <= 11, found=seen)  # noqa: PLR2004
    stage.claim("every request was answered", holds=seen["v1"] + seen["v2"] == REQUESTS, found=seen)


def cookie(stage: Stage) -> None:
    stage.voice.say("The same request with a cookie, 100 times each:")
    always, never = stage.count(100, gray_release="always"), stage.count(100, gray_release="never")
    stage.claim("gray_release=always: 100 of 100 by v2", holds=always == {"v2": 100}, found=always)
    stage.claim("gray_release=never: 100 of 100 by v1", holds=never == {"v1": 100}, found=never)


def unchanged(stage: Stage) -> None:
    before = stage.workers()
    stage.run("apply", "--yes")
    after = stage.workers()
    stage.claim("no nginx was reloaded: the workers are the same", holds=after == before, found=(before, after))


def broken(stage: Stage) -> None:
    extra = "server_extra: |\n  ssl_certificate /nowhere/shop.pem;\n  ssl_certificate_key /nowhere/shop.key;\n"
    path = stage.lab.write_inventory(stage.lab.root / "broken.yml", shop(stage.lab.layout, extra=extra))
    stage.voice.say("broken.yml names a certificate that is on no host.")
    before = stage.fleet(), stage.workers()
    stage.run("apply", "--yes", inventory=path, exits=(Exit.INPUT, Exit.REFUSED))
    after = stage.fleet(), stage.workers()
    stage.claim("no host was touched: same release, same workers", holds=after == before, found=(before, after))


def treacherous(stage: Stage) -> None:
    taken = f"{stage.lab.hosts[-1].address}:{stage.lab.hosts[-1].ssh_port}"
    text = shop(stage.lab.layout).replace("listen: [", f'listen: ["{taken}", ')
    path = stage.lab.write_inventory(stage.lab.root / "treacherous.yml", text)
    stage.voice.say(f"treacherous.yml listens on {taken} too, where sshd does: nginx -t is content, a reload is not.")
    before = stage.fleet()
    stage.run("apply", "--yes", inventory=path, exits=(Exit.REFUSED,))
    after = stage.fleet()
    stage.claim("it was seen before any host was touched", holds=after == before, found=(before, after))
    seen = stage.count(300)
    serves = set(seen) == {"v1", "v2"} and seen["v2"] < seen["v1"]
    stage.claim("and the fleet serves both versions as before, without a failed request", holds=serves, found=seen)


def revert(stage: Stage) -> None:
    stage.run("revert", "--yes")
    stage.claim("v2 gets nothing any more", holds=(seen := stage.count(300)) == {"v1": 300}, found=seen)


def tail(stage: Stage) -> None:
    stage.run("history")
    stage.run("status")


@dataclass(frozen=True, slots=True)
class Step:
    """A chapter of the story."""

    title: str
    act: Callable[[Stage], None]


STEPS = (
    Step("The first apply: the service on every host, all of it stable", first_apply),
    Step("What would 10 % change?", plan),
    Step("10 % to the canary, on all hosts or none", apply_ten),
    Step("Who answers?", count),
    Step("The cookie beats the weight", cookie),
    Step("The same again changes nothing", unchanged),
    Step("A broken change is refused", broken),
    Step("A change that nginx -t passes and nginx can't run", treacherous),
    Step("Back", revert),
    Step("What the hosts remember", tail),
)
