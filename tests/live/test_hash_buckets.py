"""The room in nginx's hash tables: what is said of a key agrees with the real nginx -t, to the byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import makers
import nginx_lab
import pytest
from nginx_lab import ADDRESS

from nginxgen.check.hashes import bucket_for
from nginxgen.render import render

_MAIN = "events {{}} pid n.pid; http {{ access_log off; {http} }}"
_KEYS = "map_hash_bucket_size {size}; map $http_a $b {{ {text} 1; }}"
_NAMES = (
    "server_names_hash_bucket_size {size}; "
    "server {{ listen 127.0.0.1:9; server_name {text}; }} server {{ listen 127.0.0.1:9; server_name b; }}"
)


def said(folder: Path, http: str) -> str:
    (folder / "nginx.conf").write_text(_MAIN.format(http=http))
    command = [nginx_lab.binary(), "-t", "-q", "-e", "stderr", "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr


@pytest.mark.parametrize("config", [_KEYS, _NAMES], ids=["key", "name"])
@pytest.mark.parametrize("length", [1, 46, 47, 110, 111, 238, 239])
def test_the_bucket_that_a_key_needs_is_the_smallest_that_nginx_takes(tmp_path: Path, config: str, length: int) -> None:
    text = "x" * length
    needed = bucket_for(text)
    assert said(tmp_path, config.format(size=needed, text=text)) == ""
    if needed > 64:
        assert f"hash_bucket_size: {needed // 2}" in said(tmp_path, config.format(size=needed // 2, text=text))


@pytest.mark.full
def test_3000_services_with_long_names_are_taken_with_the_buckets_that_check_asks_for(tmp_path: Path) -> None:
    services = [
        makers.service(f"s{at}", server_names=(f"{at}-{'n' * 90}.example.com",), listen=("8080",))
        for at in range(3_000)
    ]
    release = render(services, makers.intent(services), makers.host(bind=ADDRESS, log_dir=str(tmp_path)))
    nginx_lab.write(release.files, tmp_path)
    needed = max(bucket_for(service.server_names[0]) for service in services)
    largest = f"server_names_hash_max_size 65536; variables_hash_max_size 8192; {nginx_lab._LOADER}"
    assert said(tmp_path, f"server_names_hash_bucket_size {needed}; {largest}") == ""
    assert "server_names_hash_bucket_size: 64" in said(tmp_path, largest)
