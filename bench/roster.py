"""The contestants, by the name that is given with --only, and how often each is worth its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.contestants.ansible import Ansible, TunedAnsible
from bench.contestants.base import Contestant
from bench.contestants.cli import Cli, FloorScript
from bench.contestants.openssh import Multiplexed, Parallel, Sequential
from bench.contestants.pyinfra import Pyinfra
from bench.contestants.warm import Warm
from bench.fleet import Spec

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".bench"  # throw-away environments, see bench/tools.sh
_PYTHON = "/usr/bin/python3"  # of the hosts, for Ansible


@dataclass(frozen=True, slots=True)
class Entry:
    make: Callable[[Spec], Contestant]
    title: str
    slow: int = 10**9  # on more hosts than that it runs once, and that lap is sampled for its memory as well
    too_slow: int = 100  # beyond this many hosts it does not run


ROSTER: Mapping[str, Entry] = {
    "floor": Entry(lambda spec: Warm("floor", "floor", spec), "floor: bare paramiko, one exec", too_slow=10**9),
    "safe": Entry(
        lambda spec: Warm("safe", "safe", spec), "safe floor: all hosts or none, hand-written", too_slow=10**9
    ),
    "nginxgen": Entry(lambda spec: Warm("nginxgen", "nginxgen", spec), "nginxgen, as a library", too_slow=10**9),
    "local": Entry(lambda spec: Warm("local", "local", spec), "the same local work, no SSH", slow=0),
    "floorscript": Entry(FloorScript, "floor, as a script", slow=0, too_slow=10**9),
    "cli": Entry(Cli, "nginxgen, the command", slow=40, too_slow=10**9),
    "masters": Entry(Multiplexed, "OpenSSH, warm masters, xargs -P16", slow=0),
    "pyinfra": Entry(lambda spec: Pyinfra(spec, TOOLS / "pyinfra/bin/pyinfra"), "pyinfra"),
    "xargs": Entry(Parallel, "xargs -P16 scp + ssh", slow=40),
    "sequential": Entry(Sequential, "scp + ssh, one by one", slow=0, too_slow=20),
    "tuned": Entry(
        lambda spec: TunedAnsible(spec, TOOLS / "ansible/bin/ansible-playbook", _PYTHON),
        "Ansible: 50 forks, pipelining, no facts",
        slow=5,
    ),
    "ansible": Entry(
        lambda spec: Ansible(spec, TOOLS / "ansible/bin/ansible-playbook", _PYTHON),
        "Ansible, defaults",
        slow=0,
        too_slow=20,
    ),
}
