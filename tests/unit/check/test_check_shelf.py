"""What crossplane said of a sound text is kept from run to run, and changes nothing but the time."""

from __future__ import annotations

import fcntl
import random
import shutil
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import hostile_services
import makers
import pytest
from crossplane import analyzer
from hypothesis import given, settings
from hypothesis import strategies as st

from nginxgen.check import check, own_folder, syntax
from nginxgen.check.shelf import _MOST, Shelf
from nginxgen.errors import Finding, InputError
from nginxgen.model.release import Release
from nginxgen.model.service import Service
from nginxgen.render import render


def rendered(services: list[Service], weights: dict[str, str] | None = None) -> Release:
    intents = {one.name: makers.service_intent(one, (weights or {}).get(one.name, "10")) for one in services}
    return render(services, makers.Intent(intents), makers.host())


def judged(services: list[Service], release: Release, folder: Path | None) -> tuple[Finding, ...]:
    return check(services, makers.host(), release, render, folder)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that crossplane was asked to read."""
    seen: list[str] = []
    really = syntax.crossplane.parse

    def note(path: str, **options: bool) -> object:
        seen.append(Path(path).read_text())
        return really(path, **options)

    monkeypatch.setattr(syntax.crossplane, "parse", note)
    syntax._reader.cache_clear()
    yield seen
    syntax._reader.cache_clear()


def many(number: int) -> list[Service]:
    return [makers.service(f"s{at}", override=makers.BOTH) for at in range(number)]


# What a folder may hold, from nothing to lies. Each gets the folder, and a source of chance.
def _nothing(folder: Path, chance: random.Random) -> None:
    shutil.rmtree(folder)


def _flipped(folder: Path, chance: random.Random) -> None:
    for path in folder.iterdir():
        content = bytearray(path.read_bytes())
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)


def _torn(folder: Path, chance: random.Random) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[: chance.randrange(len(content) + 1)])


def _swapped(folder: Path, chance: random.Random) -> None:
    paths = list(folder.iterdir())
    contents = [path.read_bytes() for path in paths]
    chance.shuffle(contents)
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)


def _signed(body: bytes) -> Callable[[Path, random.Random], None]:
    """Files of the right form, whose content is not ours."""

    def spoil(folder: Path, chance: random.Random) -> None:
        for number in range(256):
            (folder / f"{number:02x}").write_bytes(sha256(body).digest() + body)

    return spoil


def _values(value: bytes) -> Callable[[Path, random.Random], None]:
    """The right keys, with a value that says nothing."""

    def spoil(folder: Path, chance: random.Random) -> None:
        for path in folder.glob("??"):
            with Shelf(folder) as shelf:
                for key in list(shelf._read(int(path.name, 16))):
                    shelf.put(key, value)

    return spoil


def _folders(folder: Path, chance: random.Random) -> None:
    shutil.rmtree(folder)
    for number in range(256):
        (folder / f"{number:02x}").mkdir(parents=True)


SPOILT = {
    "as it was": lambda folder, chance: None,
    "empty": _nothing,
    "flipped bits": _flipped,
    "torn": _torn,
    "swapped": _swapped,
    "folders": _folders,
    "of another program": _signed(b"SQLite format 3\0"),
    "of another shape": _signed(b'{"a": [1, "b"]}' * 9),
    "values of another program": _values(b"x" * 40),
    "values of another shape": _values(zlib.compress(b'[1, "b", null]')),
    "values that end early": _values(zlib.compress(b'[["listen", ["80"], 1')),
}

texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.text("a\"'\\ ;{}$#~\n/", max_size=12)


@settings(max_examples=60)
@given(st.sampled_from(sorted(hostile_services.FIELDS)), texts, st.sampled_from(sorted(SPOILT)), st.randoms())
def test_findings_are_the_same_whatever_the_folder_holds(
    kept: Path, field: str, value: str, spoilt: str, chance: random.Random
) -> None:
    """Three times the same: with what is there, after it was spoilt, and after it was mended."""
    services = [hostile_services.FIELDS[field](value)]
    try:
        release = rendered(services)
    except InputError:
        return
    wanted = judged(services, release, None)
    assert judged(services, release, kept) == wanted
    SPOILT[spoilt](kept, chance)
    assert judged(services, release, kept) == wanted
    assert judged(services, release, kept) == wanted
    shutil.rmtree(kept, ignore_errors=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "parsed"


@pytest.mark.parametrize("spoilt", [name for name in SPOILT if name not in ("as it was", "folders")])
def test_a_spoilt_folder_is_mended(spoilt: str, tmp_path: Path, parsed: list[str]) -> None:
    services = many(3)
    release, folder = rendered(services), tmp_path / "parsed"
    judged(services, release, folder)
    SPOILT[spoilt](folder, random.Random(1))
    parsed.clear()
    judged(services, release, folder)
    assert parsed, "nothing was spoilt"
    parsed.clear()
    judged(services, release, folder)
    assert parsed == []


@pytest.mark.parametrize("number", [100, pytest.param(1_000, marks=pytest.mark.full)])
def test_a_weight_moves_in_one_of_many_services_and_its_file_alone_is_parsed(
    number: int, tmp_path: Path, parsed: list[str]
) -> None:
    """And what names the release, twice, and the form of a service at this weight: nobody has asked for it before."""
    services, folder = many(number), tmp_path / "parsed"
    judged(services, rendered(services), folder)
    assert len(parsed) > 2 * number
    parsed.clear()
    assert judged(services, rendered(services), folder) == ()
    assert parsed == []
    assert judged(services, rendered(services, {"s7": "12"}), folder) == ()
    own = [text for text in parsed if "upstream ng_s7_" in text or "s7.example.com" in text]
    assert len(own) == 1
    assert len(parsed) <= 4


def test_what_is_not_sound_is_asked_again(tmp_path: Path, parsed: list[str]) -> None:
    services = [makers.service(server_extra="listen;")]
    release = rendered(services)
    first = judged(services, release, tmp_path / "parsed")
    assert [finding.rule for finding in first] == ["NG001"]
    parsed.clear()
    assert judged(services, release, tmp_path / "parsed") == first
    assert any("listen;" in text for text in parsed)


@pytest.mark.parametrize("change", ["table", "crossplane", "nginxgen"])
def test_another_reader_reads_again(
    change: str, tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = many(2)
    release = rendered(services)
    judged(services, release, tmp_path / "parsed")
    number = len(parsed)
    match change:
        case "table":
            monkeypatch.setitem(analyzer.DIRECTIVES, "proxy_pass", [analyzer.NGX_MAIN_CONF])
        case "crossplane":
            monkeypatch.setattr(syntax.crossplane, "__version__", "0.5.9")
        case _:
            monkeypatch.setattr(syntax, "__version__", "another")
    syntax._reader.cache_clear()
    parsed.clear()
    found = judged(services, release, tmp_path / "parsed")
    assert {finding.rule for finding in found} == ({"NG001"} if change == "table" else set())
    assert parsed
    assert change == "table" or len(parsed) == number


def key(number: int, book: int = 0) -> bytes:
    return bytes([book]) + number.to_bytes(31, "big")


def test_what_was_put_is_there_the_next_time(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        for number in range(1_000):
            shelf.put(key(number, number % 256), b"%d" % number)
    after = Shelf(tmp_path)
    assert [after.get(key(number, number % 256)) for number in range(1_000)] == [b"%d" % at for at in range(1_000)]
    assert after.get(key(1_000)) is None


def test_the_oldest_go_and_what_is_asked_for_stays(tmp_path: Path) -> None:
    value = b"x" * 4_000
    for number in range(150):
        with Shelf(tmp_path) as shelf:
            shelf.get(key(0))
            shelf.put(key(number), value)
    after = Shelf(tmp_path)
    there = [number for number in range(150) if after.get(key(number)) is not None]
    assert there == [0, *range(150 - len(there) + 1, 150)]
    assert len(there) == _MOST // (len(value) + 32)
    assert (tmp_path / "00").stat().st_size < 1.1 * _MOST
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00", "lock"]


def test_a_value_that_is_larger_than_all_room_is_not_kept(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.put(key(1), b"x" * (_MOST + 1))
    assert Shelf(tmp_path).get(key(1)) is None


def write(folder: Path, first: int) -> None:
    for number in range(first, first + 100):
        with Shelf(folder) as shelf:
            shelf.put(key(number, number % 4), b"%d" % number * 50)


def test_many_writers_at_once_leave_no_wrong_value(tmp_path: Path) -> None:
    """Some of what they know is lost, as one writes at a time and nobody waits."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda first: write(tmp_path, first), range(0, 400, 100)))
    after = Shelf(tmp_path)
    found = {number: after.get(key(number, number % 4)) for number in range(400)}
    there = {number: value for number, value in found.items() if value is not None}
    assert there
    assert all(value == b"%d" % number * 50 for number, value in there.items())


def test_who_cannot_write_now_does_not_wait(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Shelf(tmp_path) as shelf:
            shelf.put(key(1), b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    services = many(1)
    assert judged(services, rendered(services), tmp_path / "file/parsed") == ()


def test_a_folder_that_others_may_write_to_is_left_alone(tmp_path: Path, parsed: list[str]) -> None:
    services, folder = many(1), tmp_path / "parsed"
    release = rendered(services)
    judged(services, release, folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    parsed.clear()
    folder.chmod(0o777)
    judged(services, release, folder)
    assert parsed
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_nobody_else_reads_what_is_kept(tmp_path: Path) -> None:
    services, folder = many(1), tmp_path / "deep/parsed"
    judged(services, rendered(services), folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "HERE"}, "HERE/.cache/nginxgen/parsed"),
        ({"HOME": "HERE", "XDG_CACHE_HOME": "/c"}, "/c/nginxgen/parsed"),
        ({"HOME": "HERE", "XDG_CACHE_HOME": "relative"}, "HERE/.cache/nginxgen/parsed"),
        ({"HOME": "HERE", "XDG_CACHE_HOME": ""}, "HERE/.cache/nginxgen/parsed"),
        ({"HOME": "HERE", "NGINXGEN_NO_CACHE": ""}, "HERE/.cache/nginxgen/parsed"),
        ({"HOME": "HERE", "NGINXGEN_NO_CACHE": "1"}, None),
        ({"XDG_CACHE_HOME": "/c"}, "/c/nginxgen/parsed"),
        ({"XDG_CACHE_HOME": "/c", "NGINXGEN_NO_CACHE": "1"}, None),
        ({"HOME": "HERE/not/there"}, None),
        ({"HOME": "."}, None),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_where_it_is_kept(environ: dict[str, str], folder: str | None, tmp_path: Path) -> None:
    found = own_folder({name: value.replace("HERE", str(tmp_path)) for name, value in environ.items()})
    assert found == (None if folder is None else Path(folder.replace("HERE", str(tmp_path))))


def test_nothing_is_kept_in_the_home_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `sudo` may leave it."""
    monkeypatch.setattr("nginxgen.check.shelf.os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert own_folder({"HOME": str(tmp_path)}) is None
