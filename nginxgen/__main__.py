"""Where it starts: `nginxgen`, `python -m nginxgen`."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from nginxgen import cli  # noqa: PLC0415  (an impatient Ctrl-C must not strike while this file is imported)
    except KeyboardInterrupt:
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
