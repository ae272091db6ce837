"""The hash by which nginx draws clients."""

from __future__ import annotations

_M = 0x5BD1E995
_32 = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bit, seed 0, as ngx_murmur_hash2 in ngx_murmurhash.c."""
    length = len(data)
    hashed = length
    whole = length & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _M & _32
        word = (word ^ word >> 24) * _M & _32
        hashed = hashed * _M & _32 ^ word
    if whole < length:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15
