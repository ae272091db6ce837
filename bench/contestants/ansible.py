"""Ansible: copy, nginx -t, reload, as a playbook; with its defaults, and tuned as its manual recommends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from bench.contestants.base import Command
from bench.fleet import Spec
from bench.processes import ssh_clients

_PLAYBOOK = """\
- hosts: all
{gather}  tasks:
    - name: the config of the service
      ansible.builtin.copy:
        src: "conf/{{{{ inventory_hostname }}}}.conf"
        dest: "{{{{ target }}}}"
      notify: reload
    - name: test
      ansible.builtin.command: "{{{{ test }}}}"
      changed_when: false
  handlers:
    - name: reload
      ansible.builtin.shell: "kill -HUP $(cat {{{{ pid_file }}}})"
"""
_TUNED = """\
forks = 50
interpreter_python = {python}
[ssh_connection]
pipelining = True
"""


class Ansible(Command):
    name = "Ansible, defaults"
    tuned = False

    def __init__(self, spec: Spec, tool: Path, python: str) -> None:
        super().__init__(spec)
        self._tool = tool  # ansible-playbook
        self._python = python  # on the hosts

    def prepare(self) -> None:
        folder = Path(self.spec.folder)
        settings = _TUNED.format(python=self._python) if self.tuned else "[ssh_connection]\n"
        (folder / "ansible.cfg").write_text(
            f"[defaults]\nlocal_tmp = {folder}/tmp\n{settings}control_path_dir = {folder}/cp\n"
        )
        gather = "  gather_facts: false\n" if self.tuned else ""
        (folder / "play.yml").write_text(_PLAYBOOK.format(gather=gather))
        hosts = {site.name: self._variables(index) for index, site in enumerate(self.spec.sites)}
        (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))

    def argv(self, weight: str | None) -> Sequence[str]:  # noqa: ARG002  (the files say what to serve)
        return [str(self._tool), "-i", "hosts.json", "play.yml"]

    def environ(self) -> dict[str, str]:
        return {"ANSIBLE_CONFIG": f"{self.spec.folder}/ansible.cfg", "PYTHONUNBUFFERED": "", "LC_ALL": "C.UTF-8"}

    def close(self) -> None:
        """Its connections outlive it by a minute (ControlPersist); they would reach into the next contestant's time."""
        for pid in ssh_clients(self.spec.folder):
            os.kill(pid, signal.SIGTERM)

    def _variables(self, index: int) -> dict[str, str]:
        site = self.spec.sites[index]
        return {
            "ansible_ssh_common_args": f"-F {self.spec.ssh_config}",
            "ansible_remote_tmp": f"{self.spec.folder}/remote-{site.name}",
            "target": self.spec.target(site),
            "test": self.spec.test_command(site),
            "pid_file": site.pid_file,
        }


class TunedAnsible(Ansible):
    """50 forks, pipelining, no facts, the interpreter named."""

    name = "Ansible, tuned"
    tuned = True
