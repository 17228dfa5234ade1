"""Pairs that do not match their chunk any more: after an edit, after its undo, across two chunks."""

from services.knowledge_base.pairs import NewPair
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import NewItem
from services.project import Project
from tests.knowledge_base.test_store import put


def a_pair(knowledge_base: KnowledgeBase, chunk: int, partner: int | None = None, state: str = "new") -> int:
    variant = knowledge_base.next_variant("pairs", "sft_data", chunk, "any")
    item = NewItem("pairs", chunk, "sft_data", "any", variant, subject={"partner": partner})
    item_id = knowledge_base.begin_item(item)
    return knowledge_base.add_pairs("sft_data", [NewPair("Q?", "A", chunk, state=state, item_id=item_id)])[0]


def stale(knowledge_base: KnowledgeBase) -> list[int]:
    return list(knowledge_base.pair_ids("sft_data", is_stale=True))


def test_a_pair_is_stale_until_its_chunk_says_again_what_it_said(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunk_ids()[:2]
        said = knowledge_base.chunk(first).content
        one, other = a_pair(knowledge_base, first), a_pair(knowledge_base, second)
        knowledge_base.edit_chunk(first, "other words")
        assert stale(knowledge_base) == [one]
        late = a_pair(knowledge_base, first)  # made from the new text
        knowledge_base.edit_chunk(first, "still others")
        assert stale(knowledge_base) == [one, late]
        knowledge_base.edit_chunk(first, "other words")
        assert stale(knowledge_base) == [one]
        knowledge_base.restore_chunk(first)
        assert knowledge_base.chunk(first).content == said and stale(knowledge_base) == [late]
        assert other not in stale(knowledge_base)


def test_a_pair_across_two_chunks_rests_on_both(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunk_ids()[:2]
        texts = [chunk.content for chunk in knowledge_base.chunks([first, second])]
        pair = a_pair(knowledge_base, first, second)
        knowledge_base.edit_chunk(second, "other words")
        assert stale(knowledge_base) == [pair]
        knowledge_base.edit_chunk(first, "here too")
        knowledge_base.edit_chunk(second, texts[1])
        assert stale(knowledge_base) == [pair]
        knowledge_base.edit_chunk(first, texts[0])
        assert stale(knowledge_base) == []
        swap = knowledge_base.split_chunk(second, 5, len)
        assert stale(knowledge_base) == [pair]
        knowledge_base.edit_chunk(second, "cut and edited")
        knowledge_base.restore_chunk(second)
        assert stale(knowledge_base) == [pair], "the chunk is another one"
        knowledge_base.swap(swap.reversed())
        assert stale(knowledge_base) == []


def test_what_is_left_out_and_let_in_again_is_as_it_was(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first = knowledge_base.chunk_ids()[0]
        pair = a_pair(knowledge_base, first)
        flagged = knowledge_base.flag_chunks([first], "excluded", True)
        assert list(knowledge_base.usable_rows("sft_data")) == []
        knowledge_base.unflag_chunks(flagged)
        assert stale(knowledge_base) == [] and len(list(knowledge_base.usable_rows("sft_data"))) == 1
        knowledge_base.set_deleted([first], True)
        knowledge_base.purge_deleted()
        assert stale(knowledge_base) == [pair]
        assert list(knowledge_base.usable_rows("sft_data")) == [], "it was out of use before"
        assert [(row.state, row.reason) for row in knowledge_base.pairs([pair])] == [("failed", "gone")]


def test_a_document_that_goes_brings_no_pair_back(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunk_ids()[:2]
        for chunk in (first, second):
            a_pair(knowledge_base, chunk)
        knowledge_base.set_excluded([first], True)
        knowledge_base.remove_document(knowledge_base.documents()[0].id)
        assert [(row.chunk_id, row.is_stale) for row in knowledge_base.pairs(knowledge_base.pair_ids("sft_data", state="new"))] == [(second, True)]


def test_only_what_nobody_judged_is_made_anew(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunk_ids()[:2]
        kept = a_pair(knowledge_base, first, state="accepted")
        ids = [a_pair(knowledge_base, first), a_pair(knowledge_base, first), a_pair(knowledge_base, second)]
        for chunk in (first, second):
            knowledge_base.edit_chunk(chunk, "other words")
        assert knowledge_base.count_stale("sft_data") == (1, 3, 3) and knowledge_base.count_stale("formal") == (0, 0, 0)
        assert knowledge_base.stale_chunks("sft_data") == {first: 2, second: 1}
        knowledge_base.set_excluded([second], True)
        assert knowledge_base.stale_chunks("sft_data") == {first: 2} and knowledge_base.count_stale("sft_data") == (1, 3, 2)
        knowledge_base.replace_stale("sft_data", first, 1, "factual")
        states = [(pair.state, pair.reason) for pair in knowledge_base.pairs([kept, *ids])]
        assert states == [("accepted", ""), ("failed", "replaced"), ("new", ""), ("new", "")]


def test_a_deleted_pair_leaves_no_mark_for_the_next_of_its_id(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first = knowledge_base.chunk_ids()[0]
        pair = a_pair(knowledge_base, first)
        knowledge_base.edit_chunk(first, "other words")
        knowledge_base.delete_pairs([pair])
        assert a_pair(knowledge_base, first) == pair
        knowledge_base.restore_chunk(first)
        assert stale(knowledge_base) == [pair]


def test_pairs_are_found_through_an_index_by_either_chunk(project: Project) -> None:
    from services.knowledge_base.stale import _RESTING_ON

    with project.connect() as knowledge_base:
        rows = knowledge_base.connection.execute("EXPLAIN QUERY PLAN " + _RESTING_ON.format(ids=":chunk"), {"chunk": 1})
        steps = [row[3] for row in rows]
    assert not [step for step in steps if step.startswith("SCAN")], steps


def test_what_a_person_accepts_or_edits_is_right_as_the_chunk_is_now_and_undo_takes_that_back(project: Project) -> None:
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first = knowledge_base.chunk_ids()[0]
        kept, edited = a_pair(knowledge_base, first, state="accepted"), a_pair(knowledge_base, first)
        knowledge_base.edit_chunk(first, "other words")
        before = knowledge_base.set_pair_state([kept, edited], "rejected")
        assert stale(knowledge_base) == [kept, edited]
        knowledge_base.put_back_states(before)
        before, versions = knowledge_base.set_pair_state([kept], "accepted"), knowledge_base.pair_versions([edited])
        knowledge_base.edit_pair(edited, "Better?", "Yes.")
        assert stale(knowledge_base) == []
        knowledge_base.put_back_states(before)
        knowledge_base.put_versions(versions)
        assert stale(knowledge_base) == [kept, edited]
        assert [pair.state for pair in knowledge_base.pairs([kept, edited])] == ["accepted", "new"]
        knowledge_base.set_pair_state([kept], "accepted")
        knowledge_base.edit_chunk(first, "still others")
        assert stale(knowledge_base) == [kept, edited]
        knowledge_base.restore_chunk(first)
        assert stale(knowledge_base) == []
