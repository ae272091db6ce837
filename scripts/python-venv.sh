#!/bin/sh
# Make the virtual environment that the Makefile uses: python-venv.sh PYTHON DIRECTORY
set -eu
python=$1
venv=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: nginxgen needs Python 3.11 or later; $python is $("$python" --version 2>&1)" >&2
    echo "  hint: make PYTHON=/path/to/python3.11 ..." >&2
    exit 2
}
# Debian keeps the parts that a new environment needs in a package of their own.
"$python" -c 'import ensurepip' 2>/dev/null || "$(dirname "$0")/system-packages.sh" python3-venv

echo "== making the virtual environment $venv (once; a minute)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check -e '.[dev]'
