"""What a person decides about chunks: in bulk, taken back exactly, kept when a document is read or cut again."""

from __future__ import annotations

import random
from array import array

import pytest

from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText

LINES = [f"Line {number} tells of the {word} mill.\n" for number, word in enumerate("abcdefgh")]


def cut(text: str, size: int, kinds: dict[int, str] | None = None) -> list[CutChunk]:
    chunks = []
    for index, start in enumerate(range(0, len(text), size)):
        end = min(len(text), start + size)
        kind = (kinds or {}).get(index, "")
        chunks.append(CutChunk(start, end, end, text[start:end], end - start, kind=kind))
    return chunks


def put(knowledge_base: KnowledgeBase, text: str, size: int, source: str = "a.txt", kinds: dict[int, str] | None = None):
    return knowledge_base.replace_document(source, DocumentText(text), cut(text, size, kinds), len)


def states(knowledge_base: KnowledgeBase) -> list[tuple]:
    rows = knowledge_base.connection.execute(
        "SELECT chunk_flag.*, duplicate_of, similarity FROM chunk_flag JOIN chunk_state USING (chunk_id) ORDER BY 1"
    )
    return list(map(tuple, rows))


def flagged(knowledge_base: KnowledgeBase, flag: str) -> list[str]:
    return [chunk.content for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(flag=flag, order="source"))]


@pytest.fixture
def knowledge_base(project: Project):
    with project.connect() as knowledge_base:
        yield knowledge_base


@pytest.mark.parametrize("seed", range(20))
def test_ranges_are_sets(seed: int):
    chance = random.Random(seed)
    one, other = (set(chance.choices(range(30), k=chance.randrange(30))) for _ in range(2))
    ranges, others = IdRanges(one), IdRanges(array("q", other))
    assert list(ranges) == sorted(one) and len(ranges) == len(one) and bool(ranges) == bool(one)
    assert list(ranges & others) == sorted(one & other)
    assert list(ranges | others) == sorted(one | other)
    assert list(ranges - others) == sorted(one - other)
    assert [number for number in range(30) if number in ranges] == sorted(one)


def test_neighbours_are_one_range():
    assert IdRanges([5, 3, 4, 9, 4]).pairs() == [(3, 5), (9, 9)]


def test_only_what_is_not_so_already_is_changed_and_counted(knowledge_base: KnowledgeBase):
    put(knowledge_base, "".join(LINES), 20)
    assert list(knowledge_base.flag_chunks([2, 3], "excluded", True)) == [2, 3]
    done = knowledge_base.flag_chunks(knowledge_base.chunk_ids(), "excluded", True)
    assert len(done) == knowledge_base.count_chunks() - 2
    knowledge_base.unflag_chunks(done)
    assert list(knowledge_base.chunk_ids(flag="excluded")) == [2, 3]
    assert list(knowledge_base.flag_chunks([2, 999], "excluded", False)) == [2]
    assert knowledge_base.flag_counts()["excluded"] == 1


def test_an_exclusion_taken_back_is_nobodys_decision_again(knowledge_base: KnowledgeBase):
    put(knowledge_base, "".join(LINES), 30, kinds={1: "contents", 4: "index"})
    assert [chunk.cause for chunk in knowledge_base.chunks([1, 2, 5])] == ["", "contents", "index"]
    before = states(knowledge_base)
    undo = [
        knowledge_base.flag_chunks(range(1, 6), "excluded", True),
        knowledge_base.flag_chunks([2, 3], "excluded", False),
        knowledge_base.flag_chunks([3, 4], "deleted", True),
        knowledge_base.flag_chunks([2], "excluded", False),
    ]
    assert knowledge_base.chunk(2).cause == "person" and not knowledge_base.chunk(2).is_excluded
    for done in reversed(undo):
        knowledge_base.unflag_chunks(done)
    assert states(knowledge_base) == before


def test_listings_are_left_out_and_can_be_let_in(knowledge_base: KnowledgeBase):
    put(knowledge_base, "".join(LINES), len(LINES[0]), kinds={0: "contents"})
    assert next(iter(knowledge_base.corpus()))[1] == "".join(LINES[1:]).strip()
    assert list(knowledge_base.chunk_ids(flag="listing")) == [1]
    knowledge_base.set_excluded([1], False)
    assert next(iter(knowledge_base.corpus()))[1] == "".join(LINES).strip()


def test_decisions_stand_when_the_text_is_cut_again(knowledge_base: KnowledgeBase):
    text, width = "".join(LINES), len(LINES[0])
    put(knowledge_base, text, width, kinds={0: "contents"})
    knowledge_base.set_excluded([2, 3], True)
    knowledge_base.set_excluded([1], False)
    knowledge_base.set_deleted([6], True)
    size = width * 2 // 3
    put(knowledge_base, text, size, kinds={0: "contents"})

    def mostly_in(first: int, last: int) -> list[str]:
        """The new chunks with more than half of their text between these lines."""
        return [
            text[start : start + size] for start in range(0, len(text), size)
            if min(start + size, last * width) - max(start, first * width) > size / 2
        ]  # fmt: skip

    assert flagged(knowledge_base, "excluded") == mostly_in(1, 3) and len(mostly_in(1, 3)) == 3
    assert flagged(knowledge_base, "deleted") == mostly_in(5, 6)
    listings = knowledge_base.chunks(knowledge_base.chunk_ids(flag="listing"))
    assert [(chunk.cause, chunk.is_excluded) for chunk in listings] == [("person", False)]


def test_decisions_stand_where_the_same_text_stands_in_a_new_version(knowledge_base: KnowledgeBase):
    width = len(LINES[0])
    put(knowledge_base, "".join(LINES), width)
    knowledge_base.set_excluded([3], True)
    knowledge_base.set_deleted([5], True)
    knowledge_base.set_excluded([8], True)
    put(knowledge_base, "A new first line, of one width. \n"[-width:].rjust(width) + "".join(LINES[:7]), width)
    assert flagged(knowledge_base, "excluded") == [LINES[2]] and flagged(knowledge_base, "deleted") == [LINES[4]]


def test_a_text_that_stands_twice_is_excluded_where_it_was(knowledge_base: KnowledgeBase):
    text = "Same line.\nOther one.\n" * 3
    put(knowledge_base, text, 11)
    knowledge_base.set_excluded([3], True)
    put(knowledge_base, text, 11)
    assert [chunk.chunk_index for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(flag="excluded"))] == [2]


def test_purging_keeps_the_count_of_the_document(knowledge_base: KnowledgeBase):
    put(knowledge_base, "".join(LINES), 20)
    total = knowledge_base.documents()[0].chunk_count
    knowledge_base.set_deleted([1, 2], True)
    assert knowledge_base.documents()[0].chunk_count == total - 2 == knowledge_base.count_chunks()
    knowledge_base.purge_deleted()
    assert knowledge_base.documents()[0].chunk_count == total - 2 == knowledge_base.count_chunks()
