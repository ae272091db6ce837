"""How nginx draws clients by a key (`split_clients`), and the salt that makes every canary version draw others.

A key is hashed behind a salt by MurmurHash2; what falls below the weight's share of 2^32 gets the canary. The last four
characters of a salt are chosen so that the salt alone, which is what a client without a key hashes to, is the very
last to be drawn: at any weight below 100 it stays on stable, and nginx needs no rule to say so.
"""

from __future__ import annotations

from functools import lru_cache

from nginxgen.model.weight import FULL, ZERO, Weight

_M = 0x5BD1E995
_UN_M = pow(_M, -1, 1 << 32)
_32 = 0xFFFFFFFF
_WORD = 4  # bytes that the hash takes at once
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bit, seed 0, as ngx_murmur_hash2 in ngx_murmurhash.c."""
    length = len(data)
    hashed = _words(data, length)
    if rest := data[length & ~3 :]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15


def control_of(weight: Weight) -> Weight:
    """How many clients of stable are the control group of a canary: as many as it has, or all that are left.

    They are drawn from the other end, so that growing takes nobody into the canary who was its control up to 50 %. The
    last hundredth is left out: a client without a key falls there, and such clients are no fair comparison.
    """
    if weight in (ZERO, FULL):
        return ZERO
    return Weight(min(weight.hundredths, FULL.hundredths - 1 - weight.hundredths))


def control_range(weight: Weight) -> tuple[int, int]:
    """Hashes of the control group: from the first, below the second. nginx rounds each part down by itself."""
    control = control_of(weight)
    between = Weight(FULL.hundredths - 1 - weight.hundredths - control.hundredths) if control > ZERO else ZERO
    begin = limit(weight) + limit(between)
    return begin, begin + limit(control)


def limit(weight: Weight) -> int:
    """Hashes below it are the canary's: ngx_conf_split_clients_block in ngx_http_split_clients_module.c."""
    return weight.hundredths * _32 // FULL.hundredths


@lru_cache(maxsize=8_192)
def salt(service: str, canary: str) -> str:
    """`/shop:v2:...` and four characters. It begins with a slash, since the config has it where a folder stands."""
    front = f"/{service}:{canary}:"
    front += "." * (-len(front.encode("utf-8", "replace")) % _WORD)
    data = front.encode("utf-8", "replace")
    hashed = _words(data, len(data) + _WORD)
    last = limit(Weight(FULL.hundredths - 1))
    found = (_word_to(wanted, hashed) for wanted in range(_32, last - 1, -1))
    return front + next(word for word in found if _PLAIN.issuperset(word)).decode()


def _words(data: bytes, length: int) -> int:
    """The state behind all whole words of `data`, the beginning of `length` bytes."""
    hashed = length
    for at in range(0, len(data) & ~3, _WORD):
        hashed = hashed * _M & _32 ^ _mixed(int.from_bytes(data[at : at + _WORD], "little"))
    return hashed


def _mixed(word: int) -> int:
    word = word * _M & _32
    return (word ^ word >> 24) * _M & _32


def _word_to(wanted: int, hashed: int) -> bytes:
    """The last word that brings the hash from a state to `wanted`: murmur2 backwards, every step of which can be."""
    wanted ^= wanted >> 15 ^ wanted >> 30
    wanted = wanted * _UN_M & _32
    wanted ^= wanted >> 13 ^ wanted >> 26
    word = (wanted ^ hashed * _M & _32) * _UN_M & _32
    return ((word ^ word >> 24) * _UN_M & _32).to_bytes(_WORD, "little")
