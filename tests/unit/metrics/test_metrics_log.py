"""The host's pass over the metrics log: whose request it was, how it ended, and nothing lost or counted twice."""

from __future__ import annotations

import gzip
import os
import shutil
from itertools import product
from pathlib import Path

import pytest
from log_driver import AWKS, RELEASE, SHELLS, LogHost, line

from nginxgen.model.histogram import Histogram
from nginxgen.model.samples import Counts

T0 = 1_700_000_000


@pytest.fixture
def host(tmp_path: Path) -> LogHost:
    return LogHost(tmp_path)


# what stands in the log, whose request it is, and what it counts as beside a request and its status
ENDINGS = [
    (line(), "v1", Counts(requests=1, successful=1, weighted=1)),
    (line(address="10.0.1.11:5000"), "v2", Counts(requests=1, successful=1, weighted=1)),
    (line(address="unix:/run/v2.sock"), "v2", Counts(requests=1, successful=1, weighted=1)),
    (line(asked="v2", rule="cookie", address="10.0.1.11:5000"), "v2", Counts(requests=1, successful=1)),
    (line(status=302, upstream="302"), "v1", Counts(requests=1, redirected=1, weighted=1)),
    (line(status=404, upstream="404"), "v1", Counts(requests=1, client_errors=1, weighted=1)),
    (line(status=499, upstream="-"), "v1", Counts(requests=1, client_errors=1, closed=1, weighted=1)),
    (line(status=500, upstream="500"), "v1", Counts(requests=1, server_errors=1, errors=1, weighted=1)),
    (line(status=504, upstream="504"), "v1", Counts(requests=1, server_errors=1, errors=1, timeouts=1, weighted=1)),
    # drawn to be compared with the canary
    (
        line(asked="v1", rule="control", status=500, upstream="500"),
        "v1/control", Counts(requests=1, server_errors=1, errors=1, weighted=1),
    ),
    # saved by stable: a failure of the canary all the same
    (
        line(asked="v2", rule="weight", address="10.0.1.11:5000, 10.0.1.10:5000", upstream="502, 200"),
        "v2", Counts(requests=1, successful=1, errors=1, fallbacks=1, weighted=1),
    ),
    (
        line(asked="v2", address="10.0.1.11:5000, 10.0.1.10:5000", upstream="504, 200"),
        "v2", Counts(requests=1, successful=1, errors=1, fallbacks=1, timeouts=1, weighted=1),
    ),
    # error_page to another location: nginx writes " : "
    (
        line(asked="v2", address="10.0.1.11:5000 : 10.0.1.10:5000", upstream="500 : 200"),
        "v2", Counts(requests=1, successful=1, errors=1, fallbacks=1, weighted=1),
    ),
    # the canary is marked down: nginx does not even try it
    (
        line(asked="v2", address="10.0.1.10:5000"),
        "v2", Counts(requests=1, successful=1, errors=1, fallbacks=1, weighted=1),
    ),
    # all of it is down: nginx writes the name of the upstream
    (
        line(asked="v2", address="shop.canary", status=502, upstream="502"),
        "v2", Counts(requests=1, server_errors=1, errors=1, weighted=1),
    ),
    # another server of the same version helped
    (
        line(address="10.0.1.10:5000, 10.0.1.12:5000", upstream="502, 200"),
        "v1", Counts(requests=1, successful=1, retries=1, weighted=1),
    ),
    # both failed: the one that was asked has the error
    (
        line(address="10.0.1.11:5000, 10.0.1.10:5000", upstream="502, 504", status=504),
        "v2", Counts(requests=1, server_errors=1, errors=1, timeouts=1, fallbacks=1, weighted=1),
    ),
    # nginx answered by itself
    (
        line(asked="v2", address="-", upstream="-", status=413),
        "v2", Counts(requests=1, client_errors=1, weighted=1),
    ),
    (line(address="-", upstream="-", status=400), "-", Counts(requests=1, client_errors=1, weighted=1)),
    # an address of nobody's: not blamed on anybody
    (line(address="192.0.2.1:80"), "?", Counts(requests=1, successful=1, weighted=1)),
]  # fmt: skip


@pytest.mark.parametrize("awk", AWKS)
def test_every_ending_counts_for_the_right_version(tmp_path, awk):
    host = LogHost(tmp_path, awk=awk)
    for number, (text, _, _) in enumerate(ENDINGS):
        host.write(text.replace("|default|", f"|r{number}|"))
    answer = host.measure()
    assert answer.head["bad"] == 0
    for number, (text, version, counts) in enumerate(ENDINGS):
        [row] = [row for row in answer.rows if row.route == f"r{number}"]
        assert (row.version, row.tally.counts) == (version, counts), text


@pytest.mark.parametrize(("shell", "awk"), list(product(SHELLS, AWKS)))
def test_the_pass_is_the_same_under_every_shell_and_awk(tmp_path, shell, awk):
    """Slices, times, and going on from a place; also where it is found by time in a log of many blocks."""
    host = LogHost(tmp_path, shell, awk)
    times = [f"{number % 7}.{number * 37 % 1000:03d}" for number in range(5000)]
    host.write(*(line(at=T0 + number / 10, seconds=time) for number, time in enumerate(times)))
    answer = host.measure(since=T0 + 100, until=T0 + 400)
    assert answer.head["counted"] == 3000
    assert [slice_.start for slice_ in answer.samples["v1"].slices] == list(range(T0 + 100, T0 + 400, 10))
    assert answer.samples["v1"].total.times == Histogram.of(float(time) for time in times[1000:4000])
    assert answer.head["read"] < 5000, "it began at the beginning"
    assert host.measure(place=answer.head["place"]).head["read"] == 0
    host.write("no line of ours", line(at=T0 + 501))
    more = host.measure(place=answer.head["place"])
    assert (more.head["read"], more.head["counted"], more.head["bad"]) == (2, 1, 1)


def test_three_hosts_merge_to_what_one_would_have_counted(tmp_path):
    lines = [
        line(at=T0 + number, address="10.0.1.11:5000" if number % 4 else "10.0.1.10:5000",
             seconds=f"0.{number * 91 % 1000:03d}", status=500 if number % 50 == 0 else 200)
        for number in range(600)
    ]  # fmt: skip
    one = LogHost(tmp_path / "one")
    one.write(*lines)
    several = [LogHost(tmp_path / f"host-{number}") for number in range(3)]
    for number, host in enumerate(several):
        host.write(*lines[number::3])
    whole, parts = one.measure().samples, [host.measure().samples for host in several]
    for version in ("v1", "v2"):
        assert parts[0][version] + parts[1][version] + parts[2][version] == whole[version]


def test_only_the_services_asked_for(host):
    host.write(line(), line(service="bill"), line(service="shop2"))
    answer = host.measure(services=("shop",))
    assert (answer.head["counted"], answer.head["others"]) == (1, 2)
    assert {row.service for row in host.measure(services=("bill", "shop")).rows} == {"bill", "shop"}


def test_a_line_that_is_still_being_written_is_read_next_time(host):
    whole = line(at=T0 + 1)
    host.write(line())
    for cut in {*range(1, len(whole), 9), 14, 15, 16, len(whole) - 1}:
        host.log.write_text(f"{line()}\n{whole[:cut]}")
        first = host.measure()
        assert first.head["counted"] == 1, cut
        host.log.write_text(f"{line()}\n{whole}\n")
        second = host.measure(place=first.head["place"])
        assert (second.head["counted"], second.head["bad"]) == (1, 0), cut


def _rename(host: LogHost) -> None:
    """logrotate, by default, followed by USR1."""
    host.log.rename(f"{host.log}.1")
    host.log.touch()


def test_a_rotated_log_is_read_to_its_end(host):
    host.write(line(), line())
    place = host.measure().head["place"]
    host.write(line(at=T0 + 1))
    _rename(host)
    with Path(f"{host.log}.1").open("a") as old:
        old.write(line(at=T0 + 2) + "\n")  # nginx has not opened the new one yet
    place = host.measure(place=place).head["place"]
    with Path(f"{host.log}.1").open("a") as old:
        old.write(line(at=T0 + 3) + "\n")
    host.write(line(at=T0 + 4), line(at=T0 + 5))
    answer = host.measure(place=place)
    assert (answer.head["counted"], answer.head["lost"]) == (3, False)
    assert host.measure(place=answer.head["place"]).head["counted"] == 0


def test_the_sum_over_many_rotations_is_exact(host):
    place, counted, written = None, 0, 0
    for number in range(12):
        for _ in range(number + 1):
            host.write(line(at=T0 + number))
            written += 1
        if number % 3 == 2:
            _rename(host)
            host.write(line(at=T0 + number))
            written += 1
        answer = host.measure(place=place)
        place, counted = answer.head["place"], counted + answer.head["counted"]
    assert counted == written


def test_a_log_that_was_copied_and_cut_is_read_to_its_end(host):
    host.write(*(line(at=T0 + number) for number in range(10)))
    place = host.measure().head["place"]
    host.write(line(at=T0 + 11))
    shutil.copy(host.log, f"{host.log}.1")
    host.write(line(at=T0 + 12), mode="w")
    answer = host.measure(place=place)
    assert answer.head["counted"] == 2


def test_a_log_that_was_cut_and_not_kept_begins_anew(host):
    host.write(*(line(at=T0 + number) for number in range(10)))
    place = host.measure().head["place"]
    host.write(line(at=T0 + 12), mode="w")
    assert host.measure(place=place).head["counted"] == 1


def test_a_place_in_a_log_that_is_gone_says_that_lines_are_lost(host):
    host.write(line())
    place = host.measure().head["place"]
    host.write(line(at=T0 + 5), line(at=T0 + 25))
    with gzip.open(f"{host.log}.1.gz", "wb") as packed:
        packed.write(host.log.read_bytes())
    host.log.unlink()
    host.write(line(at=T0 + 31))
    answer = host.measure(place=place)
    assert answer.head["lost"] is True
    assert answer.head["counted"] == 2  # of the slice that was begun, nothing is counted twice


@pytest.mark.parametrize("packed", [False, True])
def test_a_time_before_the_rotation_is_found_in_the_rotated_log(host, packed):
    host.write(*(line(at=T0 + number) for number in range(100)))
    _rename(host)
    if packed:
        rotated = Path(f"{host.log}.1")
        with gzip.open(f"{rotated}.gz", "wb") as archive:
            archive.write(rotated.read_bytes())
        rotated.unlink()
    host.write(*(line(at=T0 + 100 + number) for number in range(20)))
    assert host.measure(since=T0 + 90).head["counted"] == 30


HOSTILE = [
    "", " ", ";", "\t", "|||||||||", "1700000000.123", "1700000000.123 ", "1700000000.123 a|b\t;",
    line().replace("|200|", "|abc|"), line().replace("|200|", "|999|"), line(seconds="-"), line(seconds="nan"),
    line(seconds="1e9"), line(seconds="0.5"), line(seconds="99999999999999.000"), line(release="0123"),
    line(service="../../etc"), line(service="$(id)"), line(route="a b"), line(release="zzzzzzzzzzzz"),
    "x" * 100_000, "\x00" * 500, "\u00ff\u00fe" * 100, "9" * 5000,
    line().replace("|", ""), line().replace("\t", " "),
]  # fmt: skip


@pytest.mark.parametrize("awk", AWKS)
def test_lines_that_are_none_of_ours_are_counted_as_bad_and_harm_nothing(tmp_path, awk):
    host = LogHost(tmp_path, awk=awk)
    for text in HOSTILE:
        host.write(line(), text, line(at=T0 + 1))
    answer = host.measure()
    good = 2 * len(HOSTILE)
    assert answer.head["counted"] == good
    assert answer.head["bad"] >= len(HOSTILE)  # busybox takes each NUL for the end of a line
    assert answer.counts("v1").requests == good


def test_a_binary_log_has_nothing_to_say(host):
    host.log.write_bytes(os.urandom(1 << 20))
    answer = host.measure()
    assert answer.head["ok"] is True
    assert answer.rows == []


def test_an_empty_log_has_nothing_to_say(host):
    host.log.touch()
    assert host.measure().rows == []


def test_no_log_is_refused_with_a_hint(host):
    answer = host.measure()
    assert answer.head["code"] == "no-metrics-log"
    assert answer.head["hint"]


@pytest.mark.parametrize("awk", AWKS)
def test_a_clock_that_jumps_and_workers_that_write_late_change_no_count(tmp_path, awk):
    host = LogHost(tmp_path, awk=awk)
    seconds = [0, 1, 0, 1, 11, 10, 9, 11, 3600, 3601, 12, 13, -500, 14]
    host.write(*(line(at=T0 + second) for second in seconds))
    answer = host.measure(since=T0 - 1000)
    assert answer.head["counted"] == len(seconds)
    found = {slice_.start - T0: slice_.tally.counts.requests for slice_ in answer.samples["v1"].slices}
    assert found == {-500: 1, 0: 5, 10: 6, 3600: 2}
    assert host.measure(since=T0, until=T0 + 20).head["counted"] == 11


def test_versions_are_those_of_the_release_that_served(host):
    """The same address may be another version in another release; each line is read by its own release."""
    host.release("ba9876543210", "shop\t10.0.1.11:5000\tv3\n")
    host.write(line(address="10.0.1.11:5000"))
    host.write(line(address="10.0.1.11:5000", release="ba9876543210"))
    assert {row.release: row.version for row in host.measure().rows} == {RELEASE: "v2", "ba9876543210": "v3"}


def test_a_backend_by_name_is_known_by_its_address(host):
    host.release("ba9876543210", "shop\tlocalhost:5000\tv7\n")
    host.write(line(address="127.0.0.1:5000", release="ba9876543210"))
    assert [row.version for row in host.measure().rows] == ["v7"]


@pytest.mark.parametrize("word", ["x", "1;id", "-5"])
def test_words_that_are_no_numbers_are_refused(host, word):
    host.write(line())
    assert host.measure(since=word).head["code"] == "bad-word"
    assert host.measure(place=f"{word}:1:1").head["ok"] is True  # an unknown place: found by time
