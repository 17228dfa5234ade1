"""Which chunks to ask about, so that the questions are spread evenly over all documents."""

from __future__ import annotations

from collections.abc import Sequence


def plan(
    counts: Sequence[tuple[int, int]], pairs: int, per_chunk: int, shares: Sequence[int] | None = None
) -> list[tuple[int, int]]:
    """How many pairs to ask each chunk for: least covered first, ties at an even stride from first to last.

    Args:
        counts: (chunk id, pairs that it has already) in the order of the corpus.
        pairs: how many pairs are wanted in all.
        per_chunk: how many one chunk is asked for at most.
        shares: how many pairs each chunk gets for every one of a short chunk's, by its length (see ``shares_of``); every
            chunk has one before any has two.

    Returns:
        (chunk id, pairs to ask for) in the order of the corpus, without the chunks that are not asked. The numbers add
        up to ``pairs``, or to less where the least covered chunks have ``per_chunk`` each: they come first in the next
        round too.
    """
    shares = shares or [1] * len(counts)
    made = [count for _, count in counts]
    levels = [_level(count, share) for count, share in zip(made, shares, strict=True)]
    room = [per_chunk] * len(counts)
    left = min(pairs, per_chunk * len(counts))
    while left:
        lowest = min(level for level, free in zip(levels, room, strict=True) if free)
        if lowest > min(levels):
            break
        group = [index for index, free in enumerate(room) if free and levels[index] == lowest]
        for index in group if len(group) <= left else [group[at] for at in even_stride(len(group), left)]:
            made[index] += 1
            levels[index] = _level(made[index], shares[index])
            room[index] -= 1
            left -= 1
    return [(chunk_id, per_chunk - free) for (chunk_id, _), free in zip(counts, room, strict=True) if free < per_chunk]


def _level(made: int, share: int) -> int:
    """0 for a chunk with nothing, 1 until it has its share, 2 until it has twice its share, and so on."""
    return 1 + made // share if made else 0


def shares_of(lengths: Sequence[int]) -> list[int]:
    """How many pairs a chunk of each length gets where one of the usual length gets one."""
    usual = sorted(lengths)[len(lengths) // 2] if lengths else 1
    return [max(1, round(length / usual)) if usual else 1 for length in lengths]


def even_stride(length: int, count: int) -> list[int]:
    """``count`` different positions of ``length``, as far apart as they can be, the first and the last among them."""
    if count == 1:
        return [(length - 1) // 2]
    return [step * (length - 1) // (count - 1) for step in range(count)]
