"""nginx's split_clients, written down a second time: ngx_murmur_hash2 and ngx_http_split_clients_module.c."""

from __future__ import annotations


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bit, seed 0 ^ length."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = len(data)
    at = 0
    while len(data) - at >= 4:
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
        at += 4
    rest = data[at:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def in_canary(salt: str, key: str, hundredths: int) -> bool:
    """Whether a key falls into the first bucket, which is the canary's."""
    return murmur2(f"{salt}{key}".encode()) < hundredths * 0xFFFFFFFF // 10_000


def keys(salt: str, hundredths: int, inside: bool, number: int = 1) -> list[str]:
    """The first keys k0, k1, ... that are in the canary's bucket, or are not."""
    found = (f"k{at}" for at in range(1_000_000) if in_canary(salt, f"k{at}", hundredths) is inside)
    return [next(found) for _ in range(number)]
