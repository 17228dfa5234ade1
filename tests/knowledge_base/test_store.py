"""The knowledge base: what is put in comes out, in step with search, across edits, re-reads and foreign hands."""

import os
import sqlite3

import pytest

from services.errors import UserError
from services.knowledge_base.schema import STEPS, upgrade
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText, Removal

TEXT = "The mill was built in 1874. It is red.\nThe ferry carries nine people. It is slow.\n"


def cut(text: str, size: int, overlap: int = 0) -> list[CutChunk]:
    chunks = []
    for start in range(0, len(text), size):
        end = min(len(text), start + size + overlap)
        chunks.append(CutChunk(start, min(len(text), start + size), end, text[start:end], (end - start) // 4))
    return chunks


def put(knowledge_base: KnowledgeBase, text: str = TEXT, size: int = 39, overlap: int = 0, source: str = "a.txt"):
    return knowledge_base.replace_document(source, DocumentText(text), cut(text, size, overlap), len, tokenizer="t")


def columns(knowledge_base: KnowledgeBase) -> list[str]:
    return [row["name"] for row in knowledge_base.connection.execute("PRAGMA table_info(rag_chunks)")]


def test_the_table_has_exactly_the_five_columns(project: Project):
    with project.connect() as knowledge_base:
        assert columns(knowledge_base) == ["id", "content", "source", "chunk_index", "metadata"]


def test_chunks_carry_where_they_come_from(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunks(knowledge_base.chunk_ids())[:2]
    assert (first.source, first.chunk_index, second.chunk_index) == ("a.txt", 0, 1)
    assert TEXT[first.metadata["start"] : first.metadata["end"]] == first.content
    assert first.metadata["tokenizer"] == "t"


@pytest.mark.parametrize("search", ["mill", "MIL", '"built in 1874"', "mill 1874"])
def test_search_finds_words_beginnings_and_phrases(project: Project, search: str):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        assert [chunk.chunk_index for chunk in knowledge_base.search_chunks(search, 10)] == [0]
        assert len(knowledge_base.chunk_ids(search)) == 1


def test_among_many_chunks_a_beginning_has_letters_enough_to_be_found_fast(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        everything, found = len(knowledge_base.chunk_ids()), len(knowledge_base.chunk_ids("mi"))
        assert 0 < found < everything
        monkeypatch.setattr("services.knowledge_base.chunk.LEAST_LETTERS", ((1, 3),))
        assert len(knowledge_base.chunk_ids("mi")) == everything  # as before it was typed
        assert len(knowledge_base.chunk_ids("mi ")) == 0  # no such word
        assert len(knowledge_base.chunk_ids("mil")) == found
        assert len(knowledge_base.chunk_ids("1874 mi")) == len(knowledge_base.chunk_ids("1874")) == 1


@pytest.mark.parametrize("search", ['"', "AND", "* OR (", "a:b", "'", "NEAR(", "-", '""', "ferry -", "col : x*"])
def test_no_search_text_is_a_syntax_error(project: Project, search: str):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        knowledge_base.chunk_ids(search)
        knowledge_base.search_chunks(search, 5)


def test_an_edit_is_searched_and_can_be_taken_back(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        chunk = knowledge_base.search_chunks("mill", 1)[0]
        knowledge_base.edit_chunk(chunk.id, "The windmill was built in 1900.")
        assert not knowledge_base.chunk_ids("1874") and knowledge_base.chunk_ids("1900")
        assert knowledge_base.chunk(chunk.id).is_edited
        knowledge_base.edit_chunk(chunk.id, "A third text.")
        knowledge_base.restore_chunk(chunk.id)
        assert knowledge_base.chunk(chunk.id).content == chunk.content
        assert not knowledge_base.chunk(chunk.id).is_edited


def test_the_corpus_is_the_text_once_whatever_the_overlap(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, overlap=12)
        assert list(knowledge_base.corpus()) == [("a.txt", TEXT.strip())]


def test_the_corpus_follows_edits_exclusions_and_deletions(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base, overlap=12)
        mill, ferry, _rest = knowledge_base.chunk_ids()
        knowledge_base.edit_chunk(mill, knowledge_base.chunk(mill).content.replace("1874", "1900"))
        assert next(iter(knowledge_base.corpus()))[1] == TEXT.strip().replace("1874", "1900")
        knowledge_base.set_excluded([mill], True)
        assert next(iter(knowledge_base.corpus()))[1] == TEXT[39:].strip()
        knowledge_base.set_deleted([ferry], True)
        before = list(knowledge_base.corpus())
        assert knowledge_base.purge_deleted() == 1
        assert list(knowledge_base.corpus()) == before == [("a.txt", TEXT[78:].strip())]


def test_reading_again_replaces_and_keeps_the_edited_chunk_in_its_place(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        mill = knowledge_base.chunk_ids()[0]
        knowledge_base.edit_chunk(mill, "The mill is older than anybody knows.\n")
        new = "A new beginning.\n" + TEXT + "A new end.\n"
        document, kept = put(knowledge_base, new, size=30)
        assert kept == (1, 0, 0)
        chunks = knowledge_base.chunks(knowledge_base.chunk_ids(order="chunk_index"))
        assert [chunk.chunk_index for chunk in chunks] == list(range(len(chunks)))
        text = next(iter(knowledge_base.corpus()))[1]
        assert text == new.replace(TEXT[:39], "The mill is older than anybody knows.\n").strip()
        assert len(knowledge_base.documents()) == 1


def test_an_edited_chunk_whose_place_is_gone_follows_at_the_end(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        knowledge_base.edit_chunk(knowledge_base.chunk_ids()[0], "My own words.")
        put(knowledge_base, "Something else entirely, and long enough.")
        assert next(iter(knowledge_base.corpus()))[1] == "Something else entirely, and long enough.My own words."


def test_pairs_of_a_changed_chunk_are_stale(project: Project):
    from services.knowledge_base.pairs import NewPair

    with project.connect() as knowledge_base:
        put(knowledge_base)
        first, second = knowledge_base.chunk_ids()[:2]
        ids = knowledge_base.add_pairs("sft_data", [NewPair("q1?", "a1", first), NewPair("q2?", "a2", second)])
        knowledge_base.edit_chunk(first, "changed")
        assert [pair.is_stale for pair in knowledge_base.pairs(ids)] == [True, False]


def test_another_program_can_write_and_is_seen(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        knowledge_base.check_index()
        revision = knowledge_base.revision()
    foreign = sqlite3.connect(project.database_path)
    foreign.execute("INSERT INTO rag_chunks (content, source, chunk_index, metadata) VALUES ('A zebra.', 'z', 0, '{}')")
    foreign.execute("UPDATE rag_chunks SET content = 'A quagga.' WHERE id = 1")
    foreign.commit()
    foreign.close()
    with Project.open(project.folder).connect() as knowledge_base:
        assert knowledge_base.chunk_ids("zebra") and knowledge_base.chunk_ids("quagga")
        assert not knowledge_base.chunk_ids("1874")
        assert knowledge_base.revision() > revision
        assert ("z", "A zebra.") in list(knowledge_base.corpus())
        assert "A quagga." in next(iter(knowledge_base.corpus()))[1]


def test_an_index_that_a_foreign_tool_left_behind_is_rebuilt(project: Project):
    with project.connect() as knowledge_base:
        put(knowledge_base)
        knowledge_base.check_index()
    foreign = sqlite3.connect(project.database_path)
    foreign.executescript("DROP TRIGGER rag_chunks_inserted; INSERT INTO rag_chunks (content) VALUES ('A zebra.');")
    foreign.close()
    with Project.open(project.folder).connect() as knowledge_base:
        assert knowledge_base.chunk_ids("zebra")


def test_a_newer_file_is_refused_with_a_sentence(project: Project):
    with project.connect() as knowledge_base:
        knowledge_base.connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(UserError, match="newer"):
        project.connect()


def test_a_file_that_is_no_database_is_refused_with_a_sentence(project: Project):
    project.database_path.write_bytes(b"This is not a database at all. " * 100)
    with pytest.raises(UserError, match="not a readable knowledge base"):
        project.connect()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said_to_be_that(project: Project):
    project.database_path.chmod(0o444)
    project.database_path.parent.chmod(0o555)
    try:
        with pytest.raises(UserError, match="cannot be written"):
            project.connect()
    finally:
        project.database_path.parent.chmod(0o755)


def test_a_failing_step_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("services.knowledge_base.schema.STEPS", (*STEPS, "CREATE TABLE half (x); SELECT nonsense FROM nowhere;"))
    connection = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        upgrade(connection)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(STEPS)
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()
    connection.close()


def test_what_failed_in_a_transaction_leaves_nothing(project: Project):
    with project.connect() as knowledge_base:
        with pytest.raises(RuntimeError), knowledge_base.transaction():
            put(knowledge_base)
            raise RuntimeError
        assert knowledge_base.count_chunks() == 0 and not knowledge_base.documents()


def test_a_document_goes_with_everything_that_came_from_it(project: Project):
    with project.connect() as knowledge_base:
        document, _kept = put(knowledge_base)
        put(knowledge_base, source="b.txt")
        knowledge_base.remove_document(document)
        assert {chunk.source for chunk in knowledge_base.chunks(knowledge_base.chunk_ids())} == {"b.txt"}
        assert [document.source for document in knowledge_base.documents()] == ["b.txt"]


@pytest.mark.parametrize("order", ["id", "source", "chunk_index", "content", "token_count", "quality", "rank"])
def test_every_order_has_every_chunk_both_ways(project: Project, order: str):
    with project.connect() as knowledge_base:
        put(knowledge_base, size=10)
        up = knowledge_base.chunk_ids(order=order)
        down = knowledge_base.chunk_ids(order=order, is_descending=True)
        assert sorted(up) == sorted(down) and len(up) == 9
        values = [chunk.content if order == "content" else 0 for chunk in knowledge_base.chunks(up)]
        assert values == sorted(values, key=lambda value: str(value).lower())


def test_an_old_project_is_opened_and_upgraded(tmp_path):
    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript(f"{STEPS[0]}; PRAGMA user_version = 1;")
    old.execute("INSERT INTO document (source, state) VALUES ('a', 'ready')")
    old.execute("INSERT INTO document_text VALUES (1, 'One. Two. ', '[]', '[]')")
    old.execute("INSERT INTO rag_chunks VALUES (1, 'One. ', 'a', 0, '{}'), (2, 'Two. ', 'a', 1, '{}'), (3, 'Z.', 'z', 0, NULL)")
    old.execute("INSERT INTO chunk_state (chunk_id, document_id, start, owned_end, end, is_excluded)"
                " VALUES (1, 1, 0, 5, 5, 0), (2, 1, 5, 10, 10, 1)")  # fmt: skip
    old.close()
    with KnowledgeBase(path) as knowledge_base:
        knowledge_base.check_index()
        assert columns(knowledge_base) == ["id", "content", "source", "chunk_index", "metadata"]
        assert [chunk.cause for chunk in knowledge_base.chunks([1, 2, 3])] == ["", "person", ""]
        assert list(knowledge_base.chunk_ids()) == [1, 2, 3] and list(knowledge_base.chunk_ids("two")) == [2]
        assert knowledge_base.documents()[0].chunk_count == 2
        assert list(knowledge_base.corpus()) == [("a", "One."), ("z", "Z.")]
        assert not knowledge_base.check_index()


def test_what_is_known_of_the_text_comes_back(project: Project):
    text = DocumentText(TEXT, ((1, 0), (2, 39)), ((0, 1, "Die Mühle"),), ((0, 5, "contents"),))
    removed = [Removal("head", "Page 1", 1, 7), Removal("hidden", "…")]
    with project.connect() as knowledge_base:
        document, _kept = knowledge_base.replace_document("a", text, cut(TEXT, 20), len, removed)
        assert knowledge_base.document_text(document) == text
        assert knowledge_base.removals(document) == removed and knowledge_base.documents()[0].removed_count == 8
        knowledge_base.replace_document("a", text, cut(TEXT, 30), len)
        assert knowledge_base.removals(document) == removed, "a new cut leaves out nothing else"
        knowledge_base.replace_document("a", text, cut(TEXT, 30), len, ())
        assert knowledge_base.removals(document) == [] and knowledge_base.documents()[0].removed_count == 0


def test_folders_are_watched(project: Project):
    with project.connect() as knowledge_base:
        for path in ("/b", "/a", "/b"):
            knowledge_base.watch_folder(path)
        assert knowledge_base.watched_folders() == ["/a", "/b"]
        knowledge_base.unwatch_folder("/a")
        assert knowledge_base.watched_folders() == ["/b"]


def rich(knowledge_base: KnowledgeBase) -> None:
    """Eight chunks in two documents with every kind of flag."""
    for source in ("a.txt", "B.txt"):
        chunks = [
            CutChunk(0, 20, 20, "The mill is red, ok.", 5, quality=40, problem="short"),
            CutChunk(20, 40, 40, "a ferry, a mill, ok.", 9, quality=90),
            CutChunk(40, 60, 60, "Contents 1 2 3 4 5 6", 7, kind="contents", quality=10, problem="numbers"),
            CutChunk(60, 80, 80, "Mill mill mill mill.", 30),
        ]
        knowledge_base.replace_document(source, DocumentText("".join(chunk.content for chunk in chunks)), chunks, len)
    knowledge_base.set_deleted([8], True)
    knowledge_base.edit_chunk(2, "a boat, a mill, ok.")
    knowledge_base.set_repeats([(5, 1, 1.0)])


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"flag": "included"}, [1, 2, 4, 6]),
        ({"flag": "excluded"}, [3, 5, 7]),
        ({"flag": "edited"}, [2]),
        ({"flag": "deleted"}, [8]),
        ({"flag": "duplicate"}, [5]),
        ({"flag": "listing"}, [3, 7]),
        ({"problem": "any"}, [1, 3, 5, 7]),
        ({"problem": "short"}, [1, 5]),
        ({"problem": "short", "flag": "included"}, [1]),
        ({"tokens": (5, 7)}, [1, 3, 5, 7]),
        ({"tokens": (5, 7), "flag": "listing", "document": "B.txt"}, [7]),
        ({"document": "a.txt"}, [1, 2, 3, 4]),
        ({"search": "mill"}, [1, 2, 4, 5, 6]),
        ({"search": "mill ok", "document": "B.txt"}, [5, 6]),
        ({"search": "mill", "flag": "deleted"}, [8]),
        ({"search": "mill", "tokens": (1, 5)}, [1, 5]),
    ],
)
@pytest.mark.parametrize("order", ["id", "source", "chunk_index", "content", "token_count", "quality", "rank"])
def test_every_filter_works_with_every_order_and_limit(project: Project, wanted: dict, ids: list[int], order: str):
    with project.connect() as knowledge_base:
        rich(knowledge_base)
        for is_descending in (False, True):
            found = knowledge_base.chunk_ids(**wanted, order=order, is_descending=is_descending)
            assert sorted(found) == ids
            assert knowledge_base.chunk_ids(**wanted, order=order, is_descending=is_descending, limit=2) == found[:2]
        if order in ("token_count", "quality"):
            values = [getattr(chunk, order) for chunk in knowledge_base.chunks(found)]
            assert values == sorted(values, reverse=True)


def test_the_best_hits_come_first(project: Project):
    with project.connect() as knowledge_base:
        rich(knowledge_base)
        assert knowledge_base.chunk_ids("mill", order="rank")[0] == 4
        assert knowledge_base.search_chunks("mill", 1)[0].id == 4


@pytest.mark.parametrize("order", ["id", "source", "content", "token_count", "quality"])
@pytest.mark.parametrize("is_descending", [False, True])
def test_no_order_of_all_chunks_sorts_or_reads_their_text(project: Project, order: str, is_descending: bool):
    """Else a million chunks take seconds where an index takes a moment, and the first rows come last."""
    with project.connect() as knowledge_base:
        statements = []
        knowledge_base.connection.set_trace_callback(statements.append)
        knowledge_base.chunk_ids(order=order, is_descending=is_descending, limit=500)
        knowledge_base.connection.set_trace_callback(None)
        plan = [row["detail"] for row in knowledge_base.connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    assert not [step for step in plan if "TEMP B-TREE" in step]
    assert not [step for step in plan if step == "SCAN rag_chunks"]


def test_rows_of_other_programs_and_their_removal_are_in_step(project: Project):
    """Most programs leave foreign keys off."""
    with project.connect() as knowledge_base:
        put(knowledge_base)
        foreign = sqlite3.connect(project.database_path)
        foreign.execute("INSERT INTO rag_chunks (content, source) VALUES ('A zebra.', 'z')")
        foreign.execute("DELETE FROM rag_chunks WHERE id = 1")
        foreign.commit()
        foreign.close()
        assert [chunk.content for chunk in knowledge_base.chunks(knowledge_base.chunk_ids())][-1] == "A zebra."
        assert 1 not in knowledge_base.chunk_ids() and knowledge_base.count_chunks() == 3
        assert knowledge_base.documents()[0].chunk_count == 2
        knowledge_base.set_excluded(knowledge_base.chunk_ids("zebra"), True)
        assert knowledge_base.flag_counts()["excluded"] == 1
        assert not knowledge_base.check_index() or not knowledge_base.check_index()


def test_our_own_writing_is_counted_once_and_needs_no_check(project: Project):
    with Project.open(project.folder).connect() as knowledge_base:
        before = knowledge_base.revision()
        put(knowledge_base, size=5)
        assert knowledge_base.revision() == before + 1
        assert not knowledge_base.check_index()
