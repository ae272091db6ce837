#!/bin/sh
# Install the Debian packages behind the named programs, where they are missing.
# Services are not started: the demo and the tests run their own nginx and sshd, on private ports and directories.
set -eu

package_of() {
    case $1 in
        nginx) echo nginx ;;
        sshd) echo openssh-server ;;
        chromedriver) echo chromium-driver ;;
        systemd-analyze) echo systemd ;;
        *) echo "$1" ;;
    esac
}

missing=
for program in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null 2>&1 || missing="$missing $(package_of "$program")"
done
[ -n "$missing" ] || exit 0

echo "== installing Debian packages:$missing (no service is started)"
command -v apt-get >/dev/null 2>&1 || {
    echo "error: this machine has no apt-get; install these by hand:$missing" >&2
    exit 4
}
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "error: installing packages needs root; run as root, or install sudo" >&2
        exit 4
    }
    as_root=sudo
fi

# Debian starts a service when its package is installed, unless this file says no (policy-rc.d(8)).
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    made_policy=yes
fi
trap '[ -z "$made_policy" ] || $as_root rm -f "$policy"' EXIT INT TERM

$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
