"""A nginx in a container: the same script by `docker exec -i`.

These tests need no container engine; docs/operations.md says with which one the transport was tried by hand. The
container is one of namespaces (mounts, processes) with the image's usual shape: nginx as process 1, config in
/etc/nginx, logs where `docker logs` would read them. The program is a stand-in on PATH that knows `exec -i NAME
COMMAND...` as docker does, and no more.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_tools import Cli

from nginxgen.demo import processes
from nginxgen.demo.layout import reserve

CONF = """
worker_processes 2;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log notice;
events {}
http {
    access_log off;
    include /etc/nginx/conf.d/*.conf;
}
"""
# The image: a few folders of its own over those of this machine, and nginx as process 1.
RUN = """
mount --make-rprivate /
for folder in /etc/nginx /run /var/log /var/lib /tmp; do mount -t tmpfs none "$folder"; done
mkdir -p /etc/nginx/conf.d /var/log/nginx /var/lib/nginx
printf '%s' "$CONF" >/etc/nginx/nginx.conf
ln -s /dev/stderr /var/log/nginx/error.log
exec nginx -g 'daemon off;'
"""


@dataclass(frozen=True)
class Container:
    """`cli` has an inventory with this container as its only host."""

    cli: Cli
    init: int  # the pid of its nginx, seen from here
    address: str

    def says(self, path: str = "/") -> str:
        """What our service answers."""
        connection = http.client.HTTPConnection(self.address, 18080, timeout=2)
        try:
            connection.request("GET", path, headers={"Host": "shop.example.com"})
            return connection.getresponse().read().decode()
        except OSError:
            return ""
        finally:
            connection.close()

    def inside(self, path: str) -> Path:
        return Path(f"/proc/{self.init}/root{path}")


INVENTORY = """
fleet:
  hosts:
    web: {{transport: docker, container: shop-web-1, container_cli: {cli}, address: {address}, bind: {address}}}
services:
  shop:
    listen: [18080]
    server_names: [shop.example.com]
    versions: {{v1: {{servers: ["127.0.0.1:1"]}}, v2: {{servers: ["127.0.0.1:2"]}}}}
    stable: v1
    canary: v2
    server_extra: |
      location = /health {{ return 200 "{says}"; }}
    smoke: [{{path: /health}}]
"""


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    if os.geteuid() != 0:
        pytest.fail("a container with /etc/nginx of its own needs root: run these tests as root", pytrace=False)
    net, guard = reserve()
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", RUN]
    with guard:
        engine = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "CONF": CONF}
        )
        try:
            processes.wait_for(lambda: bool(processes.children(engine.pid)), "process 1 of the container")
            (init,) = processes.children(engine.pid)
            processes.wait_for(lambda: len(processes.children(init)) == 2, "nginx in the container")
            stand_in(tmp_path / "bin", init)
            monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
            path = tmp_path / "fleet.yml"
            path.write_text(INVENTORY.format(cli="stand-in", address=f"{net}.1", says="well"))
            yield Container(Cli(path), init, f"{net}.1")
        finally:
            engine.send_signal(signal.SIGKILL)  # and --kill-child ends the rest
            engine.wait()


def stand_in(folder: Path, init: int) -> None:
    """`exec -i NAME COMMAND...`: in the namespaces of the container, away from this machine's environment."""
    folder.mkdir()
    program = folder / "stand-in"
    program.write_text(f"""#!/bin/sh
[ "$1 $2" = "exec -i" ] || {{ echo "unknown command: $*" >&2; exit 125; }}
[ "$3" = shop-web-1 ] || {{ echo "Error response from daemon: No such container: $3" >&2; exit 1; }}
shift 3
exec nsenter --target {init} --mount --pid -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
""")
    program.chmod(0o755)


def test_a_whole_life_in_a_container(container: Container) -> None:
    assert container.cli.json("apply", "--yes")["outcome"] == "applied"
    processes.wait_for(lambda: container.says("/health") == "well", "the service answers")
    assert container.cli.json("apply", "--yes", "--weight", "10")["outcome"] == "applied"
    found = container.cli.json("status")["hosts"][0]
    assert (found["drift"], found["services"]["shop"]["weights"]) == ([], {"default": 10})
    assert container.inside("/etc/nginx/nginxgen/live").readlink().name == found["live"]
    assert not Path("/etc/nginx/nginxgen").exists()
    # health is asked through the container's address, and a release that is not well goes back
    text = container.cli.inventory.read_text()
    container.cli.inventory.write_text(text.replace('return 200 "well"', 'return 500 "ill"'))
    assert container.cli.json("apply", "--yes", code=5)["outcome"] == "reverted"
    container.cli.inventory.write_text(text)
    processes.wait_for(lambda: container.says("/health") == "well", "the old release answers")
    assert container.cli.json("revert", "--yes")["outcome"] == "applied"
    assert container.cli.json("status")["hosts"][0]["services"]["shop"]["weights"] == {"default": 0}


@pytest.mark.full
def test_a_container_or_a_program_that_is_not_there_is_said(container: Container) -> None:
    text = container.cli.inventory.read_text()
    container.cli.inventory.write_text(text.replace("shop-web-1", "shop-web-2"))
    assert "No such container: shop-web-2" in container.cli("apply", "--yes", code=4).stderr
    container.cli.inventory.write_text(text.replace("stand-in", "no-such-engine"))
    assert "cannot start no-such-engine" in container.cli("apply", "--yes", code=4).stderr


@pytest.mark.full
def test_the_client_of_the_engine_is_killed_in_mid_trial(container: Container) -> None:
    """The script in the container sees the end of its input, and goes back."""
    container.cli("apply", "--yes")
    text = container.cli.inventory.read_text()
    slow = 'location = /health { proxy_pass http://127.0.0.1:1; } location = /x { return 200 ""; }'
    container.cli.inventory.write_text(text.replace('location = /health { return 200 "well"; }', slow))
    before = container.inside("/etc/nginx/nginxgen/live").readlink()
    running = container.cli.popen("apply", "--yes")
    open_ = container.inside("/var/lib/nginxgen/txn")
    processes.wait_for(lambda: any(open_.glob("*.open")), "the trial")
    running.kill()
    running.communicate()
    processes.wait_for(lambda: not any(open_.iterdir()), "the container puts itself right", seconds=20)
    assert container.inside("/etc/nginx/nginxgen/live").readlink() == before
    processes.wait_for(lambda: container.says("/health") == "well", "the old release answers")
