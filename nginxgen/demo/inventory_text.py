"""The inventory of a private fleet, as text that a user could have written."""

from __future__ import annotations

import json
import textwrap

from nginxgen.demo.layout import HostLayout, Layout
from nginxgen.demo.processes import program
from nginxgen.demo.sshd import user


def inventory_text(layout: Layout, services: str | None = None) -> str:
    """Hosts of `layout`, and `services`: YAML without indentation, by default one service "shop" over the backends."""
    hosts = "".join(_host(layout, host) for host in layout.host_layouts())
    return f"""fleet:
  defaults:
    user: {json.dumps(user())}
    nginx: {{binary: {json.dumps(program("nginx"))}}}
  hosts:
{hosts}services:
{textwrap.indent(shop(layout) if services is None else services, "  ")}"""


def shop(layout: Layout, name: str = "shop", *, extra: str = "") -> str:
    """A service whose stable and canary are the first two versions of the lab; `extra`: more YAML of the service."""
    versions = list(layout.pools)
    canary = f"canary: {versions[1]}\n" if len(versions) > 1 else ""
    pools = "".join(f"    {version}: {{servers: {servers(layout, version)}}}\n" for version in versions)
    return f"""{name}:
  listen: [{layout.web_port}]
  server_names: [{name}.example.com]
  versions:
{pools}  stable: {versions[0]}
{textwrap.indent(canary, "  ")}  override:
    cookie: gray_release
{textwrap.indent(extra, "  ")}"""


def servers(layout: Layout, version: str) -> str:
    """The servers of a version, as a list in YAML's flow form."""
    return json.dumps([str(backend) for backend in layout.backend_layouts() if backend.version == version])


def _host(layout: Layout, host: HostLayout) -> str:
    # JSON's strings are YAML's double-quoted ones.
    return f"""    {host.name}:
      address: {host.address}
      port: {host.ssh_port}
      identity_file: {json.dumps(str(layout.identity))}
      known_hosts: {json.dumps(str(layout.known_hosts))}
      bind: {host.address}
      nginx: {{conf: {json.dumps(str(host.conf))}}}
      state_dir: {json.dumps(str(host.state_dir))}
      run_dir: {json.dumps(str(host.run_dir))}
      log_dir: {json.dumps(str(host.log_dir))}
"""
