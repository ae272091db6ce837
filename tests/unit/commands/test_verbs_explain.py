"""explain and prove, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import INVENTORY, Typed
from memory_fleet import MemoryFleet

import nginxgen.workflow.prove as workflow


def test_a_cookie_decides_and_no_host_is_asked(typed: Typed, fleet: MemoryFleet) -> None:
    ended = typed("explain", "-w", "10", "--cookie", "gray_release=true", "--json")
    code, said = ended.code, ended.json
    assert code == 0
    assert (said["version"], said["rule"]) == ("v2", "cookie")
    assert said["reasons"][-1] == 'cookie gray_release is "true": canary v2'


def test_without_a_weight_the_hosts_are_asked(typed: Typed, fleet: MemoryFleet) -> None:
    ended = typed("explain")
    code, err = ended.code, ended.err
    assert code == 4
    assert "does not serve shop" in err
    assert "--weight" in err
    assert typed("apply", "-w", "100", "--yes").code == 0
    ended = typed("explain", "--json")
    code, said = ended.code, ended.json
    assert (code, said["version"], said["rule"]) == (0, "v2", "weight")
    assert said["basis"].startswith("live on edge-1")


def test_text_names_the_version_the_rule_and_the_reasons(typed: Typed, fleet: MemoryFleet) -> None:
    first, *rest = typed("explain", "shop", "-w", "0", "--path", "/x?a=b").out.splitlines()
    assert first == "shop: v1 (decided by: weight; weight 0)"
    assert "  route default (prefix /) takes the path" in rest
    assert "  upstream shop.stable" in rest


def test_a_service_by_option_is_explained_by_its_own_routes_only(typed: Typed, fleet: MemoryFleet) -> None:
    own = "    routes: [{name: reads, path: /r}]\n"
    second = INVENTORY.partition("services:\n")[2].replace("shop", "basket")
    Path("inventory/fleet.yml").write_text(INVENTORY + second + own)
    assert typed("explain", "-w", "1").code == 2
    said = typed("explain", "--service", "basket", "-w", "1", "--path", "/r/1").out
    assert said == typed("explain", "basket", "-s", "basket", "-w", "1", "--path", "/r/1").out
    assert "route reads (prefix /r) takes the path" in said
    shop = typed("explain", "-s", "shop", "-w", "1", "--path", "/r/1").out
    assert "route default (prefix /) takes the path" in shop
    assert "reads" not in shop


@pytest.mark.parametrize(("arguments", "says"), [
    (["shopp", "-w", "1"], 'no service "shopp"'), (["-s", "shopp", "-w", "1"], 'no service "shopp"'),
    (["shop", "-s", "basket", "-w", "1"], "one service at a time, not shop and basket"),
    (["-s", "shop", "-s", "basket", "-w", "1"], "one service at a time, not shop and basket"),
     (["-w", "1", "--host", "edge-1"], "does not go with"),
    (["-w", "x"], "not a weight"), (["-w", "1", "--header", "nonsense"], "--header"),
    (["-w", "1", "--path", "x"], "path"),
    (["-w", "1", "--method", "get"], "method"), (["-w", "1", "--address", "10"], "address"),
    (["-w", "1", "--user", "7"], "user"),
])  # fmt: skip
def test_what_cannot_be_explained_is_said(typed: Typed, fleet: MemoryFleet, arguments: list[str], says: str) -> None:
    ended = typed("explain", *arguments)
    code, err = ended.code, ended.err
    assert code == 2
    assert says in err


def test_a_config_that_holds_is_proved(typed: Typed, fleet: MemoryFleet) -> None:
    ended = typed("prove", "-w", "100", "--json")
    code, done = ended.code, ended.json
    assert (code, done["ok"]) == (0, True)
    assert {claim["outcome"] for claim in done["claims"]} == {"proved"}
    assert done["requests"] == sum(claim["requests"] for claim in done["claims"]) > 0


def test_a_template_that_breaks_a_promise_is_found_and_nothing_is_applied(
    typed: Typed, fleet: MemoryFleet, tmp_path: Path
) -> None:
    packaged = Path(workflow.__file__).parents[2] / "templates" / "service.conf.j2"
    (tmp_path / "own").mkdir()
    broken = (
        packaged.read_text()
        .replace('_set_header") | q }} Upgrade', '_set_header") | q }} X')
        .replace("proxy_set_header Upgrade", "proxy_set_header X-Other")
    )
    (tmp_path / "own" / "service.conf.j2").write_text(broken)
    ended = typed("prove", "-w", "10", "--templates", str(tmp_path / "own"))
    code, out = ended.code, ended.out
    assert code == 2
    assert "failed" in out
    ended = typed("apply", "-w", "10", "--yes", "--prove", "--templates", str(tmp_path / "own"))
    code, err = ended.code, ended.err
    assert code == 2
    assert "a WebSocket passes" in err
    assert typed("status", "--json").json["hosts"][0]["live"] is None


def test_apply_proves_first_where_it_is_asked_to(typed: Typed, fleet: MemoryFleet) -> None:
    ended = typed("apply", "-w", "10", "--yes", "--prove")
    code, err = ended.code, ended.err
    assert code == 0
    assert "proved by" in err


def test_without_nginx_nothing_is_proved(typed: Typed, fleet: MemoryFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "find_nginx", lambda: None)
    ended = typed("prove", "-w", "10")
    code, err = ended.code, ended.err
    assert code == 4
    assert "there is no nginx on this machine" in err
