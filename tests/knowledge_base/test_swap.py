"""Split and merge: the corpus stays, the numbers stay dense, and undo gives the same rows back."""

from __future__ import annotations

import random
import sqlite3

import pytest

from services.documents.likeness import sketch
from services.errors import UserError
from services.knowledge_base.document import Kept
from services.knowledge_base.pairs import NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText

TEXT = "The mill was built in 1874. It is red.\nThe ferry carries nine people. It is slow.\n"
TABLES = ("rag_chunks", "chunk_state", "chunk_flag", "chunk_original", "chunk_sketch", "document", "document_text", "pair")


def cut(text: str, size: int, overlap: int = 0) -> list[CutChunk]:
    chunks = []
    for start in range(0, len(text), size):
        end = min(len(text), start + size + overlap)
        owned_end = min(len(text), start + size)
        chunks.append(CutChunk(start, owned_end, end, text[start:end], end - start, sketch=sketch(text[start:owned_end])))
    return chunks


def put(knowledge_base: KnowledgeBase, text: str = TEXT, size: int = 20, overlap: int = 0, source: str = "a.txt"):
    return knowledge_base.replace_document(source, DocumentText(text), cut(text, size, overlap), len)


def rows(knowledge_base: KnowledgeBase) -> dict[str, list[tuple]]:
    return {
        table: sorted(map(tuple, knowledge_base.connection.execute(f"SELECT * FROM {table}")), key=repr)
        for table in TABLES
    }


def contents(knowledge_base: KnowledgeBase, flag: str | None = None) -> list[str]:
    ids = knowledge_base.chunk_ids(flag=flag, order="source")
    return [chunk.content for chunk in knowledge_base.chunks(ids)]


def corpus(knowledge_base: KnowledgeBase) -> str:
    return "".join(text for _source, text in knowledge_base.corpus())


def check_index(knowledge_base: KnowledgeBase) -> None:
    knowledge_base.connection.execute("INSERT INTO rag_chunks_fts (rag_chunks_fts, rank) VALUES ('integrity-check', 1)")


def test_a_chunk_is_split_at_the_cursor_and_its_parts_follow_each_other(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=40, overlap=10)
        before = contents(knowledge_base)
        swap = knowledge_base.split_chunk(1, 9, len)
        assert contents(knowledge_base) == [before[0][:9], before[0][9:], *before[1:]]
        assert [row.id for row in swap.added] == [1, 4] and corpus(knowledge_base) == TEXT.strip()
        parts = knowledge_base.chunks([1, 4])
        assert [part.token_count for part in parts] == [9, 41]
        assert [part.metadata["tokens"] for part in parts] == [9, 41]
        assert all(TEXT[part.metadata["start"] : part.metadata["end"]] == part.content for part in parts)
        assert knowledge_base.documents()[0].chunk_count == 4
        assert knowledge_base.chunk_ids("mill") and not parts[0].is_edited


def test_neighbours_are_merged_into_the_first_of_them(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=20, overlap=5)
        knowledge_base.merge_chunks([3, 2], len)
        assert contents(knowledge_base)[1] == TEXT[20:65] and corpus(knowledge_base) == TEXT.strip()
        assert knowledge_base.chunk(3) is None and knowledge_base.chunk(2).token_count == 45
        indices = [chunk.chunk_index for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(order="chunk_index"))]
        assert indices == list(range(4))


def test_split_parts_merged_again_are_the_chunk_they_were(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=40, overlap=10)
        knowledge_base.edit_chunk(1, "The old mill was built in 1900. It is red, and old.\nThe ferry")
        edited, original, text = knowledge_base.chunk(1), knowledge_base.original(1), corpus(knowledge_base)
        knowledge_base.split_chunk(1, 20, len)
        parts = knowledge_base.chunks([1, 4])
        assert "".join(part.content for part in parts) == edited.content
        assert knowledge_base.original(1) + knowledge_base.original(4) == original
        assert all(part.is_edited for part in parts) and corpus(knowledge_base) == text
        knowledge_base.merge_chunks([1, 4], len)
        assert knowledge_base.chunk(1).content == edited.content and knowledge_base.original(1) == original
        assert corpus(knowledge_base) == text
        knowledge_base.restore_chunk(1)
        assert corpus(knowledge_base) == TEXT.strip()


def test_what_a_merged_chunk_said_at_first_is_what_its_parts_said(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=40, overlap=10)
        knowledge_base.edit_chunk(2, "Nobody rows any more.")
        knowledge_base.merge_chunks([1, 2], len)
        merged = knowledge_base.chunk(1)
        assert merged.is_edited and merged.content == TEXT[:40] + "Nobody rows any more."
        knowledge_base.restore_chunk(1)
        assert corpus(knowledge_base) == TEXT.strip() and not knowledge_base.chunk(1).is_edited


def test_a_deleted_chunk_between_stays_deleted(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=20)
        knowledge_base.set_deleted([2], True)
        before = corpus(knowledge_base)
        knowledge_base.merge_chunks([1, 3], len)
        assert corpus(knowledge_base) == before == TEXT[:20] + TEXT[40:].strip()
        assert list(knowledge_base.chunk_ids(flag="deleted")) == [2]
        assert [chunk.chunk_index for chunk in knowledge_base.chunks([1, 2, 4, 5])] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("ids", "words"),
    [([1], "two or more"), ([1, 3], "between them"), ([1, 6], "different documents"), ([1, 99], "no longer exists"),
     ([4, 5], "put it back|Put it back"), ([2, 3], "some are not")],
)  # fmt: skip
def test_what_cannot_be_merged_is_refused_with_a_sentence(project: Project, ids: list[int], words: str):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        put(knowledge_base, source="b.txt")
        knowledge_base.set_deleted([4], True)
        knowledge_base.set_excluded([3], True)
        before = rows(knowledge_base)
        with pytest.raises(UserError, match=words):
            knowledge_base.merge_chunks(ids, len)
        assert rows(knowledge_base) == before


@pytest.mark.parametrize("at", [0, -1, 40, 3])
def test_a_part_without_text_is_refused(project: Project, at: int):
    with project.connect() as knowledge_base:
        put(knowledge_base, "   The mill was red and had five floors.", size=40)
        with pytest.raises(UserError, match="between two words"):
            knowledge_base.split_chunk(1, at, len)


def test_excluded_parts_stay_excluded(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=20)
        knowledge_base.set_excluded([1, 2], True)
        knowledge_base.merge_chunks([1, 2], len)
        assert knowledge_base.chunk(1).is_excluded
        knowledge_base.split_chunk(1, 12, len)
        assert contents(knowledge_base, "excluded") == [TEXT[:12], TEXT[12:40]]
        assert corpus(knowledge_base) == TEXT[40:].strip()


def test_pairs_of_split_and_merged_chunks_go_stale_and_undo_makes_them_fresh(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=20)
        ids = knowledge_base.add_pairs("sft_data", [NewPair(f"q{n}?", "a", n) for n in (1, 2, 3)])
        swap = knowledge_base.merge_chunks([1, 2], len)
        assert [pair.is_stale for pair in knowledge_base.pairs(ids)] == [True, True, False]
        knowledge_base.swap(swap.reversed())
        assert [pair.is_stale for pair in knowledge_base.pairs(ids)] == [False] * 3


def test_a_swap_is_done_once_however_often_it_is_asked_for(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        before = rows(knowledge_base)
        swap = knowledge_base.split_chunk(2, 7, len)
        after = rows(knowledge_base)
        knowledge_base.swap(swap)
        assert rows(knowledge_base) == after
        knowledge_base.swap(swap.reversed())
        knowledge_base.swap(swap.reversed())
        assert rows(knowledge_base) == before
        knowledge_base.swap(swap)
        assert rows(knowledge_base) == after


def test_a_swap_of_chunks_that_have_changed_is_refused(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        swap = knowledge_base.split_chunk(2, 7, len)
        put(knowledge_base, TEXT.upper())
        with pytest.raises(UserError, match="changed since"):
            knowledge_base.swap(swap.reversed())


def test_an_id_is_never_given_twice(project: Project):
    with project.connect() as knowledge_base:
        document, _kept = put(knowledge_base)
        highest = max(knowledge_base.chunk_ids())
        knowledge_base.remove_document(document)
        put(knowledge_base)
        assert min(knowledge_base.chunk_ids()) > highest


def test_chunks_of_another_program_are_split_and_merged_too(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
    foreign = sqlite3.connect(project.database_path)
    foreign.executemany(
        "INSERT INTO rag_chunks (content, source, chunk_index, metadata) VALUES (?, 'z', ?, ?)",
        [("A zebra runs.", 0, '{"keeper": "Ann"}'), ("A quagga ran.", 1, None)],
    )
    foreign.commit()
    foreign.close()
    with project.connect() as knowledge_base:
        before = rows(knowledge_base)
        zebra = knowledge_base.chunk_ids("zebra")[0]
        swaps = [knowledge_base.split_chunk(zebra, 7, len)]
        assert [chunk.content for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(document="z", order="source"))] == [
            "A zebra", " runs.", "A quagga ran.",
        ]  # fmt: skip
        assert knowledge_base.chunk(zebra).metadata["keeper"] == "Ann"
        swaps.append(knowledge_base.merge_chunks(knowledge_base.chunk_ids(document="z"), len))
        assert knowledge_base.count_chunks() == 6
        for swap in reversed(swaps):
            knowledge_base.swap(swap.reversed())
        assert rows(knowledge_base) == before


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_done_can_be_undone_to_the_same_rows_and_the_same_corpus(project: Project, seed: int):
    """Random splits, merges, edits and flags, undone in reverse order; splits and merges never change the corpus."""
    chance = random.Random(seed)
    words = ["the", "mill", "ferry", "is", "red", "slow\nnine", "1874.", "a", "b"]
    text = " ".join(chance.choices(words, k=120))
    with project.connect() as knowledge_base:
        put(knowledge_base, text, size=chance.choice([7, 23, 60]), overlap=chance.choice([0, 3, 15]))
        put(knowledge_base, "Beside.\n" * 9, source="b.txt")
        undo = []
        for _step in range(40):
            before, read = rows(knowledge_base), list(knowledge_base.corpus())
            ids = list(knowledge_base.chunk_ids(order="source"))
            if not ids:
                break
            place = chance.randrange(len(ids))
            chunk = knowledge_base.chunk(ids[place])
            action = chance.choice(["split", "split", "merge", "merge", "edit", "excluded", "deleted"])
            try:
                if action == "split":
                    swap = knowledge_base.split_chunk(chunk.id, chance.randrange(len(chunk.content) + 1), len)
                    undo.append((before, read, lambda swap=swap: knowledge_base.swap(swap.reversed())))
                elif action == "merge":
                    swap = knowledge_base.merge_chunks(ids[place : place + chance.choice([2, 3])], len)
                    undo.append((before, read, lambda swap=swap: knowledge_base.swap(swap.reversed())))
                elif action == "edit":
                    new = _edited(chunk.content, chance)
                    knowledge_base.edit_chunk(chunk.id, new, len(new))
                    undo.append((None, read, lambda chunk=chunk: knowledge_base.edit_chunk(
                        chunk.id, chunk.content, chunk.token_count
                    )))  # fmt: skip
                else:
                    done = knowledge_base.flag_chunks(chance.sample(ids, 2), action, chance.random() < 0.6)
                    undo.append((before, read, lambda done=done: knowledge_base.unflag_chunks(done)))
            except (UserError, ValueError):
                assert rows(knowledge_base) == before
                continue
            if action in ("split", "merge"):
                assert list(knowledge_base.corpus()) == read, action
            check_index(knowledge_base)
            numbers = knowledge_base.connection.execute("SELECT source, chunk_index FROM rag_chunks ORDER BY 1, 2")
            by_source: dict[str, list[int]] = {}
            for source, index in numbers:
                by_source.setdefault(source, []).append(index)
            assert all(indices == list(range(len(indices))) for indices in by_source.values())
        for before, read, take_back in reversed(undo):
            take_back()
            assert list(knowledge_base.corpus()) == read
            # An edit leaves behind what the chunk said at first, so what came before it is not the very same row.
            if before is not None and not before["chunk_original"]:
                now = rows(knowledge_base)
                now["chunk_original"] = [] if not before["chunk_original"] else now["chunk_original"]
                assert now == before
        check_index(knowledge_base)


def _edited(content: str, chance: random.Random) -> str:
    at, length = chance.randrange(len(content) + 1), chance.randrange(6)
    return content[:at] + chance.choice(["NEW", "", " new words.\n", "x"]) + content[at + length :]


@pytest.mark.parametrize("overlap", [0, 6])
def test_a_new_cut_keeps_splits_and_merges_where_their_text_stands(project: Project, overlap: int):
    with project.connect() as knowledge_base:
        put(knowledge_base, overlap=overlap)
        ids = list(knowledge_base.chunk_ids())
        knowledge_base.split_chunk(ids[0], 9, len)
        knowledge_base.merge_chunks(ids[2:4], len)
        shaped = [ids[0], knowledge_base.chunk_ids(order="chunk_index")[1], ids[2]]
        said = [chunk.content for chunk in knowledge_base.chunks(shaped)]
        corpus = list(knowledge_base.corpus())
        _document, kept = put(knowledge_base, size=27, overlap=overlap)
        assert kept == Kept(0, 3, 0) and [chunk.content for chunk in knowledge_base.chunks(shaped)] == said
        assert list(knowledge_base.corpus()) == corpus, "every word once"
        _document, kept = put(knowledge_base, "A new beginning. " + TEXT, size=27, overlap=overlap)
        assert kept == Kept(0, 3, 0) and [chunk.content for chunk in knowledge_base.chunks(shaped)] == said
        assert list(knowledge_base.corpus()) == [("a.txt", "A new beginning. " + corpus[0][1])]
        numbers = [chunk.chunk_index for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(order="chunk_index"))]
        assert numbers == list(range(len(numbers)))


def test_a_split_whose_text_is_gone_or_stands_twice_is_cut_anew_and_counted(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first = knowledge_base.chunk_ids()[0]
        knowledge_base.split_chunk(first, 9, len)
        other = TEXT.replace(TEXT[9:20], "is gone. ", 1)
        _document, kept = put(knowledge_base, other)
        assert kept == Kept(0, 1, 1) and knowledge_base.chunk(first).content == TEXT[:9]
        assert list(knowledge_base.corpus()) == [("a.txt", other.strip())]
        _document, kept = put(knowledge_base, "Again. " + TEXT[:9] + other)
        assert kept == Kept(0, 0, 1) and knowledge_base.chunk(first) is None
        assert list(knowledge_base.corpus()) == [("a.txt", ("Again. " + TEXT[:9] + other).strip())]
