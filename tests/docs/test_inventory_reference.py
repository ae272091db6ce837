"""docs/inventory.md says what the loader does: the same keys, the same defaults, the same words of refusal."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from markdown_page import ROOT, Block, blocks, code, tables, text_of
from pydantic import BaseModel

from nginxgen import inventory
from nginxgen.check.around import RULES as AROUND
from nginxgen.check.rules import RULES
from nginxgen.errors import Finding, InvalidInput, Place
from nginxgen.inventory.compose import compose
from nginxgen.inventory.findings import Findings, Rule
from nginxgen.inventory.inventory import Inventory
from nginxgen.inventory.schema.fleet import DefaultKeys, HostKeys
from nginxgen.inventory.schema.rollout import GroupKeys, PartKeys
from nginxgen.inventory.schema.root import InventoryKeys

PAGE = ROOT / "docs/inventory.md"
FILE = Path("inventory/fleet.yml")
NOTHING = "\N{EN DASH}"
BASE = """
fleet:
  hosts:
    edge-1: {address: 10.0.0.5}
services:
  shop:
    listen: [80]
    server_names: [shop.example.com]
    versions:
      v1: {servers: ["10.0.1.10:5000"]}
      v2: {servers: ["10.0.1.11:5000"]}
    stable: v1
    canary: v2
"""
SHARED: dict[type[BaseModel], type[BaseModel]] = {HostKeys: DefaultKeys, PartKeys: GroupKeys}
# What a section's path means in the inventory above.
NAMES = {
    "fleet.hosts.NAME": "edge-1",
    "services.NAME": "shop",
    "services.NAME.versions.NAME": "v2",
    "services.NAME.metrics.numbers.NAME": "dead_letters",
    "services.NAME.rollout.steps[].gates.NAME": "p95",
    "services.NAME.rollout.watch.NAME": "calm",
    "services.NAME.rollout.groups.NAME": "default",
    "services.NAME.rollout.rollback.NAME": "p95",
}
STEP: dict[str, Any] = {"weight": "10", "bake": "1h", "gates": {"error_rate": "< 1%"}}
# What a key needs beside it before its default can be looked at.
COMPANY = {
    "preflight[]": {"name": "quota", "command": ["true"]},
    "services.NAME.versions.NAME.servers[]": {"address": "10.0.1.11:5000"},
    "services.NAME.override.header": {"name": "X-Gray"},
    "services.NAME.override.cookie": {"name": "gray"},
    "services.NAME.override.users": {"cookie": "uid"},
    "services.NAME.sticky": {"cookie": "sid"},
    "services.NAME.fallback": {"on": ["error"]},
    "services.NAME.real_ip": {"from": ["10.0.0.0/8"]},
    "services.NAME.routes[]": {"name": "default"},
    "services.NAME.smoke[]": {"path": "/"},
    "services.NAME.metrics.prometheus": {"url": "http://127.0.0.1:9090"},
    "services.NAME.metrics.probe": {"path": "/"},
    "services.NAME.metrics.numbers.NAME": {"command": ["true"]},
    "services.NAME.rollout": {"steps": [STEP]},
    "services.NAME.rollout.steps[]": STEP,
    "services.NAME.rollout.steps[].gates.NAME": {"rollback": "> 1s"},
    "services.NAME.rollout.watch.NAME": {"window": "5m", "every": "60s", "cooldown": "5m"},
    "services.NAME.rollout.groups.NAME": {"steps": [STEP]},
}


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class Key:
    section: str
    name: str
    default: str
    meaning: str

    @property
    def path(self) -> str:
        return f"{self.section}.{self.name}"


@dataclass(frozen=True)
class Refusal:
    section: str
    written: str
    message: str
    hint: str


def sections() -> Iterator[tuple[str, str]]:
    """The path in a heading, and the text below it."""
    parts = re.split(r"^##+ (.*)$", text_of(PAGE), flags=re.MULTILINE)
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if code(heading):
            yield code(heading)[0], text


def keys() -> list[Key]:
    return [
        Key(section, code(row[0])[0], row[2], row[3])
        for section, text in sections()
        for rows in tables(text)
        if rows[0][0] == "key"
        for row in rows[1:]
    ]


def refusals() -> list[Refusal]:
    return [
        Refusal(section, code(row[0])[0], code(row[1])[0], code(row[2])[0])
        for section, text in sections()
        for rows in tables(text)
        if rows[0][0] == "written"
        for row in rows[1:]
    ]


# ---------------------------------------------------------------- the schema


def schema_keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its path as the page writes it, and the field behind it."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if model in SHARED and name in SHARED[model].model_fields:
            continue  # the page says once that a host, and a group, take them too
        here = f"{path}.{key}" if path else key
        yield here, field
        for step, inner in models_in(field.annotation):
            yield from schema_keys(inner, here + step)


def models_in(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
    elif origin is Annotated:
        yield from models_in(arguments[0])
    elif origin in (Union, types.UnionType):
        for member in arguments:
            yield from models_in(member)
    elif origin in (dict, tuple):
        step, inner = (".NAME", arguments[1]) if origin is dict else ("[]", arguments[0])
        for deeper, model in models_in(inner):
            yield step + deeper, model


SCHEMA = {path: field for path, field in schema_keys(InventoryKeys) if path not in ("fleet", "services", "preflight")}


# ---------------------------------------------------------------- from the page to the loader


def document(section: str = "", value: Any = None) -> dict[str, Any]:
    """The inventory above, with `value` at the place that the section names."""
    base: dict[str, Any] = dict(read(BASE))
    if value is None:
        return base
    parts = section.split(".") if section else []
    for index in range(len(parts) - 1, -1, -1):
        name = parts[index].removesuffix("[]")
        name = NAMES[".".join(parts[: index + 1])] if name == "NAME" else name
        value = {name: [value] if parts[index].endswith("[]") else value}
    return merged(base, value)


def read(text: str) -> Any:
    """YAML as the loader reads it: every value is the text that was written."""
    return compose(text, Findings(str(PAGE)))


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return new


def load(data: dict[str, Any]) -> Inventory:
    return inventory.parse(json.dumps(data, ensure_ascii=False, indent=1), FILE)  # JSON is YAML


def findings(data: dict[str, Any]) -> list[Finding]:
    with pytest.raises(InvalidInput) as refused:
        load(data)
    return list(refused.value.findings())


# ---------------------------------------------------------------- the tests


def test_every_key_is_documented_and_every_documented_key_exists() -> None:
    documented = [key.path for key in keys()]
    assert len(set(documented)) == len(documented)
    assert set(documented) == set(SCHEMA)


@pytest.mark.parametrize("key", keys(), ids=lambda key: key.path)
def test_the_default_is_what_a_key_has_that_is_left_out(key: Key) -> None:
    without = COMPANY.get(key.section, {})
    if key.default == "required":
        rest = {name: value for name, value in without.items() if name != key.name}
        data = document(key.section, rest)
        remove(data, key)
        said = [finding.message for finding in findings(data)]
        assert any(message.endswith((f"{key.name} is missing", f"{key.name} is empty")) for message in said), said
    elif key.default == NOTHING:
        assert SCHEMA[key.path].get_default() in (None, (), "", {})
    else:
        written = read(code(key.default)[0])
        # Of two sources one must be given: where the default is written out, the other stays beside it.
        with_it = load(document(key.section, {**without, key.name: written}))
        assert with_it == load(document(key.section, without))
        assert SCHEMA[key.path].get_default() is None or loads_alike(SCHEMA[key.path].get_default(), written)


def remove(data: dict[str, Any], key: Key) -> None:
    """Take the key out of the inventory, where the base has it."""
    here: Any = data
    parts = key.section.split(".")
    for index, part in enumerate(parts):
        name = part.removesuffix("[]")
        here = here.setdefault(NAMES[".".join(parts[: index + 1])] if name == "NAME" else name, {})
        here = here[0] if part.endswith("[]") else here
    here.pop(key.name, None)


def loads_alike(default: Any, written: Any) -> bool:
    if isinstance(default, tuple):
        return list(default) == written
    return str(default).lower() == str(written).lower()


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: f"{refusal.section}-{refusal.written}")
def test_what_is_refused_is_refused_in_these_words(refusal: Refusal) -> None:
    found = findings(document(refusal.section, read(refusal.written)))
    said = [(finding.message, finding.hint or "") for finding in found]
    assert any(refusal.message in message and refusal.hint in hint for message, hint in said), said


@pytest.mark.parametrize("block", list(blocks(PAGE, "yaml")), ids=lambda block: block.place)
def test_every_example_loads(block: Block) -> None:
    load(merged(document(), read(block.text)))


def test_the_rules_of_the_loader_and_of_check_are_all_there() -> None:
    rows = [row for rows in tables(text_of(PAGE)) if rows[0][0] == "rule" for row in rows[1:]]
    documented = {code(row[0])[0]: row[1] for row in rows}
    known = {**RULES, **AROUND}
    assert set(documented) == {*map(str, Rule), *known}
    for rule, why in known.items():
        assert documented[rule] == " ".join(why.split())
    numbered = [rule for rule in documented if rule in known]
    assert numbered == sorted(numbered)


def test_every_rule_id_that_the_code_can_print_is_one_that_is_documented() -> None:
    """A finding's rule is a text in the code: none is left out of the tables of rules."""
    package = ROOT / "nginxgen"
    printed = {rule for file in package.rglob("*.py") for rule in re.findall(r'"(NG\d{3})"', file.read_text("utf-8"))}
    assert printed == {*RULES, *AROUND}


def test_the_words_after_the_faults_are_those_of_the_program(tmp_path: Path) -> None:
    """The example of a report, put together from the findings themselves."""
    text = BASE.replace("fleet:", "fleet:\n  default: {user: deploy}").replace("10.0.1.10:5000", "10.0.1.10").lstrip()
    with pytest.raises(InvalidInput) as refused:
        inventory.parse(text, FILE)
    shown = next(block.text for block in blocks(PAGE, "text"))
    for finding in refused.value.findings():
        assert f"error: {finding.message} [{finding.rule}]\n  at {FILE}:" in shown
        assert f"  hint: {finding.hint}\n" in shown
        assert finding.place == Place(str(FILE), finding.place and finding.place.line)


def test_the_schema_for_editors_is_printed_by_the_command_that_is_shown() -> None:
    block = next(block for block in blocks(PAGE, "sh") if "json_schema" in block.text)
    source = re.search(r"python -c '([^']+)'", block.text)
    assert source is not None
    printed: list[str] = []
    exec(source[1], {"print": printed.append})
    assert '"services"' in printed[0]


def test_the_reference_inventory_has_every_key() -> None:
    """The commented file and this page name the same keys."""
    text = (ROOT / "inventory/examples/reference.yml").read_text()
    names = {path.rpartition(".")[2] for path in SCHEMA}
    assert [name for name in sorted(names) if not re.search(rf"(^|[\s{{,~]){re.escape(name)}:", text)] == []
