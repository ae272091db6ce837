"""Values that try to be more than a value, and the inventories that carry them: one list for every test.

Each must end in a config in which the value is where it belongs, or in a clear error with file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

HOSTILE: tuple[str, ...] = (
    # the ends of nginx's words and blocks
    '"',
    "'",
    ";",
    "{",
    "}",
    "a; add_header X-P pwn always",
    "a;} server { listen 1; ",
    'a"; return 200 "pwn',
    "a'; return 200 'pwn",
    'true" canary; default canary; "x',
    "/x { return 200 pwn; } location /",
    'a = "x") { return 403; } if ($cookie_b',
    "#",
    "a # comment",
    "a\\",
    "\\",
    '\\"',
    'a\\\\" b',
    "${",
    "$",
    "$http_authorization",
    "${http_authorization}",
    "$money",
    "~",
    "~.*",
    "~* .*",
    "~^(?<evil>.*)$",
    "= /",
    "@named",
    "*",
    "default",
    "hostnames",
    "volatile",
    "include",
    "include /etc/passwd",
    "\\default",
    # line breaks and control characters, and what looks like them
    "a\nb",
    "a\r\nX-Gray: injected",
    "v\\r\\nX-Gray: injected",
    "a\rb",
    "a\tb",
    "a\0b",
    "a\x1bb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    # of other trades
    "",
    " ",
    " a",
    "a b",
    "-",
    "--help",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "unix:/var/run/docker.sock",
    "127.0.0.1:80 down; server 127.0.0.2:80",
    "169.254.169.254:80",
    "http://127.0.0.1:80/",
    "999.999.999.999:99999",
    "[::1]:80",
    "[::1%lo]:80",
    "0x7f.1:80",
    "{{ 7 * 7 }}",
    "{% include 'x' %}",
    "{# x",
    "`id`",
    "$(id)",
    "%n%s%x",
    "%0d%0aX-Gray: injected",
    "NaN",
    "-1",
    "1e9",
    "99999999999999999999",
    # Unicode
    "ß",
    "é",
    "\u65e5\u672c\u8a9e",
    "\U0001f600",
    "a\u202eb",
    "a\u200bb",
    "\u212a",  # the Kelvin sign: its lower case is k
    "\ufeffa",
    "\uff0e\uff0e",
    # long ones
    "a" * 63,
    "a" * 64,
    "a" * 300,
    "a" * 4_000,
    "\u65e5" * 1_400,
    "a" * 4_096,
    "a" * 1_000_000,
    "\\" * 2_100,
)

_TEMPLATE = """\
fleet:
  hosts:
    {host}: {{address: {address}, user: {user}, nginx: {{conf: {conf}}}, log_dir: {log_dir}}}
services:
  {service}:
    listen: [{listen}]
    server_names: [{server_name}]
    versions:
      {version}: {{servers: [{server}]}}
      v2: {{servers: ["127.0.0.1:15002"]}}
    stable: {version}
    canary: v2
    override:
      cookie: {{name: {cookie}, canary: [{cookie_value}, always], stable: [never]}}
      header: {{name: {header}, canary: [{header_value}], stable: [nope]}}
    routes:
      - {{name: {route}, path: {path}}}
      - {{name: pattern, path: {regex}, match: regex}}
      - {{name: default, path: /}}
    server_extra: {server_extra}
"""

BENIGN: dict[str, str] = {
    "host": "edge-1",
    "address": "127.0.0.1",
    "user": "deploy",
    "conf": "/etc/nginx/nginx.conf",
    "log_dir": "/var/log/nginx",
    "service": "shop",
    "listen": "18080",
    "server_name": "shop.example.com",
    "version": "v1",
    "server": "127.0.0.1:15001",
    "cookie": "gray_release",
    "cookie_value": "please",
    "header": "X-Gray-Release",
    "header_value": "please",
    "route": "reads",
    "path": "/reads",
    "regex": "^/x[0-9]+$",
    "server_extra": "",
}


def inventory_with(**values: str) -> str:
    """A valid inventory but for these values, by the names of BENIGN."""
    # JSON's strings are YAML's double-quoted ones, as long as nothing is written as a surrogate pair.
    return _TEMPLATE.format(**{name: json.dumps(text, ensure_ascii=False) for name, text in (BENIGN | values).items()})


def inventories() -> Iterator[tuple[str, str]]:
    """Label and YAML text: every hostile value in every field, then hostile documents."""
    for field in BENIGN:
        for index, value in enumerate(HOSTILE):
            yield f"{field}-{index}-{value[:20]!a}", inventory_with(**{field: value})
    yield from documents()


def documents() -> Iterator[tuple[str, str]]:
    """What is hostile as YAML."""
    good = inventory_with()
    bomb = "\n".join(
        f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]" for name, below in zip("bcdefghi", "abcdefgh", strict=True)
    )
    merges = "\n".join(f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 9)}]}}" for i in range(1, 12))
    yield "empty", ""
    yield "blank", "\n \n"
    yield "comment", "# nothing\n"
    yield "null", "~\n"
    yield "text", "just text\n"
    yield "list", "[1, 2]\n"
    yield "bomb", f"a: &a [x, x, x, x, x, x, x, x, x]\n{bomb}\n{good}"
    yield "bomb-of-merges", f"m0: &m0 {{a: 1, b: 2, c: 3, d: 4}}\n{merges}\n{good}"
    yield "itself", f"a: &a [*a]\n{good}"
    yield "itself-by-merge", f"a: &a {{<<: *a}}\n{good}"
    yield "tag-python", good.replace('"v1": {', '"v1": !!python/object/apply:os.system [id]\n      x: {')
    yield "tag-own", good.replace("services:", "services: !x")
    yield "tag-standard", good.replace("[never]", "[!!str never]")
    yield "tag-directive", f"%TAG ! tag:evil,2000:\n---\n{good}"
    yield "version-directive", f"%YAML 9.9\n---\n{good}"
    yield "two-documents", f"{good}---\n{good}"
    yield "end-and-more", f"{good}...\nmore: 1\n"
    yield "deep-lists", "[" * 100_000
    yield "deep-maps", "{a: " * 100_000
    yield "deep-dashes", "- " * 100_000
    yield "deep-questions", "? " * 100_000
    yield "brackets-closed", "[" * 1_000 + "]" * 1_000
    yield "tabs", good.replace("    listen", "\tlisten")
    yield "twice", good.replace("    canary: v2", "    canary: v2\n    canary: v2")
    yield "key-list", f"{good}? [a, b]\n: 1\n"
    yield "key-map", f"{good}{{a: 1}}: 1\n"
    yield "key-null", f"{good}: 1\n"
    yield "key-long", f"{good}{'k' * 5_000}: 1\n"
    yield "nul", good.replace("shop", "sh\0op")
    yield "escape", good.replace("shop", "sh\x1b[2Jop")
    yield "delete", good.replace("shop", "sh\x7fop")
    yield "lone-return", good.replace("\n", "\r")
    yield "windows", good.replace("\n", "\r\n")
    yield "order-mark", f"\ufeff{good}"
    yield "order-mark-inside", good.replace("shop", "sh\ufeffop")
    yield "no-character", good.replace("shop", "sh\uffffop")
    yield "cut", good[: len(good) // 2]
    yield "quote-open", good.replace('"v1": {', '"v1: {')
    yield "alias-unknown", good.replace('stable: "v1"', "stable: *nowhere")
    yield "escape-too-big", f'a: "\\U00110000"\n{good}'
    yield "escape-surrogate", f'a: "\\uD800"\n{good}'
    yield "escape-unknown", f'a: "\\q"\n{good}'
    yield "megabyte", "a" * 1_000_000
    yield "megabyte-line", f"a: {'b ' * 500_000}\n{good}"
    yield "many-keys", "".join(f"k{index}: 1\n" for index in range(20_000))
    yield "many-hosts", "fleet: {hosts: {" + ", ".join(f"h{index}: " for index in range(5_000)) + "}}\nservices: {}\n"
