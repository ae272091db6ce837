#!/bin/sh
# The peers, each in a throw-away environment of its own below .bench/: never dependencies of the project.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
for tool in ansible-core pyinfra; do
    home=.bench/${tool%-core}
    [ -e "$home/ready" ] && continue
    echo "installing $tool into $home"
    "$python" -m venv "$home"
    "$home/bin/pip" --quiet --disable-pip-version-check install "$tool"
    touch "$home/ready"
done
