"""Which chunks are shown: by words, document, flag, quality and length, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from gui.chunk_column import QUALITY, snippet
from gui.chunk_filter import ChunkFilter
from gui.difference import differences
from gui.rag_data_tab import RagDataTab
from gui.search_hit import find_hits
from gui.shell import Shell
from services.project import Project
from services.records import CutChunk, DocumentText
from tests.gui.conftest import fill

WORDS = "The mitochondrion is the power plant of the cell and makes energy from food."


def put(project: Project, source: str, chunks: list[CutChunk]) -> None:
    """A document whose chunks follow each other, with what is known of them."""
    content, placed = "", []
    for chunk in chunks:
        start = len(content)
        content += chunk.content + "\n\n"
        placed.append(replace(chunk, start=start, owned_end=len(content), end=start + len(chunk.content)))
    with project.connect() as store:
        store.replace_document(
            source=source, text=DocumentText(content), chunks=placed, count_tokens=lambda text: len(text.split()), path=source,
            sha256=source, format="text", tokenizer="words", chunk_size=500, chunk_overlap=50,
        )  # fmt: skip


def chunk(content: str, tokens: int = 10, **known: object) -> CutChunk:
    return CutChunk(0, 0, 0, content, tokens, **known)


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> Iterator[RagDataTab]:
    """A tab with good chunks, bad ones and a table of contents."""
    put(project, "cells.txt", [
        chunk("1 Energy 3\n2 Water 5", kind="contents"),
        chunk(WORDS, 120),
        chunk("12.5 7.25 99.1", 40, quality=10, problem="numbers"),
        chunk("See below.", 3, quality=5, problem="short"),
    ])  # fmt: skip
    fill(project, ["Der Reiher frisst Frösche."], "birds.txt")
    made = RagDataTab(project, shell)
    qtbot.addWidget(made)
    made.resize(1300, 700)
    made.show()
    yield made


def contents(tab: RagDataTab) -> list[str]:
    return [one.content for one in tab.shell.knowledge_base.chunks(list(tab.chunks.model.ids))]


def choose(box, key: str | None) -> None:
    box.setCurrentIndex(box.findData(key))


def test_quality_and_length_narrow_what_is_shown_and_the_line_says_so(qtbot, tab):
    filters = tab.chunks.filter
    assert not tab.chunks.clear_button.isVisible() and not filters.problems.isVisible()
    filters.more_button.click()
    assert filters.problems.isVisible() and filters.least.isVisible()
    choose(filters.problems, "any")
    assert len(contents(tab)) == 2
    choose(filters.problems, "numbers")
    assert contents(tab) == ["12.5 7.25 99.1"]
    assert "mostly numbers" in tab.chunks.counts.text() and tab.chunks.clear_button.isVisible()
    choose(filters.problems, None)
    filters.least.setValue(30)
    filters.most.setValue(50)
    assert contents(tab) == ["12.5 7.25 99.1"] and "30 to 50 tokens" in tab.chunks.counts.text()
    filters.most.setValue(0)
    assert len(contents(tab)) == 2 and "30 tokens or more" in tab.chunks.counts.text()


def test_contents_are_found_by_their_flag_and_say_why_they_are_left_out(qtbot, tab, shell):
    choose(tab.chunks.flags, "listing")
    assert contents(tab) == ["1 Energy 3\n2 Water 5"]
    assert "table of contents" in tab.editor.note.text.text() and tab.editor.note.isVisible()
    tab.editor.note.include_button.click()
    assert shell.knowledge_base.flag_counts()["excluded"] == 0
    tab.undo_stack.undo()
    assert shell.knowledge_base.flag_counts()["excluded"] == 1
    choose(tab.chunks.flags, "included")
    assert len(contents(tab)) == 4


def test_one_click_clears_every_filter(qtbot, tab):
    filters = tab.chunks.filter
    choose(filters.flags, "excluded")
    choose(filters.problems, "any")
    choose(filters.documents, "birds.txt")
    filters.most.setValue(5)
    filters.search.setText("nothing like it")
    qtbot.waitUntil(lambda: not contents(tab))
    assert tab.chunks.note.isVisible() and "Clear filters" in tab.chunks.note.text()
    tab.chunks.clear_button.click()
    qtbot.waitUntil(lambda: len(contents(tab)) == 5)
    assert not filters.is_set and not tab.chunks.clear_button.isVisible() and not tab.chunks.note.isVisible()


def test_the_worst_come_first_by_quality(qtbot, tab):
    tab.chunks.view.horizontalHeader().setSortIndicator(QUALITY, Qt.SortOrder.AscendingOrder)
    assert contents(tab)[:2] == ["See below.", "12.5 7.25 99.1"]
    index = tab.chunks.model.index(0, QUALITY)
    assert index.data() == "too short" and "5 of 100" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    tab.chunks.view.selectRow(0)
    assert "too short to say much" in tab.editor.note.text.text()


def test_without_sorting_chunks_stand_as_their_documents_are_read(tab):
    assert [text.split()[0] for text in contents(tab)] == ["Der", "1", "The", "12.5", "See"]
    assert tab.chunks.model.index(1, 0).data() == "1" and tab.chunks.model.index(2, 0).data() == "2"


def test_hits_are_ranked_until_the_person_sorts(qtbot, tab):
    header = tab.chunks.view.horizontalHeader()
    qtbot.keyClicks(tab.chunks.search, "energy")
    qtbot.waitUntil(lambda: len(contents(tab)) == 2)
    assert not header.isSortIndicatorShown()
    header.setSortIndicator(3, Qt.SortOrder.DescendingOrder)
    assert contents(tab)[0] == WORDS and header.isSortIndicatorShown()
    qtbot.keyClick(tab.chunks.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(contents(tab)) == 5)
    assert tab.chunks.search.text() == ""


def test_the_document_filter_stays_within_reach_where_there_is_little_room(qtbot):
    filters = ChunkFilter()
    qtbot.addWidget(filters)
    filters.show()
    letter = filters.fontMetrics().averageCharWidth()
    filters.resize(letter * 60, filters.height())
    filters.more_button.setChecked(True)
    qtbot.waitUntil(filters.documents.isVisible)
    assert filters.documents.parent() is filters._more
    filters.resize(letter * 120, filters.height())
    assert filters.documents.parent() is not filters._more


@pytest.mark.parametrize(
    ("search", "text", "hits"),
    [
        ("mito", "Mitochondria", ["Mito"]),
        ("cell wall", "cells: the cell wall", ["cell", "wall"]),  # only the last word may go on
        ('"cell wall"', "cell-wall, cell", ["cell-wall"]),
        ("frosche", "Frösche quaken", ["Frösche"]),
        ("e-mail", "An e-mail", ["e-mail"]),
        ("((", "((", []),
        ("a'b", "a b", ["a", "b"]),
        ("😀 word", "😀😀 word", ["word"]),
    ],
)
def test_hits_are_marked_where_the_search_finds_them(search, text, hits):
    assert [text[start:end] for start, end in find_hits(search, text)] == hits


def test_the_snippet_shows_the_surroundings_of_the_first_hit():
    text = "word " * 60 + "treasure is here"
    assert snippet(text, "").startswith("word word")
    assert snippet(text, "treasure").startswith("…word word treasure is here")


def test_differences_are_words():
    removed, added = differences("The cell stores sugar.", "The cell stores much more fat.")
    assert ["The cell stores sugar."[start:end] for start, end in removed] == ["sugar"]
    assert "".join("The cell stores much more fat."[start:end] for start, end in added).split() == ["much", "more", "fat"]
    assert differences("same", "same") == ([], [])
    assert differences("", "new words") == ([], [(0, 9)])
