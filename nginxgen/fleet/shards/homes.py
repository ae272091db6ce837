"""Which shard holds which host: those behind one jump host together, so that it sees as few logins as can be."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import pairwise

_BEHIND_ONE = 125  # hosts; what comes through a jump host is encrypted twice, and one interpreter does it all


def homes(gates: Mapping[str, str | None], shards: int) -> dict[str, int]:
    """Host name -> number of its shard. `gates`: host name -> the jump host that it stands behind, if any.

    Hosts behind one jump host are divided only where they are more than one shard should hold. Those without one fill
    up what is left, neighbours together: a Dask worker may know of jump hosts that we do not.
    """
    share = -(-len(gates) // shards)
    groups: dict[str, list[str]] = {}
    for name, gate in gates.items():
        if gate is not None:
            groups.setdefault(gate, []).append(name)
    pieces = [piece for group in groups.values() for piece in _divided(group, max(share, _BEHIND_ONE))]
    found: dict[str, int] = {}
    room = [(0, shard) for shard in range(shards)]  # a heap: hosts there, and its number
    for piece in sorted(pieces, key=len, reverse=True):
        held, shard = heapq.heappop(room)
        found |= dict.fromkeys(piece, shard)
        heapq.heappush(room, (held + len(piece), shard))
    return found | _filled([name for name, gate in gates.items() if gate is None], room, shards)


def _divided(group: Sequence[str], most: int) -> list[Sequence[str]]:
    number = -(-len(group) // most)
    bounds = [at * len(group) // number for at in range(number + 1)]
    return [group[start:end] for start, end in pairwise(bounds)]


def _filled(names: Sequence[str], room: list[tuple[int, int]], shards: int) -> dict[str, int]:
    counts = [0] * shards
    for _ in names:
        held, shard = heapq.heappop(room)
        counts[shard] += 1
        heapq.heappush(room, (held + 1, shard))
    numbers = [shard for shard, count in enumerate(counts) for _ in range(count)]
    return dict(zip(names, numbers, strict=True))
