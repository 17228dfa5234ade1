"""The review desk: passage and pair side by side where the window has the width, and where the person put the bars."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from gui.main_window import MainWindow
from gui.pair_browser import PAIRS, REPORT
from gui.review_desk import BELOW, COLUMNS, NARROW
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.project import Project
from tests.gui.conftest import fill
from tests.gui.test_sft_data_tab import a_pair, add_pairs, make_tab

FACT = "The lighthouse of Norrholm was built in 1874 by Ada Quill."
FILLER = "\n\n".join(f"Paragraph {number} says nothing of any use to anybody who asks." for number in range(60))


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    """A long chunk with two pairs, about its start and about its end; the first is the current one."""
    text = f"{FACT}\n\n{FILLER}\n\n{FACT}"
    fill(project, [text])
    chunk = shell.knowledge_base.chunk_ids()[0]
    add_pairs(
        project, a_pair(0, chunk, evidence=(0, len(FACT))), a_pair(1, chunk, evidence=(len(text) - len(FACT), len(text))),
        a_pair(2, chunk, state="rejected", reason="person", turns=("Well, when?", "In 1874?")),
    )  # fmt: skip
    tab = make_tab(qtbot, project, shell)
    tab.browser.show_page(PAIRS)
    qtbot.waitUntil(lambda: len(tab.browser.pairs.model.ids) == 3)
    tab.browser.pairs.go_on_from(0)
    tab.activateWindow()  # keys go to the window in front
    qtbot.waitUntil(tab.isActiveWindow, timeout=10_000)
    tab.browser.pairs.table.setFocus()
    return tab


def place(tab: SftDataTab, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(tab, QPoint(0, 0)), widget.size())


def letters(tab: SftDataTab, width: int, lines: int) -> None:
    """Make the tab this large, in letters and lines of its text."""
    tab.resize(width * tab.fontMetrics().averageCharWidth(), lines * tab.fontMetrics().lineSpacing())


def test_passage_and_pair_stand_side_by_side_where_the_width_suffices(tab: SftDataTab):
    for width, lines, arrangement in ((185, 45, BELOW), (260, 45, COLUMNS), (190, 30, COLUMNS), (140, 30, NARROW), (260, 30, COLUMNS)):
        letters(tab, width, lines)
        table, passage, answer = (place(tab, each) for each in (tab.browser.pairs.table, tab.review.passage, tab.review.answer))
        assert tab.desk.arrangement == arrangement
        assert (passage.right() < answer.left()) == (arrangement != NARROW)
        assert (passage.bottom() < answer.top()) == (arrangement == NARROW)
        assert (table.bottom() < passage.top()) == (arrangement == BELOW)
        assert (table.right() < passage.left()) == (arrangement != BELOW)


def test_every_way_remembers_its_bars(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    letters(tab, 185, 45)
    tab.desk.moveSplitter(tab.desk.height() * 2 // 3, 1)
    tab.review.panes.moveSplitter(tab.review.panes.width() * 2 // 5, 1)
    table, passage = tab.browser.height(), tab.review.source.width()
    letters(tab, 260, 45)
    assert tab.desk.arrangement == COLUMNS and tab.review.source.width() == pytest.approx(tab.review.beside.width(), abs=2)
    letters(tab, 185, 45)
    assert (tab.browser.height(), tab.review.source.width()) == pytest.approx((table, passage), abs=4)
    again = make_tab(qtbot, project, shell)
    again.resize(tab.size())
    again.browser.show_page(PAIRS)
    qtbot.waitUntil(lambda: len(again.browser.pairs.model.ids) == 3)
    again.browser.pairs.go_on_from(0)
    qtbot.waitUntil(lambda: (again.browser.height(), again.review.source.width()) == pytest.approx((table, passage), abs=4))


def test_the_evidence_is_in_sight_and_a_passage_that_shows_it_stays(qtbot, tab: SftDataTab):
    passage, table = tab.review.passage, tab.browser.pairs.table

    def evidence_in_sight() -> bool:
        (mark,) = passage.extraSelections()
        edges = []
        for position in (mark.cursor.selectionStart(), mark.cursor.selectionEnd()):
            edge = QTextCursor(passage.document())
            edge.setPosition(position)
            edges.append(passage.cursorRect(edge))
        return edges[0].top() >= 0 and edges[1].bottom() <= passage.viewport().height()

    for width, lines in ((185, 45), (140, 30), (260, 45)):
        letters(tab, width, lines)
        assert evidence_in_sight()
        qtbot.keyClick(table, Qt.Key.Key_N)
        assert tab.review.question.toPlainText() == "What is thing 1?"
        assert evidence_in_sight() and passage.verticalScrollBar().value() > 0
        qtbot.keyClick(table, Qt.Key.Key_P)
        assert evidence_in_sight() and tab.review.question.toPlainText() == "What is thing 0?"
    passage.verticalScrollBar().setValue(0)
    tab.review.show_pair(tab.browser.current_pair(), tab._store.chunk(tab._store.chunk_ids()[0]))
    assert passage.verticalScrollBar().value() == 0


def test_how_to_ask_is_put_aside_and_comes_back(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    letters(tab, 190, 45)
    before = tab.desk.width()
    qtbot.mouseClick(tab.aside_button, Qt.MouseButton.LeftButton)
    assert not tab.ask.isVisible() and tab.desk.width() > before and tab.desk.arrangement == COLUMNS
    assert not make_tab(qtbot, project, shell).ask.isVisible()  # it stays so
    qtbot.mouseClick(tab.back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.ask.isVisible() and tab.desk.width() == before)
    tab.activateWindow()
    qtbot.waitUntil(tab.isActiveWindow, timeout=10_000)
    qtbot.keyClick(tab, Qt.Key.Key_F9)
    assert not tab.ask.isVisible()
    tab.review.advice.setting_wanted.emit("audience")  # advice that leads into the form
    assert tab.ask.isVisible()


def test_a_report_without_failures_has_no_empty_passage(tab: SftDataTab):
    tab.browser.show_page(REPORT)
    assert not tab.review.isVisible()
    tab.browser.show_page(PAIRS)
    assert tab.review.isVisible() and tab.review.answer.isVisible()


def test_a_window_made_small_again_scrolls_nowhere(qtbot, make_window: Callable[[], MainWindow], project: Project, shell: Shell):
    fill(project, [FACT])
    add_pairs(project, a_pair(0, shell.knowledge_base.chunk_ids()[0], evidence=(0, 4)))
    window = make_window()
    window.open_project(project.folder)
    window.page.shell.show_tab("generate")
    tab = window.page.tab("generate")
    tab.browser.show_page(PAIRS)
    qtbot.waitUntil(lambda: len(tab.browser.pairs.model.ids) == 1)
    tab.browser.pairs.go_on_from(0)
    letter = tab.fontMetrics().averageCharWidth()
    for width, arrangement in ((290, COLUMNS), (132, NARROW), (178, BELOW), (132, NARROW)):
        window.resize(letter * width, tab.fontMetrics().lineSpacing() * 56)
        qtbot.waitUntil(lambda arrangement=arrangement: tab.desk.arrangement == arrangement)
        scroll = tab.parentWidget()
        while not hasattr(scroll, "horizontalScrollBar"):
            scroll = scroll.parentWidget()
        qtbot.waitUntil(lambda scroll=scroll: scroll.horizontalScrollBar().maximum() == 0)
        assert scroll.verticalScrollBar().maximum() == 0


def test_a_zoom_that_is_taken_back_leaves_no_more_than_there_was(qtbot, make_window: Callable[[], MainWindow], project: Project, shell: Shell):
    fill(project, [FACT])
    add_pairs(project, a_pair(0, shell.knowledge_base.chunk_ids()[0], state="rejected", reason="person", turns=("So?", "So.")))
    window = make_window()
    window.look.set_zoom(1.0)
    window.resize(1280, 800)
    window.open_project(project.folder)
    window.page.shell.show_tab("generate")
    tab = window.page.tab("generate")
    qtbot.waitUntil(lambda: tab.browser.coverage.model.rowCount() == 1)
    tab.browser.coverage.table.selectRow(0)
    tab.browser.show_page(PAIRS)
    qtbot.waitUntil(lambda: len(tab.browser.pairs.model.ids) == 1)
    tab.browser.pairs.go_on_from(0)
    qtbot.waitUntil(lambda: not window.page.shell.threads() and tab.review.answer.isVisible())
    qtbot.wait(100)  # until all of it is laid out
    before, lines = tab.minimumSizeHint(), tab.review.answer.minimumHeight()
    try:
        window.look.set_zoom(2.0)
        qtbot.waitUntil(lambda: tab.minimumSizeHint().width() > before.width())
        assert tab.review.answer.minimumHeight() > 1.5 * lines
    finally:
        window.look.set_zoom(1.0)
    qtbot.waitUntil(lambda: tab.minimumSizeHint() == before)
    assert tab.review.answer.minimumHeight() == lines
