"""Numbers on the command line: what is none is told by what is expected, with an example."""

from __future__ import annotations

import math
from typing import Any

import click

from nginxgen.errors import InputError


class Figure(click.FloatRange):
    """A number from `least` to `most`, both included. `example`: words of a command line that has one."""

    def __init__(self, least: float, most: float, example: str) -> None:
        super().__init__(least, most)
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            found: float = super().convert(value, param, ctx)
        except click.BadParameter:
            found = math.nan
        if not math.isfinite(found):
            raise _other(self, "number", value, param, self.example)
        return found


class Whole(click.IntRange):
    """A whole number from `least` to `most`, or with no upper end. `example` as in Figure."""

    def __init__(self, least: int, example: str, most: int | None = None) -> None:
        super().__init__(least, most)
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            found: int = super().convert(value, param, ctx)
        except click.BadParameter:
            raise _other(self, "whole number", value, param, self.example) from None
        return found


def _other(
    kind: click.FloatRange | click.IntRange, noun: str, value: object, param: click.Parameter | None, example: str
) -> InputError:
    name = "" if param is None else f"{param.metavar or param.human_readable_name}: "
    if isinstance(param, click.Option):
        name = f"{'/'.join(param.opts)}: "
    upto = f"from {kind.min:.15g}" + ("" if kind.max is None else f" to {kind.max:.15g}")
    return InputError(f'{name}expected a {noun} {upto}, not "{value}"', hint=f"like {example}")
