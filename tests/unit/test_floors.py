"""The house: an import only goes down the floors, siblings speak through the model, and a library has one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import nginxgen

PACKAGE = Path(nginxgen.__file__).parent

# From the top. What stands on one line are siblings, who do not import each other.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"__main__"}),
    frozenset({"cli"}),
    frozenset({"commands"}),
    frozenset({"workflow"}),
    frozenset({"fleet", "demo", "prove", "metrics", "smoke", "alerts", "live"}),
    frozenset({"inventory", "render", "check", "plan", "explain", "analysis", "rollout", "report", "export"}),
    frozenset({"gates"}),
    frozenset({"ports"}),
    frozenset({"model"}),
    frozenset({"files"}),
    frozenset({"errors"}),
    frozenset({"__init__"}),  # the version
)
HOMES: dict[str, tuple[str, ...]] = {
    "click": ("cli", "commands"),
    "rich": ("commands", "demo"),
    "yaml": ("inventory", "export"),  # read there, and written here: rules for Prometheus
    "pydantic": ("inventory",),
    "jinja2": ("render", "report"),
    "crossplane": ("check",),
    "paramiko": ("fleet",),
    "distributed": ("fleet",),
    "msgspec": ("model",),
    "apprise": ("alerts",),
    "prometheus_client": ("live",),
}
# model.weight and model.state parse what people and hosts write, and say InputError; errors knows no noun.
LEVEL = {name: level for level, floor in enumerate(FLOORS) for name in floor}


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    unit: str  # the part of the package that imports: "plan", "cli"
    target: str  # what it imports, dotted

    @property
    def of_ours(self) -> str | None:
        """The part of the package that is imported, if it is one."""
        first, *rest = self.target.split(".")
        if first != "nginxgen":
            return None
        return rest[0] if rest and rest[0] in LEVEL else "__init__"


def imports() -> Iterator[Import]:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        unit = inside.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            for target in names(node):
                yield Import(str(inside), node.lineno, unit, target)


def names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=found):
            yield from (one.name for one in found)
        case ast.ImportFrom(module=str(module), names=found, level=0):
            # `from nginxgen import render` imports a part, `from nginxgen.plan import text` a module of one
            yield from (f"{module}.{one.name}" for one in found)
        case ast.ImportFrom():
            yield "a relative import"


ALL = tuple(imports())


def test_every_part_of_the_package_has_a_floor() -> None:
    assert {one.unit for one in ALL} <= set(LEVEL)
    assert len(ALL) > 200, "this test reads nothing"


def test_imports_are_absolute() -> None:
    assert [one for one in ALL if one.target == "a relative import"] == []


def test_imports_only_go_down() -> None:
    wrong = [
        f"{one.file}:{one.line} imports {one.target}"
        for one in ALL
        if one.of_ours is not None and one.of_ours != one.unit and LEVEL[one.of_ours] <= LEVEL[one.unit]
    ]
    assert wrong == []


@pytest.mark.parametrize(("library", "homes"), HOMES.items())
def test_a_library_has_one_home(library: str, homes: tuple[str, ...]) -> None:
    users = {one.unit for one in ALL if one.target.split(".")[0] == library}
    assert users, f"nobody imports {library}: take it from this list and from pyproject.toml"
    assert users <= set(homes)


def test_the_pure_parts_have_no_effects() -> None:
    """What plans is a function of values: no files, processes, clocks, randomness or environment."""
    effects = {"os", "subprocess", "socket", "time", "random", "secrets", "shutil", "tempfile", "threading", "sys"}
    pure = {"plan", "explain", "export", "model", "ports"}
    wrong = [one for one in ALL if one.unit in pure and one.target.split(".")[0] in effects]
    assert wrong == []
