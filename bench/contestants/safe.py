"""The safe floor: the least that a change costs which all hosts take or none, hand-written.

One connection and one exec a host, as the floor; but no host reloads before all have passed their test, none is done
before all have served the new config for 250 ms, what is written is flushed, and the old file stays until then. No
lock, no comparison, no dead-man, no journal, no proof but another worker: a script of some fifteen lines.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import paramiko

from bench.answers import wait_for_first
from bench.contestants.base import Failed
from bench.contestants.floor import dial, read_known_hosts
from bench.fleet import Site, Spec

_LOGINS = threading.BoundedSemaphore(16)  # at once: more only wait for each other
_MOST = 256  # threads
T = TypeVar("T")


def script(spec: Spec, site: Site, size: int) -> str:
    """The file comes on stdin, then a line for each step that the fleet goes on to."""
    file = spec.target(site)
    return f"""
dd bs={size} count=1 iflag=fullblock of={file}.new 2>/dev/null && sync {file}.new || exit
ln -f {file} {file}.old && mv {file}.new {file} || exit
{spec.test_command(site)} || {{ mv {file}.old {file} && exit 1; }}
echo tested && read -r word || {{ mv {file}.old {file} && exit 1; }}
read -r master <{site.pid_file} && workers=/proc/$master/task/$master/children # a line without an end: read says 1
read -r before <$workers || kill -HUP $master
after=$before n=0
while [ "$after" = "$before" ]; do [ $((n += 1)) -lt 300 ] && sleep 0.01 || exit; read -r after <$workers || :; done
sleep 0.25
echo served && read -r word || {{ mv {file}.old {file} && kill -HUP $master && exit 1; }}
rm {file}.old && sync {site.conf_d} && echo kept
"""


class Safe:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._key = paramiko.PKey.from_path(spec.identity)
        self._host_keys = read_known_hosts(spec.known_hosts)
        self._pool = ThreadPoolExecutor(min(_MOST, len(spec.sites)))

    def change(self, _weight: str) -> None:
        self._bring_all("v2")

    def revert(self) -> None:
        self._bring_all("v1")

    def _bring_all(self, wanted: str) -> None:
        open_ones: dict[Site, paramiko.Channel] = {}
        try:
            open_ones |= self._each(self._test)
            self._each(lambda site: _go_on(open_ones[site], "served"))
            self._each(lambda site: wait_for_first(site, self._spec.service, wanted))
            self._each(lambda site: _go_on(open_ones[site], "kept"))
        finally:
            for channel in open_ones.values():
                threading.Thread(target=channel.get_transport().close, daemon=True).start()

    def _each(self, step: Callable[[Site], T]) -> Mapping[Site, T]:
        return dict(zip(self._spec.sites, self._pool.map(step, self._spec.sites), strict=True))

    def _test(self, site: Site) -> paramiko.Channel:
        text = self._spec.config(site).read_bytes()
        with _LOGINS:
            transport = paramiko.Transport(dial(site))
            transport.connect(self._host_keys[site.ssh], self._spec.user, pkey=self._key)
            channel = transport.open_session()
            channel.exec_command(script(self._spec, site, len(text)))
            channel.sendall(text)
        _hear(channel, "tested")
        return channel


def _go_on(channel: paramiko.Channel, wanted: str) -> None:
    channel.sendall(b"on\n")
    _hear(channel, wanted)


def _hear(channel: paramiko.Channel, wanted: str) -> None:
    said = channel.recv(100).decode().strip()
    if said != wanted:
        raise Failed(f"safe floor: {said!r} in place of {wanted}: {channel.recv_stderr(1000)!r}")
