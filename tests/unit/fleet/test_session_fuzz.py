"""A host may answer anything: cut off, slow, endless, deep, huge or not text. It never hangs us, and never fools us."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fleet_tools import NOTE, empty, release, some_host
from hypothesis import given, settings
from hypothesis import strategies as st

from nginxgen.errors import HostLost, HostRefused, NginxgenError, Unreachable
from nginxgen.fleet import script
from nginxgen.fleet.pipe import PipeEnded
from nginxgen.fleet.session import Limits, ScriptSession
from nginxgen.model.plan import Expected

HOST = some_host()
ONE = release(HOST, "one")
OLD = "0123456789ab"
LIMITS = Limits(soon=0.02, long=0.02, undo=0.01, end=0.01)
HELLO = b'{"step":"hello","ok":true,"protocol":1}\n'
STATE: dict[str, Any] = {
    "live": OLD, "running": OLD, "previous": None, "manifest": {"services": {}, "emergency": None},
    "previous_manifest": None, "drift": [["edited", "a.conf"]], "version": "nginx/1.22.1", "master": 7,
    "workers": [8, 9], "releases": [OLD],
}  # fmt: skip
ENDLESS = b"\0endless\0"


class Told:
    """A pipe whose other side gives a prepared answer to each word. `ENDLESS` in it repeats what follows, for ever."""

    def __init__(self, answers: dict[str, bytes], hello: bytes = HELLO, chunk: int = 1 << 16) -> None:
        self._answers, self._chunk = answers, chunk
        self._out: Iterator[bytes] = self._parts(hello)
        self._preamble = True
        self.closed = False
        self.said: list[str] = []  # by the host, in order

    def send(self, data: bytes) -> None:
        if self._preamble:
            self._preamble = False
            return
        word = data.split(b"\n", 1)[0].split(b" ", 1)[0].decode()
        answer = self._answers.get(word, b"")
        self.said.append(answer.decode(errors="replace"))
        before = self._out
        self._out = (part for parts in (before, self._parts(answer)) for part in parts)

    def receive(self, deadline: float) -> bytes:
        if time.monotonic() > deadline:
            raise PipeEnded("no answer in time")
        for part in self._out:
            return part
        raise PipeEnded("no answer in time")

    def complaint(self) -> str:
        return "sh: complaint"

    def close(self, patience: float) -> None:
        self.closed = True

    def _parts(self, answer: bytes) -> Iterator[bytes]:
        once, endless, rest = answer.partition(ENDLESS)
        yield from (once[at : at + self._chunk] for at in range(0, len(once), self._chunk))
        while endless and rest:
            yield rest


def line(step: str, **members: Any) -> bytes:
    return json.dumps({"step": step, "ok": True, **members}).encode() + b"\n"


def archive(**files: str) -> str:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return base64.b64encode(gzip.compress(raw.getvalue())).decode()


HONEST = {
    "observe": line("observe", **STATE),
    "show": line("show", archive=archive(a="text", b="more")),
    "journal": line("journal", lines=1)
    + json.dumps({"at": "2026-01-01T00:00:00Z", "from": None, "to": OLD, "result": "committed", "who": "me"}).encode()
    + b"\n",
    "begin": line("begin", **STATE),
    "stage": line("stage", first=False),
    "trial": line("trial", running=ONE.id),
    "commit": line("commit", live=ONE.id),
    "abort": line("abort", running=OLD),
    "beat": line("beat"),
}

values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.text(max_size=20), st.integers(), st.floats(),
        st.sampled_from([10**400, -1, ONE.id, OLD, "x" * 300, "../../etc", "\0"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


def member_changed(honest: bytes, pick: int, value: object) -> bytes:
    first, rest = honest.split(b"\n", 1)
    answer = json.loads(first)
    answer[sorted(answer)[pick % len(answer)]] = value
    return json.dumps(answer).encode() + b"\n" + rest


def twisted(step: str) -> st.SearchStrategy[bytes]:
    """The honest answer to a word, or what became of it."""
    honest = HONEST[step]
    endless = st.sampled_from([b"x" * 65536, b"\n", line("beat")]).map(lambda rest: ENDLESS + rest)
    return st.one_of(
        st.just(honest),
        st.just(honest),
        st.integers(0, len(honest)).map(lambda cut: honest[:cut]),
        st.builds(member_changed, st.just(honest), st.integers(0, 20), values),
        st.sampled_from(sorted(HONEST.values())),  # the answer to another word
        st.binary(max_size=200).map(lambda garbage: garbage + b"\n"),
        st.binary(max_size=50).map(lambda noise: noise + b"\n" + honest),
        st.just(b'{"step":' * 100_000 + b"\n"),
        endless,
    )


def error_of(act: Callable[[], object]) -> NginxgenError | None:
    """Anything that is no NginxgenError goes through: it would be a traceback."""
    try:
        act()
    except NginxgenError as error:
        return error
    return None


def conversation(session: ScriptSession) -> None:
    session.observe()
    session.read(OLD)
    session.journal(3)
    session.begin(NOTE)
    session.stage(ONE, empty(HOST))
    session.beat()
    session.trial(ONE.id, Expected(OLD, OLD))
    session.commit()


@settings(max_examples=400, deadline=None)
@given(st.fixed_dictionaries({step: twisted(step) for step in HONEST}), st.sampled_from([1, 7, 1 << 16]))
def test_a_host_is_believed_only_when_it_says_exactly_what_it_did(answers: dict[str, bytes], chunk: int) -> None:
    pipe = Told(answers, chunk=chunk)
    begun = time.monotonic()
    error = error_of(lambda: conversation(ScriptSession("edge-1", pipe, LIMITS)))
    assert time.monotonic() - begun < 10
    if error is not None:
        assert len(error.message) < 1000
        return
    trial, commit = (json.loads(said.splitlines()[-1]) for said in pipe.said[-2:])
    assert (trial["step"], trial["ok"], trial["running"]) == ("trial", True, ONE.id)
    assert (commit["step"], commit["ok"], commit["live"]) == ("commit", True, ONE.id)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=500).filter(lambda noise: b"hello" not in noise), st.sampled_from([b"", HELLO, b"\n" + HELLO])
)
def test_whatever_comes_before_host_sh_speaks_is_skipped_or_an_error(noise: bytes, hello: bytes) -> None:
    error = error_of(lambda: conversation(ScriptSession("edge-1", Told(HONEST, hello=noise + hello), LIMITS)))
    assert isinstance(error, Unreachable) == (not hello)


def tar_of(text: str) -> bytes:
    return gzip.decompress(base64.b64decode(archive(a=text, b="more")))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=600).map(tar_of)),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=5),
    st.booleans(),
)
def test_an_archive_may_hold_anything(content: bytes, changes: list[tuple[int, int]], zipped: bool) -> None:
    broken = bytearray(content)
    for at, byte in changes:
        if at < len(broken):
            broken[at] = byte
    packed = base64.b64encode(gzip.compress(broken) if zipped else broken).decode()
    session = ScriptSession("edge-1", Told({"show": line("show", archive=packed)}), LIMITS)
    error = error_of(lambda: session.read(OLD))
    assert error is None or (isinstance(error, HostRefused) and error.code == "connection-lost")


def bomb() -> str:
    """A megabyte that unpacks to a gigabyte."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packer:
        member = tarfile.TarInfo("big")
        member.size = 1 << 30
        packer.write(member.tobuf())
        for _ in range(128):
            packer.write(bytes(1 << 20))
    return base64.b64encode(raw.getvalue()).decode()


def test_a_release_that_unpacks_to_more_than_any_release_is_refused() -> None:
    session = ScriptSession("edge-1", Told({"show": line("show", archive=bomb())}), LIMITS)
    with pytest.raises(HostRefused, match="makes no sense"):
        session.read(OLD)


@pytest.mark.parametrize("number", ["1e999", "9" * 5000, "NaN", "-1", '"3"', "null", "true"])
def test_a_number_of_journal_lines_that_is_none(number: str) -> None:
    answer = f'{{"step":"journal","ok":true,"lines":{number}}}\n'.encode()
    session = ScriptSession("edge-1", Told({"journal": answer}), LIMITS)
    with pytest.raises(HostRefused, match="makes no sense"):
        session.journal(5)


TOUCHED: list[tuple[str, Callable[[ScriptSession], None]]] = [
    ("trial", lambda session: session.trial(ONE.id, Expected(OLD, OLD))),
    ("commit", lambda session: session.commit()),
    ("abort", lambda session: session.abort()),
]


@pytest.mark.parametrize("answer", [b"", b"garbage\n", b'{"step":"observe","ok":true}\n'])
@pytest.mark.parametrize(("lost_in", "step"), TOUCHED)
def test_once_a_host_is_touched_what_it_serves_is_not_known(
    lost_in: str, step: Callable[[ScriptSession], None], answer: bytes
) -> None:
    pipe = Told({**HONEST, lost_in: answer})
    session = ScriptSession("edge-1", pipe, LIMITS)
    session.begin(NOTE)
    session.stage(ONE, empty(HOST))
    if lost_in != "trial":
        session.trial(ONE.id, Expected(OLD, OLD))
    with pytest.raises(HostLost, match=lost_in) as lost:
        step(session)
    assert "nginxgen status" in str(lost.value.hint)
    with pytest.raises(NginxgenError):
        session.observe()  # a late answer to the last word would be taken for the answer to this one


@pytest.mark.parametrize("step", ["observe", "begin", "stage"])
def test_before_a_trial_a_lost_host_has_nothing_to_undo(step: str) -> None:
    session = ScriptSession("edge-1", Told({**HONEST, step: b""}), LIMITS)
    with pytest.raises(HostRefused, match="no answer in time") as refused:
        conversation(session)
    assert refused.value.code == "connection-lost"
    assert "sh: complaint" in refused.value.message


def test_no_answer_to_a_heartbeat_is_taken_for_another_words() -> None:
    pipe = Told({**HONEST, "beat": line("beat") * 3})
    session = ScriptSession("edge-1", pipe, LIMITS)
    session.begin(NOTE)
    for _ in range(5):
        session.beat()
    session.stage(ONE, empty(HOST))


def test_a_refusal_says_what_the_host_says() -> None:
    answer = b'{"step":"begin","ok":false,"code":"locked","message":"busy","hint":null,'
    answer += b'"owner":{"who":"alice@laptop","verb":"apply","since":"noon"}}\n'
    session = ScriptSession("edge-1", Told({"begin": answer}), LIMITS)
    with pytest.raises(HostRefused, match=r"locked by alice@laptop \(apply, since noon\)"):
        session.begin(NOTE)


def test_a_warning_at_the_commit_is_handed_on() -> None:
    answers = {**HONEST, "commit": line("commit", live=ONE.id, warning="no journal entry: disk full")}
    session = ScriptSession("edge-1", Told(answers), LIMITS)
    session.begin(NOTE)
    session.trial(ONE.id, Expected(OLD, OLD))
    assert session.commit() == "no journal entry: disk full"


def test_the_script_is_sent_whole_before_the_first_word() -> None:
    assert len(script.preamble()) % script.BLOCK == 0
