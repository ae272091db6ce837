"""host-setup"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.options import host_option, inventory_option, json_option, load_inventory
from nginxgen.commands.output import complain, emit, emit_json
from nginxgen.errors import InputError, NeedsHuman, NginxgenError, SeveralRefused
from nginxgen.files import write
from nginxgen.model.host import Script

if TYPE_CHECKING:
    from nginxgen.fleet.setup import Kit
    from nginxgen.workflow.host_setup import Wish

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("host-setup")
@inventory_option
@host_option
@json_option
@click.option("--apply", "apply_", is_flag=True, help="Install it over SSH, and read it back.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Write a script for each host, to be run there by root.",
)  # fmt: skip
@click.option("--key", type=_file, metavar="FILE", help="nginxgen's public key; by default identity_file with .pub.")
@click.option(
    "--authorized-keys", "keys_file", metavar="PATH", help="Where sshd looks there; by default in the user's ~/.ssh."
)
@click.option("--smoke", is_flag=True, help="Let the key reach nginx through sshd, for smoke requests.")
@click.option("--login", metavar="USER", help="Log in as this user to install: root, or one with sudo.")
@click.option("--login-key", type=_file, metavar="FILE", help="And with this key.")
def command(
    *,
    inventory: str | None,
    hosts: tuple[str, ...],
    as_json: bool,
    apply_: bool,
    output: Path | None,
    key: Path | None,
    keys_file: str | None,
    smoke: bool,
    login: str | None,
    login_key: Path | None,
) -> None:
    """Let a stolen key do nothing on a host but nginxgen's steps.

    The script becomes a file of root's, sudo allows that file alone, and sshd runs it for nginxgen's key whatever the
    client asks for. Without --apply it says what would be installed. Then set script: installed in the inventory. After
    an upgrade of nginxgen it is to be run again, by another key: that is what --login and --login-key are for.

    \b
      nginxgen host-setup --host edge-1
      nginxgen host-setup --apply --login root --login-key ~/.ssh/admin
    """
    from nginxgen.workflow.host_setup import Wish, doors, kits

    _check_path(keys_file)
    found = load_inventory(inventory)
    chosen = found.hosts(hosts)
    wish = Wish(key, keys_file, smoke, login, login_key)
    made = kits(chosen, found.services, wish)
    if not smoke and any(doors(kit.host, found.services) for kit in made):
        complain("note: services have smoke requests, which go through sshd: --smoke lets the key reach nginx")
    if output is not None:
        _write(made, output)
    if apply_:
        _apply(made, wish, as_json=as_json)
    elif as_json:
        emit_json({"hosts": [_document(kit) for kit in made]})
    elif output is None:
        emit("".join(map(_text, made)))
        complain("nothing was installed: --apply does it over SSH, -o DIR writes a script for root for each host")


def _check_path(keys_file: str | None) -> None:
    import re

    if keys_file is not None and not re.fullmatch(r"(/[A-Za-z0-9_@%.+-]+)+", keys_file):
        raise InputError(f"{keys_file} is not a path that can be used here", hint="an absolute path without spaces")


def _write(kits: tuple[Kit, ...], folder: Path) -> None:
    for kit in kits:
        path = folder / f"{kit.host.name}.sh"
        write(path, kit.installer(), mode=0o755, folders=True)
        complain(f"{path}: run it on {kit.host.name} as root")


def _apply(kits: tuple[Kit, ...], wish: Wish, *, as_json: bool) -> None:
    """One host after the other: what is wrong with the first would be wrong with all."""
    from nginxgen.workflow.host_setup import apply

    failed: list[NginxgenError] = []
    documents = []
    for kit in kits:
        ended = apply(kit, wish)
        if isinstance(ended, NginxgenError):
            failed.append(ended)
            documents.append({**_document(kit), "installed": False, "steps": [], "error": ended.message})
            continue
        documents.append({**_document(kit), "installed": True, "steps": list(ended.steps), "error": None})
        if not as_json:
            emit(f"{kit.host.name}: its key runs nginxgen's script, and nothing else\n")
            emit("".join(f"  {step}\n" for step in ended.steps))
    if as_json:
        emit_json({"hosts": documents})
    left = [kit.host.name for kit in kits if kit.host.script is not Script.INSTALLED]
    if left and not failed:
        complain(f"next: set script: installed in the inventory, for {', '.join(left)}")
    _leave(failed)


def _leave(failed: list[NginxgenError]) -> None:
    stuck = next((error for error in failed if isinstance(error, NeedsHuman)), None)
    if stuck is not None:
        raise stuck
    if failed:
        raise SeveralRefused(failed)


def _text(kit: Kit) -> str:
    from nginxgen.fleet import script

    size = len(script.installed_text(kit.host).encode())
    sudo = "" if kit.sudoers_line is None else f"  {kit.sudoers_path}\n      {kit.sudoers_line}\n"
    rotate = "".join(f"      {line}\n" for line in kit.rotate_text.splitlines())
    return f"""{kit.host.name}
  {kit.script_path}
      nginxgen's script with the paths of this host, {size} bytes, owned by root
{sudo}  {kit.keys_file or f"~{kit.user}/.ssh/authorized_keys"}
      {kit.keys_line}
  {kit.rotate_path}, where nothing else rotates the logs
{rotate}"""


def _document(kit: Kit) -> dict[str, Any]:
    return {
        "name": kit.host.name,
        "script": kit.script_path,
        "sudoers": kit.sudoers_line,
        "authorized_keys": kit.keys_line,
        "logrotate": kit.rotate_text,
    }
