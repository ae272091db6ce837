"""What host-setup puts on a host, so that a key can do nothing there but nginxgen's own steps. Pure.

The script is a file of root's with the host's paths in it; sudo allows that one file, without arguments; and sshd runs
it for our key, whatever the client asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nginxgen.errors import InputError
from nginxgen.fleet import script
from nginxgen.model.host import Become, Host, Script

_KEY = re.compile(r"(?P<kind>[a-z0-9@.-]+) (?P<blob>[A-Za-z0-9+/]+=*)( .*)?")
_END = "NGINXGEN_END_OF_FILE"
SAYS = "nginxgen-setup: "  # in front of each line that the installer prints


@dataclass(frozen=True, slots=True)
class Kit:
    """All that goes to one host."""

    host: Host
    user: str  # who logs in with the key
    key: str  # "ssh-ed25519 AAAA..."
    keys_file: str | None  # authorized_keys; None: in the user's home
    doors: tuple[str, ...]  # address:port that the key may reach through sshd, for smoke requests

    @property
    def script_path(self) -> str:
        return script.installed_path(self.host)

    @property
    def sudoers_path(self) -> str:
        # sudo skips names with a dot
        return f"/etc/sudoers.d/nginxgen-{self.host.name.replace('.', '_')}"

    @property
    def sudoers_line(self) -> str | None:
        """Nothing else, and no arguments: they would name another binary, say. None where no sudo is needed."""
        if self.host.become is Become.NONE:
            return None
        user = re.sub(r"([^A-Za-z0-9_-])", r"\\\1", self.user)
        return f'{user} ALL=(root) NOPASSWD: {self.script_path} ""'

    @property
    def keys_line(self) -> str:
        forced = " ".join(script.argv(self._installed))
        forward = ""
        if self.doors:
            # the key may listen nowhere: a port that needs root, which it is not
            allowed = ",".join(f'permitopen="{door}"' for door in self.doors)
            forward = f',port-forwarding,{allowed},permitlisten="127.0.0.1:1"'
        return f'restrict{forward},command="{forced}" {self.key} nginxgen-{self.host.name}'

    @property
    def rotate_path(self) -> str:
        return f"/etc/logrotate.d/nginxgen-{self.host.name.replace('.', '_')}"

    @property
    def rotate_text(self) -> str:
        """By renaming, so that no line is lost; the script knows which nginx has to open its logs anew."""
        return f"""{self.host.log_dir}/nginxgen-*.log {{
    daily
    rotate 7
    missingok
    notifempty
    compress
    delaycompress
    sharedscripts
    postrotate
        {self.script_path} role=reopen
    endscript
}}
"""

    @property
    def _installed(self) -> Host:
        return replace(self.host, script=Script.INSTALLED)

    def installer(self) -> str:
        """A POSIX script that puts all of it on the host, for root; run again, it changes nothing."""
        script_text = script.installed_text(self.host)
        assert f"\n{_END}\n" not in script_text  # noqa: S101  (ours alone)
        sudoers = "" if self.sudoers_line is None else _SUDOERS.format(path=self.sudoers_path, line=self.sudoers_line)
        return _INSTALLER.format(
            name=self.host.name,
            says=SAYS,
            end=_END,
            script_path=self.script_path,
            script_folder=self.script_path.rpartition("/")[0],
            script_text=script_text,
            sudoers=sudoers,
            user=self.user,
            keys_file=self.keys_file or "",
            blob=self.key.split()[1],
            keys_line=self.keys_line,
            logs=f"{self.host.log_dir}/*.log",
            rotate_path=self.rotate_path,
            rotate_text=self.rotate_text,
        )


def public_key(text: str, where: str) -> str:
    """`kind blob` of a public key. Raises InputError."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{where} is not a public key", hint="one line, like: ssh-ed25519 AAAA...")
    return f"{found['kind']} {found['blob']}"


_SUDOERS = """
    place {path} 440 sudoers <<'NGINXGEN_END_OF_FILE'
{line}
NGINXGEN_END_OF_FILE
"""

_INSTALLER = """\
#!/bin/sh
# Puts the narrow form of nginxgen on this host, "{name}" in its inventory: for root. Again, it changes nothing.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin

said() {{ printf '{says}%s\\n' "$*"; }}
fail() {{ said "failed: $*"; exit 1; }}
sum_of() {{ sha256sum <"$1" 2>/dev/null || :; }}

# place PATH MODE [sudoers]: stdin becomes the file, in one rename. (sudo and others skip what ends in .nginxgen-new.)
place() {{
    new=$1.nginxgen-new
    {{ cat >"$new" && chown 0:0 "$new" && chmod "$2" "$new"; }} || fail "cannot write $1"
    if [ "${{3:-}}" = sudoers ]; then
        complaint=$(visudo -c -f "$new" 2>&1) || {{ rm -f "$new"; fail "visudo refuses $1: $complaint"; }}
    fi
    if [ ! -L "$1" ] && [ "$(sum_of "$1")" = "$(sum_of "$new")" ] && [ "$(stat -c '%u %a' "$1")" = "0 $2" ]; then
        rm -f "$new"
        said "unchanged $1"
    else
        mv -f "$new" "$1"
        said "installed $1"
    fi
}}

# The line in place of every other line with this key, because sshd takes the first: written as the user whose folder it
# is, so that nothing there can lead root elsewhere.
place_key() {{
    keys=$1 user=$2 blob=$3 line=$4
    home=$(getent passwd "$user" 2>/dev/null || grep "^$user:" /etc/passwd) || fail "there is no user $user"
    home=$(printf '%s\\n' "$home" | cut -d : -f 6)
    keys=${{keys:-$home/.ssh/authorized_keys}} folder=${{keys%/*}}
    [ -d "$folder" ] || as "$user" "umask 077 && mkdir -p '$folder'" || fail "cannot make $folder"
    owner=$(stat -c %U "$folder")
    there=$(as "$owner" "cat '$keys' 2>/dev/null || :")
    if [ "$(printf '%s\\n' "$there" | grep -F -- "$blob")" = "$line" ]; then
        said "unchanged $keys"
        return
    fi
    {{ printf '%s\\n' "$there" | grep -v -F -- "$blob" | grep . || :; printf '%s\\n' "$line"; }} |
        as "$owner" "umask 077 && cat >'$keys.nginxgen-new' && mv -f '$keys.nginxgen-new' '$keys'" ||
        fail "cannot write $keys"
    [ "$owner" = "$user" ] || chmod 644 "$keys" # sshd reads it as the user
    said "installed $keys"
}}

as() {{ if [ "$1" = root ]; then sh -c "$2"; else su -s /bin/sh "$1" -c "$2"; fi; }}

main() {{
    [ "$(id -u)" = 0 ] || fail 'this needs root'
    mkdir -p {script_folder}
    [ "$(stat -c %u {script_folder})" = 0 ] || fail '{script_folder} does not belong to root'
    place {script_path} 755 <<'{end}'
{script_text}{end}
{sudoers}
    if ! [ -d /etc/logrotate.d ]; then
        said 'there is no /etc/logrotate.d: nothing rotates the logs here'
    elif grep -qsF '{logs}' $(ls -d /etc/logrotate.d/* | grep -v nginxgen-) /etc/logrotate.conf; then
        rm -f {rotate_path}
        said 'logrotate knows {logs} already'
    else
        place {rotate_path} 644 <<'{end}'
{rotate_text}{end}
    fi
    place_key '{keys_file}' '{user}' '{blob}' '{keys_line}'
    said 'done'
}}

main
exit
"""
