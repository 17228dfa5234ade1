"""Chunks that are split, merged, left out, restored and exchanged through the window; all of it can be undone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction, QTextCursor
from PySide6.QtWidgets import QApplication

from gui.rag_data_tab import RagDataTab
from gui.repeat_view import RepeatView
from gui.shell import Shell
from services.project import Project
from tests.gui.conftest import fill

TEXTS = [
    "The mitochondrion is the power plant. It has two membranes.",
    "Glycogen is stored in the liver.",
    "Ribosomes build proteins from amino acids.",
    "A 😀 stands here. And more text follows it.",
]


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> RagDataTab:
    fill(project, TEXTS)
    made = RagDataTab(project, shell)
    qtbot.addWidget(made)
    made.resize(1300, 700)
    made.show()
    made.activateWindow()
    return made


def contents(tab: RagDataTab, flag: str | None = None) -> list[str]:
    store = tab.shell.knowledge_base
    return [one.content for one in store.chunks(list(store.chunk_ids(flag=flag, order="source")))]


def select(tab: RagDataTab, *rows: int) -> None:
    tab.chunks.select_row(rows[0])
    how = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in rows[1:]:
        tab.chunks.view.selectionModel().select(tab.chunks.model.index(row, 0), how)


def put_cursor(tab: RagDataTab, before: str) -> None:
    cursor = tab.editor.text.document().find(before)
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart())
    tab.editor.text.setTextCursor(cursor)
    tab.editor.text.setFocus()


def corpus(tab: RagDataTab) -> list[tuple[str, str]]:
    return list(tab.shell.knowledge_base.corpus())


def test_a_chunk_is_split_where_the_cursor_stands_and_undo_joins_it_again(qtbot, tab):
    before = corpus(tab)
    select(tab, 0)
    put_cursor(tab, "It has")
    qtbot.keyClick(tab.editor.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [text.strip() for text in contents(tab)[:2]] == ["The mitochondrion is the power plant.", "It has two membranes."]
    assert tab.chunks.model.rowCount() == 5 and tab.editor.chunk.content.startswith("The mito")
    assert [one.chunk_index for one in tab.shell.knowledge_base.chunks(list(tab.chunks.model.ids))] == list(range(5))
    assert corpus(tab) == before
    tab.undo_stack.undo()
    qtbot.waitUntil(lambda: tab.chunks.model.rowCount() == 4)
    assert contents(tab) == TEXTS and tab.editor.text.toPlainText() == TEXTS[0]
    tab.undo_stack.redo()
    assert len(contents(tab)) == 5


def test_what_was_typed_is_saved_before_the_split_and_places_are_letters(tab):
    select(tab, 3)
    put_cursor(tab, "A ")
    tab.editor.text.insertPlainText("Well: ")
    put_cursor(tab, "And more")
    tab.editor.split_button.click()
    assert contents(tab)[-2:] == ["Well: A 😀 stands here. ", "And more text follows it."]
    tab.undo_stack.undo()
    assert contents(tab)[-1] == "Well: " + TEXTS[3]


def test_a_split_that_would_leave_nothing_is_told(tab, shell):
    news = []
    shell.notified.connect(news.append)
    select(tab, 1)
    tab.editor.text.moveCursor(QTextCursor.MoveOperation.Start)
    tab.editor.split_button.click()
    assert "Nothing would be left" in news[0].text and tab.undo_stack.count() == 0 and contents(tab) == TEXTS


def test_neighbours_are_merged_both_ways(qtbot, tab):
    before = corpus(tab)
    select(tab, 1)
    tab.chunks.view.setFocus()
    qtbot.keyClick(tab.chunks.view, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert len(contents(tab)) == 3 and "liver" in contents(tab)[1] and "Ribosomes" in contents(tab)[1]
    assert tab.editor.chunk.content == contents(tab)[1], "the merged chunk is the one that is shown"
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(tab.chunks.view, Qt.Key.Key_M, modifiers)
    assert len(contents(tab)) == 2 and corpus(tab) == before
    tab.undo_stack.undo()
    tab.undo_stack.undo()
    assert contents(tab) == TEXTS


def test_the_first_chunk_has_nothing_before_it(tab, shell):
    news = []
    shell.notified.connect(news.append)
    select(tab, 0)
    tab.actions_of_chunks["merge_previous"].trigger()
    assert "first chunk" in news[0].text and contents(tab) == TEXTS


def test_several_neighbours_become_one_and_others_are_refused(tab, shell):
    news = []
    shell.notified.connect(news.append)
    select(tab, 0)
    assert not tab.chunks.merge_button.isEnabled()
    select(tab, 0, 2)
    tab.chunks.merge_button.click()
    assert "follow each other" in news[0].text and contents(tab) == TEXTS
    select(tab, 0, 1, 2)
    tab.chunks.merge_button.click()
    assert len(contents(tab)) == 2 and tab.chunks.view.currentIndex().row() == 0
    tab.undo_stack.undo()
    assert contents(tab) == TEXTS


def test_originals_come_back_for_all_that_are_selected(qtbot, tab, shell):
    for row in (0, 2):
        select(tab, row)
        tab.editor.text.setPlainText("Changed.")
        tab.editor.save()
    select(tab, 0, 1, 2, 3)
    tab.chunks.view.setFocus()
    qtbot.keyClick(tab.chunks.view, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert contents(tab) == TEXTS and not shell.knowledge_base.flag_counts()["edited"]
    assert tab.undo_stack.undoText() == "return of 2 chunks to their originals"
    tab.undo_stack.undo()
    assert contents(tab).count("Changed.") == 2


def test_while_the_cursor_is_in_the_editor_only_its_chunk_is_meant(qtbot, tab, shell):
    select(tab, 0, 1, 2)
    tab.editor.text.setFocus()
    qtbot.waitUntil(tab.editor.text.hasFocus)
    qtbot.keyClick(tab.editor.text, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert contents(tab, "excluded") == [tab.editor.chunk.content]


def test_deleted_chunks_are_put_back_in_bulk(tab, shell):
    select(tab, 0, 1)
    tab.chunks.delete_button.click()
    assert len(contents(tab)) == 2
    tab.chunks.flags.setCurrentIndex(tab.chunks.flags.findData("deleted"))
    assert tab.chunks.model.rowCount() == 2 and tab.editor.delete_button.text() == "Put back"
    tab.chunks.view.selectAll()
    assert tab.chunks.delete_button.text() == "Put back"
    tab.chunks.delete_button.click()
    assert contents(tab) == TEXTS


def test_the_difference_from_the_original_is_marked(qtbot, tab):
    select(tab, 1)
    tab.editor.text.setPlainText("Glycogen is kept in the liver.")
    tab.editor.save()
    tab.actions_of_chunks["difference"].trigger()
    assert [mark.cursor.selectedText() for mark in tab.editor.original.extraSelections()] == ["stored"]
    assert [mark.cursor.selectedText() for mark in tab.editor.text.extraSelections()] == ["kept"]
    select(tab, 2)
    assert not tab.editor.original.isVisible() and not tab.actions_of_chunks["difference"].isEnabled()


# Repeats


@pytest.fixture
def repeats(tab, project, shell) -> tuple[int, int]:
    """A chunk, and the one that repeats it in another document: their ids."""
    (repeat,) = fill(project, [TEXTS[1].replace("liver", "muscle")], "copy.txt")
    original = shell.knowledge_base.chunk_ids(document="cells.txt", order="chunk_index")[1]
    shell.knowledge_base.set_repeats([(repeat, original, 0.97)])
    shell.changed("document", "chunk")
    return original, repeat


def test_a_repeat_says_of_what_and_leads_there(qtbot, tab, repeats):
    original, repeat = repeats
    tab.chunks.flags.setCurrentIndex(tab.chunks.flags.findData("duplicate"))
    qtbot.waitUntil(lambda: tab.editor.chunk_id == repeat)
    assert "chunk 2 in cells.txt" in tab.editor.note.text.text() and "97 %" in tab.editor.note.text.text()
    tab.editor.note.text.linkActivated.emit(str(original))
    qtbot.waitUntil(lambda: tab.editor.chunk_id == original)
    assert tab.chunks.flags.currentData() is None and "1 other chunk" in tab.editor.note.text.text()


def test_both_can_be_kept(qtbot, tab, shell, repeats):
    original, repeat = repeats
    tab.chunks.show_chunk(repeat)
    qtbot.waitUntil(lambda: tab.editor.chunk_id == repeat)
    assert shell.knowledge_base.chunk(repeat).is_excluded
    tab.editor.note.include_button.click()
    assert not shell.knowledge_base.chunk(repeat).is_excluded and not shell.knowledge_base.chunk(original).is_excluded
    tab.undo_stack.undo()
    again = shell.knowledge_base.chunk(repeat)
    assert again.is_excluded and again.cause == "duplicate"


def test_a_repeat_takes_the_place_of_its_original_side_by_side(qtbot, tab, shell, repeats):
    original, repeat = repeats
    tab.chunks.show_chunk(original)
    qtbot.waitUntil(lambda: tab.editor.chunk_id == original)
    tab.actions_of_chunks["repeats"].trigger()
    view = tab.findChild(RepeatView)
    assert view.isVisible() and "stored in the liver" in view.kept_text.toPlainText()
    assert [mark.cursor.selectedText() for mark in view.other_text.extraSelections()] == ["muscle"]
    view.replace_button.click()
    assert not shell.knowledge_base.chunk(repeat).is_excluded and shell.knowledge_base.chunk(original).is_excluded
    assert tab.undo_stack.count() == 1
    tab.undo_stack.undo()
    assert shell.knowledge_base.chunk(repeat).is_excluded and not shell.knowledge_base.chunk(original).is_excluded
    assert shell.knowledge_base.chunk(repeat).duplicate_of == original


def test_enter_leads_into_the_text_and_escape_back(qtbot, tab):
    select(tab, 1)
    tab.chunks.view.setFocus()
    tab.chunks.view.activated.emit(tab.chunks.model.index(1, 1))
    qtbot.waitUntil(tab.editor.text.hasFocus)
    qtbot.keyClick(tab.editor.text, Qt.Key.Key_Escape)
    qtbot.waitUntil(tab.chunks.view.hasFocus)
    tab.actions_of_chunks["source"].trigger()
    qtbot.keyClick(tab.editor.view.text, Qt.Key.Key_Escape)
    assert not tab.editor.view.isVisible()


def test_tab_goes_from_left_to_right_and_down(tab):
    chain, widget = [tab.documents.files_button], tab.documents.files_button.nextInFocusChain()
    while widget is not chain[0]:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    order = [
        tab.documents.files_button, tab.documents.watch_button, tab.documents.view, tab.documents.retry_button,
        tab.documents.recut_button, tab.chunks.search, tab.chunks.flags, tab.chunks.filter.more_button,
        tab.chunks.filter.problems, tab.chunks.view, tab.chunks.delete_button, tab.editor.text, tab.editor.split_button,
        tab.editor.excluded, tab.editor.delete_button,
    ]  # fmt: skip
    places = [chain.index(one) for one in order]
    assert places == sorted(places)


def test_every_action_has_a_key_of_its_own(tab):
    actions = [action for action in tab.actions_of_chunks.findChildren(QAction) if not action.isSeparator()]
    keys = [key.toString() for action in actions for key in action.shortcuts()]
    assert all(action.shortcuts() and action.text() and action.toolTip() for action in actions)
    assert len(keys) == len(set(keys)), "no key means two things"
    assert QApplication.activePopupWidget() is None
