"""A user's templates: looked at first, held to the same rules, and wrong with file and line."""

from __future__ import annotations

from pathlib import Path

import makers
import pytest

from nginxgen.errors import InputError
from nginxgen.render import render

SHOP = makers.service(override=makers.BOTH)


def overlaid(folder: Path, text: str, name: str = "service.conf.j2") -> str:
    (folder / name).write_text(text, "utf-8")
    return render([SHOP], makers.intent([SHOP]), makers.host(), folder).file("shop.conf").text


def test_a_users_template_is_used_in_place_of_ours(tmp_path: Path) -> None:
    text = "server { server_name{% for name in service.server_names %} {{ name | q }}{% endfor %}; }\n"
    assert overlaid(tmp_path, text) == "server { server_name shop.example.com; }\n"


def test_what_the_user_does_not_overlay_stays_ours(tmp_path: Path) -> None:
    assert "upstream shop.stable" in overlaid(tmp_path, "# mine\n", "sentinel.j2")


WRONG = {
    "a value without a filter": ("# one\n{{ service.name }}\n", 2, "pass it through"),
    "an unknown name": ("\n\n{{ service.nmae | q }}\n", 3, "nmae"),
    "an unknown filter": ("\n{{ service.name | quote }}\n", 2, "quote"),
    "a wrong block": ("{% if %}\n", 1, "Expected an expression"),
    "a failure at run time": ("\n{{ (1 / 0) | q }}\n", 2, "division"),
    "a list is no value": ("{{ service.listens | q }}", 1, ""),
}


@pytest.mark.parametrize(("text", "line", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_template_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        overlaid(tmp_path, text)
    assert message in refused.value.message
    assert (refused.value.place.file, refused.value.place.line) == (str(tmp_path / "service.conf.j2"), line)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        render([SHOP], makers.intent([SHOP]), makers.host(), tmp_path / "none")
