"""Questions spread over all documents, to the last chunk."""

import pytest

from services.sft_data.coverage import even_stride, plan


def empty(count: int) -> list[tuple[int, int]]:
    return [(chunk_id, 0) for chunk_id in range(1, count + 1)]


def test_25_pairs_over_100_chunks_reach_from_the_first_to_the_last() -> None:
    chosen = [chunk_id for chunk_id, _count in plan(empty(100), 25, 3)]
    assert len(chosen) == 25 and chosen[0] == 1 and chosen[-1] == 100
    assert {after - before for before, after in zip(chosen, chosen[1:])} <= {4, 5}


@pytest.mark.parametrize("length", [1, 2, 7, 100])
def test_a_stride_has_different_positions(length: int) -> None:
    for count in range(1, length + 1):
        positions = even_stride(length, count)
        assert len(set(positions)) == count and min(positions) >= 0 and max(positions) < length


def test_everybody_gets_as_many() -> None:
    assert plan(empty(10), 30, 3) == [(chunk_id, 3) for chunk_id in range(1, 11)]
    assert {count for _chunk, count in plan(empty(10), 25, 3)} == {2, 3}


def test_the_least_covered_come_first() -> None:
    counts = [(1, 5), (2, 0), (3, 5), (4, 1), (5, 0)]
    assert plan(counts, 2, 3) == [(2, 1), (5, 1)]
    assert plan(counts, 5, 3) == [(2, 2), (4, 1), (5, 2)]


def test_one_request_has_a_limit() -> None:
    assert plan(empty(2), 100, 3) == [(1, 3), (2, 3)]
    assert plan([], 5, 3) == []


@pytest.mark.parametrize("pairs", [1, 13, 99, 100, 101, 225])
def test_the_numbers_add_up(pairs: int) -> None:
    counts = [(chunk_id, chunk_id % 4) for chunk_id in range(100)]
    planned = plan(counts, pairs, 3)
    assert sum(count for _chunk, count in planned) == pairs
    assert planned == sorted(planned)
    assert plan(counts, 250, 3) == plan(counts, 225, 3)  # the rest goes to the least covered again, in the next round


def test_a_long_chunk_gets_its_share_before_a_short_one_has_two() -> None:
    assert plan(empty(3), 8, 6, [6, 1, 1]) == [(1, 6), (2, 1), (3, 1)]
    assert plan(empty(3), 8, 3, [6, 1, 1]) == [(1, 3), (2, 1), (3, 1)]
    assert plan([(1, 3), (2, 1), (3, 1)], 3, 3, [6, 1, 1]) == [(1, 3)]
    assert plan([(1, 6), (2, 1), (3, 1)], 2, 3, [6, 1, 1]) == [(1, 1), (3, 1)]
