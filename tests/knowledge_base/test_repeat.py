"""Repeats: one of a group is used, and another one takes its place when it goes."""

from __future__ import annotations

import pytest

from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText


def put(knowledge_base: KnowledgeBase, source: str, *contents: str, kind: str = "") -> int:
    chunks, at = [], 0
    for content in contents:
        end = at + len(content)
        chunks.append(CutChunk(at, end, end, content, len(content), kind=kind, sketch=content[:4].encode()))
        at = end
    return knowledge_base.replace_document(source, DocumentText("".join(contents)), chunks, len)[0]


def in_use(knowledge_base: KnowledgeBase) -> list[int]:
    return list(knowledge_base.chunk_ids(flag="included"))


def states(knowledge_base: KnowledgeBase) -> list[tuple]:
    return list(map(tuple, knowledge_base.connection.execute("SELECT * FROM chunk_state JOIN chunk_flag USING (chunk_id) ORDER BY 1")))


@pytest.fixture
def knowledge_base(project: Project):
    """Chunks 1, 3 and 5 say the same; 2, 4 and 6 do not."""
    with project.connect() as knowledge_base:
        for source in ("a", "b", "c"):
            put(knowledge_base, source, "The same words. ", f"Other words in {source}. ")
        knowledge_base.set_repeats([(3, 1, 1.0), (5, 1, 0.9)])
        yield knowledge_base


def test_one_of_a_group_is_used(knowledge_base: KnowledgeBase):
    assert in_use(knowledge_base) == [1, 2, 4, 6]
    repeat = knowledge_base.chunk(5)
    assert (repeat.cause, repeat.duplicate_of, repeat.similarity, repeat.is_excluded) == ("duplicate", 1, 0.9, True)
    assert [knowledge_base.repeats_of(n) for n in (1, 3, 5, 2)] == [[1, 3, 5]] * 3 + [[2]]
    assert list(knowledge_base.chunk_ids(flag="duplicate")) == [3, 5] and knowledge_base.flag_counts()["duplicate"] == 2


def test_sketches_are_those_of_what_is_not_deleted(knowledge_base: KnowledgeBase):
    knowledge_base.set_deleted([2], True)
    assert list(knowledge_base.sketches()) == [(1, b"The "), (3, b"The "), (4, b"Othe"), (5, b"The "), (6, b"Othe")]


def test_a_repeat_of_a_repeat_is_one_of_the_original(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, "a", *(f"Words {n}. " for n in range(5)))
        knowledge_base.set_repeats([(5, 4, 1.0), (4, 3, 1.0)])
        assert knowledge_base.repeats_of(5) == [3, 4, 5]
        knowledge_base.set_repeats([(3, 1, 0.8), (2, 99, 1.0), (5, 5, 1.0)])
        assert knowledge_base.repeats_of(5) == [1, 3, 4, 5] and in_use(knowledge_base) == [1, 2]


def test_a_decision_of_a_person_is_not_overruled(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, "a", "One. ", "Two. ", "Three. ")
        knowledge_base.set_excluded([2], True)
        knowledge_base.set_excluded([2], False)
        knowledge_base.set_repeats([(2, 1, 1.0), (3, 1, 1.0)])
        assert in_use(knowledge_base) == [1, 2] and knowledge_base.repeats_of(2) == [1, 2, 3]


@pytest.mark.parametrize("flag", ["excluded", "deleted"])
def test_when_the_original_goes_the_next_takes_its_place_and_undo_puts_all_back(knowledge_base: KnowledgeBase, flag: str):
    before = states(knowledge_base)
    first = knowledge_base.flag_chunks([1], flag, True)
    assert in_use(knowledge_base) == [2, 3, 4, 6] and knowledge_base.repeats_of(1) == [3, 1, 5]
    heir = knowledge_base.chunk(3)
    assert (heir.cause, heir.duplicate_of, heir.similarity) == ("", None, 0.0)
    second = knowledge_base.flag_chunks([3], flag, True)
    assert in_use(knowledge_base) == [2, 4, 5, 6] and knowledge_base.repeats_of(5) == [5, 1, 3]
    for done in (second, first):
        knowledge_base.unflag_chunks(done)
    assert states(knowledge_base) == before


def test_all_of_a_group_can_be_left_out_at_once(knowledge_base: KnowledgeBase):
    before = states(knowledge_base)
    done = knowledge_base.flag_chunks(knowledge_base.chunk_ids(), "excluded", True)
    assert in_use(knowledge_base) == [] and len(done) == 4, "two were excluded before, as repeats"
    knowledge_base.unflag_chunks(done)
    assert states(knowledge_base) == before


def test_when_the_original_is_removed_the_next_takes_its_place(knowledge_base: KnowledgeBase):
    knowledge_base.remove_document(1)
    assert in_use(knowledge_base) == [3, 4, 6] and knowledge_base.repeats_of(5) == [3, 5]
    put(knowledge_base, "b", "Something else. ")
    assert knowledge_base.repeats_of(5) == [5] and 5 in in_use(knowledge_base)


def test_when_the_original_is_purged_nothing_changes(knowledge_base: KnowledgeBase):
    knowledge_base.set_deleted([1], True)
    knowledge_base.purge_deleted()
    assert in_use(knowledge_base) == [2, 3, 4, 6] and knowledge_base.repeats_of(5) == [3, 5]


def test_a_repeat_that_a_person_let_in_takes_the_place_first(knowledge_base: KnowledgeBase):
    knowledge_base.set_excluded([5], False)
    knowledge_base.set_excluded([1], True)
    assert knowledge_base.repeats_of(1) == [5, 1, 3] and in_use(knowledge_base) == [2, 4, 5, 6]


def test_a_repeat_of_a_listing_is_let_in(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, "a", "One. ", kind="contents")
        put(knowledge_base, "b", "One. ")
        knowledge_base.set_repeats([(2, 1, 1.0)])
        assert in_use(knowledge_base) == [2]


def test_a_split_repeat_leaves_its_group_and_a_merged_original_keeps_it(knowledge_base: KnowledgeBase):
    before = states(knowledge_base)
    split = knowledge_base.split_chunk(3, 8, len)
    assert knowledge_base.repeats_of(1) == [1, 5] and in_use(knowledge_base) == [1, 2, 4, 6]
    assert [chunk.cause for chunk in knowledge_base.chunks([3, 7])] == ["person"] * 2
    knowledge_base.swap(split.reversed())
    knowledge_base.set_excluded([1], True)
    knowledge_base.set_excluded([1], False)
    knowledge_base.unflag_chunks(knowledge_base.flag_chunks([1], "excluded", False))
    assert knowledge_base.repeats_of(5)[0] == 3
    merged = knowledge_base.merge_chunks([3, 4], len)
    assert knowledge_base.repeats_of(5)[0] == 3
    knowledge_base.swap(merged.reversed())
    assert knowledge_base.chunk(3).content == "The same words. " and len(before) == len(states(knowledge_base))


def test_repeats_follow_an_original_that_is_merged_into_the_one_before(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, "a", "One. ", "Two. ")
        put(knowledge_base, "b", "Two. ")
        knowledge_base.set_repeats([(3, 2, 1.0)])
        before = states(knowledge_base)
        swap = knowledge_base.merge_chunks([1, 2], len)
        assert knowledge_base.repeats_of(3) == [1, 3]
        knowledge_base.swap(swap.reversed())
        assert states(knowledge_base) == before


def test_repeats_that_say_something_new_are_noted_only(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, "a", "One. ", "One! ", "Once. ")
        assert knowledge_base.compared_through() == 0 and knowledge_base.highest_chunk_id() == 3
        knowledge_base.set_repeats([(2, 1, 0.95), (3, 1, 0.7)], left_out=[2], compared_through=3)
        assert in_use(knowledge_base) == [1, 3] and knowledge_base.repeats_of(1) == [1, 2, 3]
        assert knowledge_base.compared_through() == 3
