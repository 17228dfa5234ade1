"""The page or the place that a chunk comes from, beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from gui.rag_data_tab import RagDataTab
from gui.shell import Shell
from services.documents.piece import Pieces, piece_to_json
from services.documents.reader import Cut, prepare
from services.documents.tokenizer import load_tokenizer
from services.models.base import STARTER_NAME
from services.project import Project
from tests.gui.conftest import fill

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"


def add(project: Project, path: Path) -> None:
    """Read a file into the knowledge base, here and now."""
    tokenizer = load_tokenizer(STARTER_NAME)
    pieces = Pieces()
    for piece in prepare(path, tokenizer, Cut(120, 10)):
        pieces.add(piece_to_json(piece))
    with project.connect() as store:
        store.replace_document(
            source=path.name, text=pieces.texts(), chunks=pieces.chunks(), count_tokens=tokenizer.count, removed=pieces.removed,
            path=str(path), sha256=path.name, size_bytes=path.stat().st_size, modified_at=path.stat().st_mtime,
            format=pieces.format, page_count=pieces.page_count, tokenizer=tokenizer.name, chunk_size=120, chunk_overlap=10,
        )  # fmt: skip


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLE / "visitors_handbook.pdf", tmp_path))


def make_tab(qtbot, project: Project, shell: Shell) -> RagDataTab:
    tab = RagDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1300, 800)
    tab.show()
    return tab


def show_source(qtbot, tab: RagDataTab, row: int) -> None:
    tab.chunks.select_row(row)
    if not tab.actions_of_chunks["source"].isChecked():
        tab.actions_of_chunks["source"].trigger()
    qtbot.waitUntil(lambda: tab.editor.view.page.has_page and not tab.shell.threads(), timeout=60_000)


def test_the_page_of_a_pdf_is_shown_with_the_passage_marked(qtbot, project, shell, handbook):
    add(project, handbook)
    tab = make_tab(qtbot, project, shell)
    view = tab.editor.view
    show_source(qtbot, tab, 2)
    chunk = tab.editor.chunk
    assert view.heading.text().startswith(f"Page {chunk.metadata['page']} of ")
    assert view.page.marks and all(0 <= left < right <= 1 and 0 <= top < bottom <= 1 for left, top, right, bottom in view.page.marks)
    assert "marked" in view.page.widget().accessibleDescription()
    first = view.page.marks
    qtbot.waitUntil(lambda: not view._timer.isActive() and not shell.threads(), timeout=30_000)
    tab.chunks.step(1)
    qtbot.waitUntil(lambda: view.page.marks != first and not shell.threads(), timeout=30_000)

    page = view._page
    view.buttons["on"].click()
    qtbot.waitUntil(lambda: view._shown[1] == page + 1, timeout=30_000)
    assert view.heading.text().startswith(f"Page {page + 1} ")
    view.buttons["back"].click()
    qtbot.waitUntil(lambda: view._shown[1] == page and bool(view.page.marks) and not shell.threads(), timeout=30_000)


def test_the_page_grows_and_is_drawn_as_sharp_as_it_is_shown(qtbot, project, shell, handbook):
    add(project, handbook)
    tab = make_tab(qtbot, project, shell)
    show_source(qtbot, tab, 0)
    page = tab.editor.view.page
    narrow = page.widget().width()
    here = QPointF(page.viewport().rect().center())
    wheel = QWheelEvent(
        here, page.viewport().mapToGlobal(here), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(page.viewport(), wheel)
    assert page.zoom > 1 and page.widget().width() > narrow
    tab.editor.view.buttons["larger"].click()
    qtbot.waitUntil(lambda: abs(page.widget().image.width() - page.wanted_width()) <= 2, timeout=30_000)
    tab.editor.view.buttons["fit"].click()
    assert page.zoom == 1 and page.widget().width() == narrow
    qtbot.waitUntil(lambda: not tab.editor.view._timer.isActive() and not shell.threads(), timeout=30_000)


def test_a_file_that_is_gone_leaves_the_text_that_was_read_from_it(qtbot, project, shell, handbook):
    add(project, handbook)
    handbook.unlink()
    tab = make_tab(qtbot, project, shell)
    tab.chunks.select_row(1)
    tab.actions_of_chunks["source"].trigger()
    view = tab.editor.view
    assert "no longer at" in view.note.text() and view.note.isVisible() and view.text.isVisible()
    (mark,) = view.text.extraSelections()
    assert mark.cursor.selectedText().replace("\u2029", "\n") == tab.editor.chunk.content


def test_a_pdf_that_cannot_be_drawn_says_so(qtbot, project, shell, handbook):
    add(project, handbook)
    handbook.write_bytes(b"%PDF-1.4 no more")
    tab = make_tab(qtbot, project, shell)
    tab.chunks.select_row(0)
    tab.actions_of_chunks["source"].trigger()
    view = tab.editor.view
    qtbot.waitUntil(lambda: bool(view.note.text()) and not shell.threads(), timeout=60_000)
    assert "visitors_handbook.pdf" in view.note.text() and not view.page.has_page


def test_other_formats_show_the_place_in_the_text(qtbot, project, shell):
    fill(project, ["Before 😀 it.", "The passage itself.", "After it."])
    tab = make_tab(qtbot, project, shell)
    tab.chunks.select_row(1)
    tab.actions_of_chunks["source"].trigger()
    view = tab.editor.view
    (mark,) = view.text.extraSelections()
    assert mark.cursor.selectedText() == "The passage itself." and "Before 😀 it." in view.text.toPlainText()
    view.buttons["close"].click()
    assert not view.isVisible() and not tab.actions_of_chunks["source"].isChecked()


def test_a_chunk_of_no_document_says_so(qtbot, project, shell):
    shell.knowledge_base.connection.execute("INSERT INTO rag_chunks (content, source, chunk_index, metadata) VALUES ('x', 'foreign', 0, '{}')")
    tab = make_tab(qtbot, project, shell)
    tab.actions_of_chunks["source"].trigger()
    assert tab.editor.chunk.source == "foreign" and "Nothing is known" in tab.editor.view.note.text()


def test_whether_the_source_is_open_is_remembered(qtbot, project, shell):
    fill(project, ["Some text."])
    tab = make_tab(qtbot, project, shell)
    sizes = tab.panes.sizes()
    tab.actions_of_chunks["source"].trigger()
    assert tab.panes.sizes()[2] > sizes[2], "a page needs room"
    tab.save_pending()
    again = make_tab(qtbot, project, shell)
    assert again.editor.view.isVisible()
    letter = again.fontMetrics().averageCharWidth()
    for width in (170, 150, 170):
        again.resize(width * letter, 700)
        assert again.documents.isVisible() == (width == 170), "the documents make room for a page where there is little"
    again.resize(150 * letter, 700)
    again.actions_of_chunks["source"].trigger()
    assert not again.editor.view.isVisible() and again.documents.isVisible()
