"""One host.sh over local pipes, against a private nginx: no SSH, no renderer, nothing between a test and the script."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.client
import io
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from nginxgen.demo import processes, webserver
from nginxgen.demo.layout import HostLayout, reserve
from nginxgen.fleet import script

BLOCK = 4096
# All that host.sh needs on a host, beside nginx; docs/host-protocol.md names the same.
TOOLS = (
    *(
        "sh",
        "base64",
        "cat",
        "chmod",
        "cp",
        "date",
        "dd",
        "grep",
        "gzip",
        "head",
        "ln",
        "ls",
        "mkdir",
        "mv",
        "readlink",
    ),
    *("rm", "rmdir", "sed", "sha256sum", "sleep", "sort", "stat", "sync", "tail", "tar", "timeout", "tr", "wc"),
)
PATIENCE = 40.0  # seconds: far beyond anything that is waited for here, so that a hang is a failure with a name


def only_tools(folder: Path, names: Iterable[str] = TOOLS, source: str = "") -> Path:
    """A folder for PATH that holds these and nothing else; all of them are `source`, where that is given."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(shutil.which(source or name) or f"{source or name} is not installed")
    return folder


def poll(fact: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
    """What `fact` returns, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (value := fact()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.01)
    return value


# ---------------------------------------------------------------- releases, made by hand


@dataclass(frozen=True)
class Parcel:
    """A release as host.sh gets it."""

    id: str
    files: Mapping[str, bytes]


def parcel(host: Machine, says: str, *, http: str = "", port: int = 0, server: str = "", twin: str = "") -> Parcel:
    """A release whose one service answers `says` on the web port of `host`. `http`: more lines for the http block."""
    listen = f"{host.layout.address}:{port or host.layout.web_port}"
    service = f"""{http}
server {{
    listen {listen};
    {server}
    include nginxgen/live/release.inc;
    location / {{ default_type text/plain; return 200 "{says}\\n"; }}
}}
"""
    log = f"{host.layout.log_dir}/gen-@release@.log"
    inc = f"location @nginxgen_release {{ access_log {log}; return 404; }}\n"
    return _named({"shop.conf": service, "release.inc": inc}, {"says": says}, twin or None, host)


def empty(host: Machine) -> Parcel:
    """The release with no service, which a first apply starts from."""
    return _named({}, {}, None, host)


def _named(texts: Mapping[str, str], services: object, twin: str | None, host: Machine) -> Parcel:
    manifest = {"format": 1, "services": services, "emergency": twin, "log_dir": str(host.layout.log_dir)}
    texts = {**texts, "sentinel": "# @release@\n", "manifest.json": json.dumps(manifest, separators=(",", ":")) + "\n"}
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    name = digest.hexdigest()[:12]
    return Parcel(name, with_sums({key: text.replace("@release@", name).encode() for key, text in texts.items()}))


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, "SHA256SUMS": sums.encode()}


def archive(parcels: Sequence[Parcel]) -> bytes:
    """tar.gz of `<id>/<file>` members."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for one in parcels:
            for name, content in one.files.items():
                member = tarfile.TarInfo(f"{one.id}/{name}")
                member.size, member.mode = len(content), 0o644
                out.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


# ---------------------------------------------------------------- the host


class Machine:
    """A private nginx in Debian's shape, in its own directory. Every method returns when what it says is a fact."""

    def __init__(self, root: Path, net: str, binary: str | None = None) -> None:
        self.layout = HostLayout("host", root, f"{net}.1", 22201, 18080, 18081)
        self.binary = binary or processes.program("nginx")
        self.prefix: tuple[str, ...] = ()  # words before every command on this host: see in_own_mounts
        self.anchor: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None

    def seen(self, path: Path) -> Path:
        """A path as it is for the processes of this host, which may have mounts of their own."""
        return Path(f"/proc/{self.anchor.pid}/root{path}") if self.anchor else path

    @property
    def home(self) -> Path:
        return self.seen(self.layout.conf_dir) / "nginxgen"

    @property
    def loader(self) -> Path:
        return self.seen(self.layout.conf_dir) / "conf.d/00-nginxgen.conf"

    @property
    def environ(self) -> dict[str, str]:
        """Marks processes as this host's, so that `kill` finds them."""
        return {**os.environ, processes.MARKER: str(self.layout.folder)}

    def start(self) -> None:
        """Start nginx, as systemd would: -p, -e and -g on its command line."""
        self.layout.volatile.mkdir(parents=True, exist_ok=True)
        log = self.layout.log_dir / "error.log"
        words = [self.binary, "-p", f"{self.layout.folder}/usr/share/nginx/", "-c", str(self.layout.conf)]
        words += ["-e", str(log), "-g", "daemon off;"]
        with (self.layout.folder / "start.log").open("ab") as out:
            self._nginx = subprocess.Popen(
                [*self.prefix, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environ
            )
        poll(self._up, f"nginx starts: {self._last_words()}")

    def _up(self) -> bool:
        assert self._nginx is not None
        assert self._nginx.poll() is None, f"nginx did not start: {self._last_words()}"
        return len(webserver.workers(self.layout)) == 2  # as its config says

    def _last_words(self) -> str:
        logs = (self.layout.folder / "start.log", self.layout.log_dir / "error.log")
        return " | ".join(line for log in logs if log.exists() for line in log.read_text().splitlines()[-3:])

    def stop(self) -> None:
        if (pid := self.master) is not None:
            processes.end([pid, *processes.children(pid)])
        self._reap()

    def kill(self) -> None:
        """Cut the power."""
        spare = {self.anchor.pid} if self.anchor else set()
        processes.kill_all(self.layout.folder, spare=spare)
        self._reap()

    def reboot(self) -> None:
        """The power is cut; /run is empty; nginx starts with what the disk says."""
        self.kill()
        shutil.rmtree(self.layout.volatile, ignore_errors=True)
        self.start()

    def reset(self) -> None:
        """As new: nothing of nginxgen on it, and a pristine config."""
        self.kill()
        for folder in (self.layout.state_dir, self.layout.volatile, self.layout.log_dir):
            shutil.rmtree(folder, ignore_errors=True)
        webserver.write(self.layout)
        self.start()

    def _reap(self) -> None:
        if self._nginx is not None:
            self._nginx.wait(10)

    @property
    def master(self) -> int | None:
        return webserver.master(self.layout)

    def workers(self) -> tuple[int, ...]:
        return webserver.workers(self.layout)

    def reload(self) -> None:
        """Somebody's HUP; returns when new workers serve and the old ones are gone."""
        assert self.master is not None
        old = set(processes.children(self.master))
        os.kill(self.master, signal.SIGHUP)
        poll(lambda: self.workers() and not old & set(processes.children(self.master or 0)), "the reload")

    def says(self, port: int = 0) -> str:
        """What a client gets from our service; "" where nobody serves it."""
        return get(self.layout.address, port or self.layout.web_port)

    def site(self) -> str:
        """What a client gets from the host's own site, which is none of our business."""
        return get(self.layout.address, self.layout.site_port)

    def held(self) -> set[str]:
        """The releases whose log the master holds open."""
        found = set()
        with suppress(FileNotFoundError):
            for link in Path(f"/proc/{self.master}/fd").iterdir():
                with suppress(FileNotFoundError):
                    if match := re.search(r"/gen-([0-9a-f]{12})\.log", str(link.readlink())):
                        found.add(match[1])
        return found

    def live(self) -> str | None:
        try:
            return (self.home / "live").readlink().name
        except FileNotFoundError:
            return None

    def tree(self) -> dict[str, str]:
        """Every path of the conf dir with its kind, mode and content."""
        found = {}
        root = self.seen(self.layout.conf_dir)
        for path in sorted(root.rglob("*")):
            where = str(path.relative_to(root))
            if path.is_symlink():
                found[where] = f"-> {path.readlink()}"
            elif path.is_dir():
                found[where] = f"dir {path.stat().st_mode:o}"
            else:
                found[where] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        return found

    def journal(self) -> list[dict[str, Any]]:
        path = self.seen(self.layout.state_dir) / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def open_transactions(self) -> list[str]:
        return sorted(path.name for path in (self.seen(self.layout.state_dir) / "txn").glob("*"))

    def settled(self) -> bool:
        """Nothing of ours is at work: no transaction is open and no session or dead-man lives."""
        return not self.open_transactions() and not self.ours()

    def ours(self) -> set[int]:
        """Living processes of sessions: all of this host's that are not nginx."""
        own = self.master or 0
        spare = {own, *processes.children(own)} | ({self.anchor.pid} if self.anchor else set())
        return processes.belonging(self.layout.folder) - spare

    def kill_ours(self) -> None:
        """kill -9 to every session and dead-man; nginx goes on."""
        while doomed := self.ours():
            processes.kill(doomed)

    def in_own_mounts(self) -> None:
        """From now on everything on this host runs in a mount namespace of its own; a normal user becomes its root."""
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.anchor = subprocess.Popen(
            ["unshare", *user, "--mount", "--", "sh", "-c", "echo ready; exec sleep infinity"],
            stdout=subprocess.PIPE,
            env=self.environ,
        )
        assert self.anchor.stdout is not None
        assert self.anchor.stdout.readline() == b"ready\n"
        join = ["--user", "--preserve-credentials"] if user else []
        self.prefix = ("nsenter", "--target", str(self.anchor.pid), "--mount", *join, "--")

    def mount(self, folder: Path, kilobytes: int = 512, inodes: int = 400) -> None:
        """A small file system of its own for `folder`, with what is in there now. Needs in_own_mounts."""
        script = 'cp -a "$1" "$1.was" && mount -t tmpfs -o "$2" tmpfs "$1" && chmod 755 "$1" && cp -a "$1.was/." "$1/"'
        folder.mkdir(parents=True, exist_ok=True)
        self.run("sh", "-c", script, "mount", str(folder), f"size={kilobytes}k,nr_inodes={inodes}")

    def fill(self, folder: Path) -> None:
        """Not a byte and not a name more."""
        bytes_ = 'cd "$1" && dd if=/dev/zero of=full bs=512 2>/dev/null'
        names = 'n=0; while touch "full-$n"; do n=$((n + 1)); done 2>/dev/null; :'
        self.run("sh", "-c", f"{bytes_}; {names}", "fill", str(folder))

    def unfill(self, folder: Path) -> None:
        self.run("sh", "-c", 'rm -f "$1"/full*', "unfill", str(folder))

    def run(self, *words: str) -> None:
        """A command on this host, that must succeed."""
        done = subprocess.run([*self.prefix, *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"

    def close(self) -> None:
        self.kill()
        if self.anchor is not None:
            self.anchor.kill()
            self.anchor.wait()
            assert self.anchor.stdout is not None
            self.anchor.stdout.close()


def get(address: str, port: int, timeout: float = 2.0) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().strip()
    except OSError:
        return ""
    finally:
        connection.close()


@contextmanager
def machine(**options: Any) -> Iterator[Machine]:
    """A host that is up, in a temporary directory that nginx's workers, who are no root, can reach."""
    net, guard = reserve()
    with tempfile.TemporaryDirectory(prefix="nginxgen-host-") as name, guard:
        folder = Path(name).resolve()
        folder.chmod(0o711)
        host = Machine(folder, net, **options)
        try:
            webserver.write(host.layout)
            host.start()
            yield host
        finally:
            host.close()


# ---------------------------------------------------------------- the script, and where to stop it


@functools.cache
def product() -> str:
    return script.source()


@dataclass(frozen=True)
class Stop:
    """Where to hold the script: when its function `name` begins (or has ended) for the `nth` time in a session."""

    name: str
    after: bool = True
    nth: int = 1

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.name}{f' #{self.nth}' if self.nth > 1 else ''}"


def held_at(source: str, stop: Stop, flag: Path) -> str:
    """A copy of the script that stops there: `flag` appears, and the script goes on when it is gone again.

    The function is renamed and another with its name put around it, so that the product needs no hooks for tests.
    Calls are counted in a file, because some of them are made in subshells.
    """
    name = stop.name
    assert source.count(f"\n{name}() ") == 1, f"host.sh has no function {name}"
    around = f"""
held_here() {{
    [ "$role" = session ] || return 0
    printf . >>"{flag}.count"
    [ "$(wc -c <"{flag}.count")" -eq {stop.nth} ] || return 0
    : >"{flag}"
    while [ -e "{flag}" ]; do sleep 0.02; done
}}
{name}() {{
    {"" if stop.after else "held_here"}
    its_{name} "$@"
    its_status=$?
    {"held_here" if stop.after else ""}
    return $its_status
}}
"""
    return source.replace(f"\n{name}() ", f"\n{around.strip()}\nits_{name}() ", 1)


@dataclass
class Talk:
    """A session with one host.sh. As a context manager it closes the script's input at the end and waits for it."""

    host: Machine
    stop: Stop | None = None
    shell: Sequence[str] = ("sh",)
    settings: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    prefix: Sequence[str] = ()
    trials: int = 0

    def __post_init__(self) -> None:
        self.flag = self.host.layout.folder / f"held-{time.monotonic_ns()}"
        source = self.source or product()
        if self.stop is not None:
            source = held_at(source, self.stop, self.flag)
        words = {
            "nginx": self.host.binary,
            "conf": str(self.host.layout.conf),
            "include": "conf.d",
            "state": str(self.host.layout.state_dir),
            "run": str(self.host.layout.run_dir),
            "log": str(self.host.layout.log_dir),
            "deadman": "2",
            **self.settings,
        }
        raw = source.encode()
        blocks = len(padded(raw)) // BLOCK
        bootstrap = (
            f"NGINXGEN_SCRIPT=$(dd bs={BLOCK} count={blocks} iflag=fullblock 2>/dev/null | head -c {len(raw)})"
            ' && eval "$NGINXGEN_SCRIPT"'
        )
        settings = [f"{name}={value}" for name, value in words.items()]
        self.process = subprocess.Popen(
            [*self.host.prefix, *self.prefix, *self.shell, "-c", bootstrap, "nginxgen", *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.host.environ, **self.environ},
            start_new_session=True,
        )
        self._rest = b""
        self.txn = f"t{self.pid}"
        self.send(padded(raw))
        assert self.hear() == {"step": "hello", "ok": True, "protocol": 1}

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def _out(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def line(self, seconds: float = PATIENCE) -> bytes:
        """One line of the script's, without its end. Raises EOFError where it has ended, TimeoutError."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"no answer within {seconds:g} s")
                data = os.read(self._out, 1 << 16)
                if not data:
                    raise EOFError(self.complaint())
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def hear(self, seconds: float = PATIENCE) -> dict[str, Any]:
        answer = json.loads(self.line(seconds).decode(errors="replace"))
        assert isinstance(answer, dict)
        return answer

    def ask(self, word: str, body: bytes = b"", seconds: float = PATIENCE) -> dict[str, Any]:
        """One word and its answer."""
        self.send(word.encode() + b"\n" + body)
        return self.hear(seconds)

    def do(self, word: str, body: bytes = b"", seconds: float = PATIENCE) -> dict[str, Any]:
        """One word, whose answer must be yes."""
        answer = self.ask(word, body, seconds)
        assert answer["ok"], answer
        return answer

    def complaint(self) -> str:
        assert self.process.stderr is not None
        self.process.wait(PATIENCE)
        return self.process.stderr.read().decode(errors="replace")

    # ---- words of the protocol

    def begin_word(self, verb: str = "apply") -> bytes:
        note = {"verb": verb, "who": "me@here", "why": "a test", "txn": self.txn, "since": "2026-01-01T00:00:00Z"}
        return f"begin {json.dumps(note)}\n".encode()

    def stage_word(self, release: Parcel, twin: Parcel | None = None, body: bytes | None = None) -> bytes:
        """With the archive behind it: `body`, or that of the empty release, the twin and the release."""
        none = empty(self.host)
        packed = archive([none, *([twin] if twin else []), release]) if body is None else body
        blocks = len(padded(packed)) // BLOCK
        word = f"stage {len(packed)} {blocks} {release.id} {twin.id if twin else '-'} {none.id}\n"
        return word.encode() + padded(packed)

    def trial_word(self, release: str, live: str | None, running: str | None, restores: str = "") -> bytes:
        self.trials += 1
        return f"trial {self.txn}-{self.trials} {release} {live or '-'} {running or '-'} {restores}\n".encode()

    def begin(self, verb: str = "apply") -> dict[str, Any]:
        self.send(self.begin_word(verb))
        return self.hear()

    def stage(self, release: Parcel, twin: Parcel | None = None, *, body: bytes | None = None) -> dict[str, Any]:
        self.send(self.stage_word(release, twin, body))
        return self.hear()

    def trial(self, release: str, live: str | None, running: str | None, restores: str = "") -> dict[str, Any]:
        self.send(self.trial_word(release, live, running, restores))
        return self.hear()

    def apply(self, release: Parcel, twin: Parcel | None = None) -> dict[str, Any]:
        """All of it up to the end of the trial; the first answer that is no, else the trial's."""
        state = self.begin()
        if not state["ok"]:
            return state
        staged = self.stage(release, twin)
        return self.trial(release.id, state["live"], state["running"]) if staged["ok"] else staged

    # ---- ends

    def answer_or_stop(self) -> dict[str, Any] | None:
        """The next answer, which must be yes; None where the script has reached its stop."""
        while True:
            if self.flag.exists():
                return None
            with suppress(TimeoutError):
                answer = self.hear(0.02)
                assert answer["ok"], answer
                return answer

    def held(self, seconds: float = PATIENCE) -> None:
        """Returns when the script has reached its stop."""
        poll(self.flag.exists, f"the script stops {self.stop}", seconds)

    def go_on(self) -> None:
        self.flag.unlink()

    def kill(self) -> None:
        """kill -9 of the script alone: its connection is open, its children live."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def hang_up(self) -> None:
        """What the script sees of a controller that was killed, and of a connection that was cut."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def close(self) -> None:
        self.hang_up()
        self.process.wait(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and self.process.poll() is None:
            self.process.kill()  # a test that failed does not wait
        self.close()


def applied(host: Machine, release: Parcel, twin: Parcel | None = None, **options: Any) -> None:
    """Put `release` on a host, as one does."""
    with Talk(host, **options) as talk:
        answer = talk.apply(release, twin)
        assert answer["ok"], answer
        talk.do("commit")
        talk.send(b"bye\n")
