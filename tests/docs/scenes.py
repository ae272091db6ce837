"""The situations that the runbook speaks of, each brought about on a private fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nginxgen import inventory
from nginxgen.cli import run
from nginxgen.demo.lab import Lab
from nginxgen.fleet.connect import Connections
from nginxgen.model.plan import Expected
from nginxgen.ports import HostSession, Note


@dataclass(frozen=True)
class Stage:
    """A fleet, the folder that a person works in, and what has to be ended with the scene."""

    lab: Lab
    folder: Path
    after: ExitStack

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory/fleet.yml"

    def rewrite(self, change: Callable[[str], str]) -> None:
        self.inventory.write_text(change(self.inventory.read_text()))

    def nginxgen(self, *words: str) -> None:
        code = run(["-i", str(self.inventory), *words])
        assert code == 0, f"nginxgen {' '.join(words)}: {code}"

    def session(self, name: str) -> HostSession:
        """A conversation with one host, ended with the scene."""
        connections = Connections()
        self.after.callback(connections.close)
        (host,) = inventory.load(self.inventory).hosts([name])
        session = connections.connect(host)
        self.after.callback(session.close)
        return session


def fresh(stage: Stage) -> None:
    """nginxgen has not been here before."""


def applied(stage: Stage) -> None:
    stage.nginxgen("apply", "--yes")


def at_ten(stage: Stage) -> None:
    applied(stage)
    stage.nginxgen("apply", "--weight", "10", "--yes")


def edge_3_is_down(stage: Stage) -> None:
    at_ten(stage)
    stage.lab.host("edge-3").stop_sshd()


def edge_3_missed_a_change(stage: Stage) -> None:
    at_ten(stage)
    stage.nginxgen("apply", "--weight", "20", "--yes", "--host", "edge-1", "--host", "edge-2")


def alice_has_the_lock(stage: Stage) -> None:
    at_ten(stage)
    stage.session("edge-1").begin(Note("apply", "alice@laptop", "ticket 7", "ab12"))


def the_backends_are_down(stage: Stage) -> None:
    stage.rewrite(lambda text: text.replace("  stable: v1\n", "  stable: v1\n    smoke: [{path: /health}]\n"))
    at_ten(stage)
    for backend in stage.lab.backends:
        backend.stop()


def edge_1_was_cut_off_and_its_config_is_broken(stage: Stage) -> None:
    at_ten(stage)
    host = stage.lab.host("edge-1")
    live = (host.conf_dir / "nginxgen/live").readlink().name
    left = host.layout.state_dir / "txn/cafe-1.open"
    left.mkdir()
    (left / "old").write_text(f"{live}\n")
    (left / "new").write_text(f"{live}\n")
    (left / "note").write_text('{"verb":"apply","who":"bob@ci","why":"","txn":"cafe","since":"2026-01-01T00:00:00Z"}\n')
    with host.layout.conf.open("a") as conf:
        conf.write("nonsense;\n")


def shop_conf_was_edited_on_edge_1(stage: Stage) -> None:
    at_ten(stage)
    with (stage.lab.host("edge-1").conf_dir / "nginxgen/live/shop.conf").open("a") as conf:
        conf.write("# by hand\n")


def edge_1_was_rebooted_in_mid_apply(stage: Stage) -> None:
    at_ten(stage)
    session = stage.session("edge-1")
    state = session.begin(Note("apply", "alice@laptop", "", "ab12"))
    assert state.previous is not None
    session.trial(state.previous, Expected(state.live, state.running))
    stage.lab.host("edge-1").reboot()


def v2_is_promoted_in_the_inventory(stage: Stage) -> None:
    at_ten(stage)
    stage.nginxgen("apply", "--weight", "100", "--yes")
    stage.rewrite(lambda text: text.replace("stable: v1", "stable: v2").replace("    canary: v2\n", ""))


def edge_3_is_new(stage: Stage) -> None:
    whole = stage.inventory.read_text()
    edge_3 = whole[whole.index("    edge-3:") : whole.index("services:")]
    stage.rewrite(lambda text: text.replace(edge_3, ""))
    at_ten(stage)
    stage.inventory.write_text(whole)


def basket_is_gone_from_the_inventory(stage: Stage) -> None:
    whole = stage.inventory.read_text()
    shop = whole[whole.index("  shop:") :]
    stage.rewrite(lambda text: text + shop.replace("shop", "basket"))
    applied(stage)
    stage.inventory.write_text(whole)


SCENES: Mapping[str, Callable[[Stage], None]] = {
    "fresh": fresh,
    "at 10": at_ten,
    "edge-3 is down": edge_3_is_down,
    "edge-3 missed a change": edge_3_missed_a_change,
    "alice has the lock": alice_has_the_lock,
    "the backends are down": the_backends_are_down,
    "edge-1 was cut off and its nginx.conf is broken": edge_1_was_cut_off_and_its_config_is_broken,
    "shop.conf was edited on edge-1": shop_conf_was_edited_on_edge_1,
    "edge-1 was rebooted in mid-apply": edge_1_was_rebooted_in_mid_apply,
    "v2 is promoted in the inventory": v2_is_promoted_in_the_inventory,
    "edge-3 is new": edge_3_is_new,
    "basket is gone from the inventory": basket_is_gone_from_the_inventory,
}
