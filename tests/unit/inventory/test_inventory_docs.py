"""What is written about the inventory is the inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from inventory_text import PATH

from nginxgen import inventory
from nginxgen.inventory.schema.base import Keys
from nginxgen.inventory.schema.root import InventoryKeys
from nginxgen.inventory.validate import keys_at

REFERENCE = Path(__file__).parents[3] / "inventory/examples/reference.yml"
TEXT = REFERENCE.read_text()


assert issubclass(InventoryKeys, Keys)  # with it every model is there


def models(base: type[Keys] = Keys) -> Iterator[type[Keys]]:
    for model in base.__subclasses__():
        yield model
        yield from models(model)


ALL_KEYS = sorted({(model.__name__, key) for model in models() for key in keys_at(model, ())})


def test_the_reference_loads():
    assert inventory.load(REFERENCE).services[0].name == "brand-diagnosis"


@pytest.mark.parametrize(("model", "key"), ALL_KEYS)
def test_every_key_is_in_the_reference(model: str, key: str):
    assert re.search(rf"(?<![\w-]){re.escape(key)}:", TEXT), f"{key} of {model} is not in {REFERENCE.name}"


def test_no_line_is_too_long_to_read():
    assert [line for line in TEXT.splitlines() if len(line) > 120] == []


def test_every_key_is_described():
    undescribed = [
        (model.__name__, name)
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert undescribed == []


def test_the_json_schema_knows_every_key():
    schema = inventory.json_schema()
    known = {key for definition in schema["$defs"].values() for key in definition.get("properties", {})}
    assert {key for model, key in ALL_KEYS if model != "InventoryKeys"} <= known
    assert set(schema["properties"]) == {"fleet", "services", "preflight"}
    assert schema["additionalProperties"] is False


def test_the_starter_loads_and_says_what_to_change():
    text = inventory.template_text()
    read = inventory.parse(text, PATH)
    assert (len(read.fleet.hosts), len(read.services)) == (1, 1)
    assert read.services[0].canary is not None
    assert text.count("# <-") >= 5
