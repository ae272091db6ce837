"""How large an inventory may be: far beyond use, and small enough that any file is read or refused in seconds."""

from __future__ import annotations

MOST_BYTES = 16 * 1024 * 1024  # of the file
MOST_NODES = 3_000_000  # keys, values and lists of it, with every alias written out
MOST_KEYS = 20_000  # of one mapping: hosts, services
DEEPEST = 24
MOST_TEXT = 4_000  # bytes of one value; nginx reads tokens of 4,095
MOST_RAW_TEXT = 64_000  # bytes of one value of several lines: raw nginx
MOST_LISTENS = 64  # of a service
MOST_SERVER_NAMES = 5_000  # of a service
MOST_SERVERS = 10_000  # of a version
MOST_ROUTES = 1_000  # of a service
MOST_WORDS = 1_000_000  # of a list of users or networks
