"""Laws: whatever the text, it is an inventory or a list of what is wrong, with places; and what is right is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hostile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inventory_text import GOOD, found, loaded

from nginxgen import inventory
from nginxgen.errors import InputError
from nginxgen.inventory.schema.base import Keys
from nginxgen.inventory.validate import keys_at
from nginxgen.model.service import Service


def schema_words(model: type[Keys] = Keys) -> set[str]:
    return {word for one in model.__subclasses__() for word in {*keys_at(one, ()), *schema_words(one)}}


def check_findings(text: str) -> None:
    lines = max(1, len(text.splitlines()))
    for one in found(text):
        assert one.place is not None
        assert 1 <= one.place.line <= lines
        assert one.message
        assert one.message.isprintable()
        assert one.hint is None or (one.hint and one.hint.isprintable())
        assert "pydantic" not in one.message
        assert one.rule.startswith("inventory/")


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text(text: str):
    check_findings(text)


@given(st.text(alphabet=" \n-:[]{},&*!|>'\"%@#?~<ab1\t", max_size=60))
@settings(deadline=None, max_examples=500)
def test_any_text_of_yaml_signs(text: str):
    check_findings(text)


@given(content=st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, content: bytes):
    file = tmp_path / "x.yml"
    file.write_bytes(content)
    with pytest.raises(InputError) as error:
        inventory.load(file)
    assert error.value.findings()


WORDS = st.sampled_from(
    [*sorted(schema_words()), "a", "v1", "v2", "80", "true", "/", "10.0.0.1:1", "unix:/a", "prefix"]
)
VALUES = st.recursive(
    st.one_of(st.none(), WORDS, st.sampled_from(hostile.HOSTILE[:80])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["fleet", "services"]), VALUES))
@settings(deadline=None, max_examples=300)
def test_any_document_of_the_right_words(document: dict[str, Any]):
    check_findings(json.dumps(document, indent=1, ensure_ascii=False))


PLACES = [(), ("fleet",), ("fleet", "hosts"), ("fleet", "hosts", "edge-1"), ("services",), ("services", "shop")]
PLACES += [("services", "shop", *rest) for rest in (("listen",), ("versions",), ("versions", "v1"), ("override",))]
PLACES += [("services", "shop", "override", "cookie"), ("services", "shop", "routes"), ("services", "shop", "rollout")]
PLACES += [
    ("services", "shop", "rollout", *rest) for rest in (("groups",), ("groups", "default"), ("watch",), ("steps",))
]


@given(place=st.sampled_from(PLACES), key=WORDS, value=VALUES)
@settings(deadline=None, max_examples=500)
def test_a_good_inventory_with_anything_put_into_it(place: tuple[str, ...], key: str, value: Any):
    document = {
        "fleet": {"hosts": {"edge-1": {"address": "10.0.0.5"}}},
        "services": {
            "shop": {
                "listen": ["80"],
                "server_names": ["shop.example.com"],
                "versions": {"v1": {"servers": ["10.0.1.10:5000"]}, "v2": {"servers": ["10.0.1.11:5000"]}},
                "stable": "v1",
                "canary": "v2",
                "override": {"cookie": {"name": "gray"}},
                "routes": [{"name": "default"}],
                "rollout": {
                    "steps": [{"weight": "1", "bake": "1h", "gates": {"p95": "< 1s"}}],
                    "groups": {"default": {}},
                    "watch": {},
                },
            }
        },
    }
    assert found(json.dumps(document)) == ()
    here: Any = document
    for step in place[:-1]:
        here = here[step]
    if place and not isinstance(here[place[-1]], dict):
        here[place[-1]] = value
    else:
        (here[place[-1]] if place else here)[key] = value
    check_findings(json.dumps(document, indent=1, ensure_ascii=False))


@given(cut=st.integers(0, len(GOOD)), put=st.text(alphabet="\n {}[]:,-&*!'\"#ab1\t\0", max_size=5))
@settings(deadline=None, max_examples=500)
def test_a_good_inventory_with_a_slip_of_the_pen(cut: int, put: str):
    check_findings(GOOD[:cut] + put + GOOD[cut:])
    check_findings(GOOD[:cut] + put + GOOD[cut + len(put) :])


def test_every_hostile_inventory_is_taken_as_it_is_or_refused_with_a_line():
    taken = 0
    for label, text in hostile.inventories():
        check_findings(text)
        if not found(text) and "-" in label and label.partition("-")[0] in hostile.BENIGN:
            taken += 1
    assert taken > 100, "a door that refuses everything would pass, too"


@pytest.mark.parametrize("field", ["cookie_value", "header_value", "regex", "server_extra"])
def test_a_hostile_value_that_is_taken_is_not_changed(field: str):
    for value in hostile.HOSTILE:
        text = hostile.inventory_with(**{field: value})
        if found(text):
            continue
        service = loaded(text).services[0]
        kept = {
            "cookie_value": service.override.cookie.canary[0],
            "header_value": service.override.header.canary[0],
            "regex": service.routes[1].path,
            "server_extra": service.server_extra,
        }
        assert kept[field] == value


NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
PORTS = st.integers(1, 65_535)
ADDRESSES = st.one_of(
    st.builds("{}:{}".format, st.ip_addresses(v=4), PORTS),
    st.builds("[{}]:{}".format, st.ip_addresses(v=6), PORTS),
    st.builds("{}.internal:{}".format, st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True), PORTS),
)
TOKENS = st.text(
    st.characters(
        min_codepoint=33, max_codepoint=0xD7FF, exclude_categories=["Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"]
    ),
    min_size=1,
    max_size=20,
)
METHODS = st.lists(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]), unique=True, max_size=3)


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    versions = draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
    addresses = draw(st.lists(ADDRESSES, min_size=len(versions), max_size=12, unique=True))
    words = draw(st.lists(TOKENS, max_size=6, unique_by=lambda word: word.encode().lower()))
    routes = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda name: name.replace("-", "_")))
    return {
        "listen": [str(port) for port in draw(st.lists(PORTS, min_size=1, max_size=3, unique=True))],
        "server_names": ["_"],
        "versions": {
            name: {
                "servers": [
                    {"address": one, "weight": draw(st.integers(1, 10_000))} for one in addresses[i :: len(versions)]
                ]
            }
            for i, name in enumerate(versions)
        },
        "stable": versions[0],
        "canary": versions[1],
        "override": {"users": {"cookie": "uid", "canary": words[::2], "stable": words[1::2]}},
        "routes": [{"name": name, "path": f"/{name}", "methods": draw(METHODS)} for name in routes],
        "mirror": draw(st.booleans()),
    }


def as_written(service: Service) -> dict[str, Any]:
    """The nouns back in the words of the file."""
    return {
        "listen": list(service.listen),
        "server_names": list(service.server_names),
        "versions": {
            version.name: {"servers": [{"address": one.address, "weight": one.weight} for one in version.servers]}
            for version in service.versions
        },
        "stable": service.stable,
        "canary": service.canary,
        "override": {
            "users": {
                "cookie": service.override.users.name,
                "canary": list(service.override.users.canary),
                "stable": list(service.override.users.stable),
            }
        },
        "routes": [{"name": one.name, "path": one.path, "methods": list(one.methods)} for one in service.routes],
        "mirror": service.mirror,
    }


@given(service=services())
@settings(deadline=None, max_examples=200)
def test_what_is_right_is_kept(service: dict[str, Any]):
    text = json.dumps({"fleet": {"hosts": {"a": {}}}, "services": {"shop": service}}, ensure_ascii=False)
    assert as_written(loaded(text).service("shop")) == service
