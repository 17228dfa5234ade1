"""Tab 1, from the drop of a file to the corrected chunk, with real documents, a real database and real children."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from gui.drop_area import EmptyState, say_formats
from gui.rag_data_tab import RagDataTab
from gui.removed_view import RemovedView
from gui.row_query import RowQuery
from gui.shell import Outcome, Shell
from gui.table_model import selected_ids
from services.project import Project
from services.records import CutChunk, DocumentText, Removal
from tests.gui.conftest import fill

TEXTS = [
    "The mitochondrion is the power plant of the cell.",
    "Glycogen is stored in the liver.",
    "Ribosomes build proteins from amino acids.",
    "Mitochondria have two membranes.",
]


def make_tab(qtbot, project: Project, shell: Shell) -> RagDataTab:
    tab = RagDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1200, 700)
    tab.show()
    return tab


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> RagDataTab:
    """A tab with one document of four chunks."""
    fill(project, TEXTS)
    return make_tab(qtbot, project, shell)


def finish_job(qtbot, shell: Shell) -> Outcome:
    outcomes: list[Outcome] = []
    shell.job_ended.connect(outcomes.append)
    qtbot.waitUntil(lambda: bool(outcomes), timeout=120_000)
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)
    return outcomes[0]


def drop(widget, paths: list[Path], proposed: Qt.DropAction = Qt.DropAction.MoveAction) -> QDropEvent:
    """Drag files over a widget and let them go, as a file manager that proposes to move them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    common = (actions, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *common)
    enter.setDropAction(proposed)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted() and enter.dropAction() == Qt.DropAction.CopyAction
    event = QDropEvent(QPointF(5, 5), *common)
    event.setDropAction(proposed)
    QApplication.sendEvent(widget, event)
    event.kept = data  # the event does not own its data
    return event


def shown(tab: RagDataTab) -> list[int]:
    return list(tab.chunks.model.ids)


def choose_yes(qtbot, tab: RagDataTab, text: str) -> None:
    box = tab.findChild(QMessageBox)
    assert box is not None and box.isVisible()
    button = next(button for button in box.buttons() if button.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


# From a file to rows


def test_without_documents_the_whole_tab_is_one_drop_area(qtbot, project, shell):
    tab = make_tab(qtbot, project, shell)
    assert isinstance(tab._stack.currentWidget(), EmptyState)
    for button in (tab.empty.files_button, tab.empty.folder_button, tab.empty.sample_button):
        assert button.isVisible() and button.isEnabled()


def test_dropped_files_become_rows_and_a_bad_one_says_why(qtbot, project, shell, tmp_path):
    good, bad = tmp_path / "cells.md", tmp_path / "scan.pdf"
    good.write_text("# Energy\n\n" + "\n\n".join(TEXTS), "utf-8")
    bad.write_bytes(b"%PDF-1.4\nnot really")
    news = []
    shell.notified.connect(news.append)
    tab = make_tab(qtbot, project, shell)
    event = drop(tab, [good, bad])
    assert event.isAccepted() and event.dropAction() == Qt.DropAction.CopyAction, "never a move"
    assert finish_job(qtbot, shell).state == "succeeded"
    qtbot.waitUntil(lambda: bool(shown(tab)))
    assert good.exists() and bad.exists()
    assert tab.chunks.model.row(0).source == "cells.md" and "power plant" in tab.chunks.model.row(0).content
    assert news[-1].kind == "warning" and "1 could not be read" in news[-1].text
    news[-1].action()
    assert "scan.pdf" in tab.documents.detail.toPlainText()
    assert tab.documents.retry_button.isEnabled()


def test_pasted_files_are_read_too(qtbot, project, shell, tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("The ollen sleeps in the daytime.", "utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(data)
    tab = make_tab(qtbot, project, shell)
    tab.paste_files()
    assert finish_job(qtbot, shell).result["documents"][0]["state"] == "added"


def test_files_dropped_while_others_are_read_wait_for_their_turn(qtbot, project, shell, tmp_path):
    paths = [tmp_path / f"{number}.txt" for number in range(2)]
    for path in paths:
        path.write_text(f"Document {path.name} says something of its own.", "utf-8")
    tab = make_tab(qtbot, project, shell)
    tab.add_paths(paths[:1])
    tab.add_paths(paths[1:])
    finish_job(qtbot, shell)
    finish_job(qtbot, shell) if shell.is_busy else None
    assert [document.source for document in shell.knowledge_base.documents()] == ["0.txt", "1.txt"]


def test_a_drop_onto_a_field_is_a_copy_into_the_tab_whatever_key_is_held(qtbot, tab, shell, tmp_path):
    fields = (tab.chunks.search, tab.editor.text, tab.editor.text.viewport(), tab.documents.detail.viewport(), tab.chunks.filter.least)
    for field in fields:
        assert not field.acceptDrops(), "or the file becomes the text of its address"
    path = tmp_path / "note.txt"
    path.write_text("The ollen sleeps in the daytime.", "utf-8")
    event = drop(tab, [path], Qt.DropAction.MoveAction)
    assert event.isAccepted() and event.dropAction() == Qt.DropAction.CopyAction
    assert finish_job(qtbot, shell).state == "succeeded" and path.exists()


def test_files_pasted_into_a_field_are_the_tabs(qtbot, tab, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "note.txt"))])
    QGuiApplication.clipboard().setMimeData(data)
    keys = (Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    for field in (tab.chunks.search, tab.editor.text):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, *keys, "v")
        QApplication.sendEvent(field, event)
        assert not event.isAccepted(), "the shortcut of the window gets the keys"
    QGuiApplication.clipboard().setText("words")
    event = QKeyEvent(QEvent.Type.ShortcutOverride, *keys, "v")
    QApplication.sendEvent(tab.chunks.search, event)
    assert event.isAccepted(), "words are the field's"


def test_the_empty_tab_names_the_common_formats_and_counts_the_others(qtbot):
    said = say_formats()
    assert said.startswith("PDF, Word") and said.endswith("more kinds") and len(said) < 80


def test_settings_that_contradict_each_other_are_told_before_anything_starts(qtbot, project, shell, tmp_path):
    news = []
    shell.notified.connect(news.append)
    tab = make_tab(qtbot, project, shell)
    tab.documents.form.set_values({"chunk_size": 100, "chunk_overlap": 100})
    tab.add_paths([tmp_path])
    assert not shell.is_busy and "overlap" in news[0].text


def test_the_next_files_are_cut_as_the_last_ones(qtbot, project, shell, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Something to read.", "utf-8")
    tab = make_tab(qtbot, project, shell)
    tab.documents.form.set_values({"chunk_size": 120, "chunk_overlap": 10})
    tab.add_paths([path])
    finish_job(qtbot, shell)
    again = make_tab(qtbot, project, shell)
    assert again.documents.settings()["chunk_size"] == 120 and again.documents.settings()["chunk_overlap"] == 10


def test_cutting_again_asks_first_and_keeps_edited_chunks(qtbot, project, shell, tmp_path):
    path = tmp_path / "cells.txt"
    path.write_text("\n\n".join(f"{text} " * 12 for text in TEXTS), "utf-8")
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([path])
    finish_job(qtbot, shell)
    tab.chunks.reload()
    before = tab.chunks.model.rowCount()
    tab.documents.form.set_values({"chunk_size": 30, "chunk_overlap": 5})
    assert "1 document was cut with 500 and 50" in tab.documents.recut_hint.text()
    tab.documents.recut_button.click()
    choose_yes(qtbot, tab, "Re-cut")
    assert finish_job(qtbot, shell).state == "succeeded"
    qtbot.waitUntil(lambda: tab.chunks.model.rowCount() > before)
    assert tab.documents.recut_hint.text() == "For documents that you add."


def test_cutting_the_selected_document_leaves_the_others_alone(qtbot, project, shell, tmp_path):
    for name in ("birds.txt", "cells.txt"):
        (tmp_path / name).write_text("\n\n".join(f"{text} Of {name}. " * 12 for text in TEXTS), "utf-8")
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([tmp_path / "birds.txt", tmp_path / "cells.txt"])
    finish_job(qtbot, shell)
    others = list(shell.knowledge_base.chunk_ids(document="birds.txt"))
    tab.documents.form.set_values({"chunk_size": 30, "chunk_overlap": 5})
    assert tab.documents.recut_button.text() == "Re-cut all…"
    tab.documents.select_source("cells.txt")
    assert tab.documents.recut_button.text() == "Re-cut selected…" and "500 and 50" in tab.documents.recut_hint.text()
    tab.documents.recut_button.click()
    choose_yes(qtbot, tab, "Re-cut")
    assert [one["source"] for one in finish_job(qtbot, shell).result["documents"]] == ["cells.txt"]
    assert list(shell.knowledge_base.chunk_ids(document="birds.txt")) == others
    sizes = {one.source: one.chunk_size for one in shell.knowledge_base.documents()}
    assert sizes == {"birds.txt": 500, "cells.txt": 30}
    qtbot.waitUntil(lambda: tab.documents.recut_hint.text() == "cells.txt: cut with 30 and 5.")


def test_a_changed_file_is_read_again_from_the_list(qtbot, project, shell, tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("What it said at first.", "utf-8")
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([path])
    finish_job(qtbot, shell)
    path.write_text("What it says now is longer.", "utf-8")
    tab.documents.select_source("note.txt")
    tab.documents.retry_button.click()
    assert finish_job(qtbot, shell).result["documents"][0]["state"] == "replaced"
    qtbot.waitUntil(lambda: "now" in tab.editor.text.toPlainText())


def test_repeats_are_found_told_and_shown(qtbot, project, shell, tmp_path):
    text = " ".join(f"{text} Number {number} of many." for number in range(4) for text in TEXTS)
    (tmp_path / "cells.txt").write_text(text, "utf-8")
    (tmp_path / "copy.txt").write_text(text + "\n\n", "utf-8")
    news = []
    shell.notified.connect(news.append)
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([tmp_path / "cells.txt"])
    assert finish_job(qtbot, shell).result["repeats"] == 0
    tab.add_paths([tmp_path / "copy.txt"])
    assert finish_job(qtbot, shell).result["repeats"] == 1
    assert "repeats another" in news[-1].text and news[-1].action_text == "Show repeats"
    news[-1].action()
    qtbot.waitUntil(lambda: [one.source for one in shell.knowledge_base.chunks(shown(tab))] == ["copy.txt"])
    qtbot.waitUntil(lambda: "The same as" in tab.editor.note.text.text())
    assert "chunk 1 in cells.txt" in tab.editor.note.text.text() and tab.editor.excluded.isChecked()


def test_what_is_in_an_archive_is_read_again_with_it(qtbot, project, shell, tmp_path):
    archive = tmp_path / "letters.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("one.txt", "The first letter says this.")
        file.writestr("two.txt", "The second letter says something else.")
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([archive])
    finish_job(qtbot, shell)
    tab.documents.view.selectAll()
    assert len(tab.documents.selected()) == 2
    tab.documents.retry_button.click()
    assert [one["state"] for one in finish_job(qtbot, shell).result["documents"]] == ["unchanged", "unchanged"]


def test_what_was_left_out_can_be_seen(qtbot, project, shell):
    with project.connect() as store:
        store.replace_document(
            source="page.html", text=DocumentText("The heron."), chunks=[CutChunk(0, 10, 10, "The heron.", 3)], count_tokens=len,
            removed=[Removal("banner", "We use cookies"), Removal("head", "The Heron Times", 2, 14), Removal("head", "page 1", 1, 14)],
            path="page.html", sha256="x", format="html", tokenizer="words", chunk_size=500, chunk_overlap=50,
        )  # fmt: skip
    tab = make_tab(qtbot, project, shell)
    assert not tab.documents.left_out_button.isVisible()
    tab.documents.select_source("page.html")
    assert tab.documents.left_out_button.text() == "29 passages left out…"
    tab.documents.left_out_button.click()
    view = tab.findChild(RemovedView)
    groups = [view.tree.topLevelItem(number) for number in range(view.tree.topLevelItemCount())]
    assert [(group.text(0), group.text(1)) for group in groups] == [
        ("Running heads and feet", "28"), ("Banners, such as cookie notices", "1"),
    ]  # fmt: skip
    assert (groups[0].child(0).text(0), groups[0].child(0).text(1), groups[0].child(0).text(2)) == ("The Heron Times", "14", "2")
    view.search.setText("cookie")
    assert groups[0].isHidden() and not groups[1].isHidden()
    view.search.setText("nothing of the kind")
    assert view.note.isVisible()


def test_a_document_that_was_read_in_part_says_what_is_missing(qtbot, project, shell):
    with project.connect() as store:
        store.replace_document(
            source="half.pdf", text=DocumentText("The heron."), chunks=[CutChunk(0, 10, 10, "The heron.", 3)], count_tokens=len,
            reason="Page 2 is a scan.", path="half.pdf", sha256="x", format="pdf", chunk_size=500, chunk_overlap=50,
        )  # fmt: skip
    fill(project, TEXTS)
    listed = make_tab(qtbot, project, shell).documents
    listed.select_source("half.pdf")
    [document] = listed.selected()
    assert listed.state_of(document) == "partial" and "Page 2 is a scan." in listed.detail.toPlainText()
    listed.view.horizontalHeader().setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert listed.model.index(0, 0).data() == "half.pdf", "what is not whole comes before what is"


def test_a_file_of_no_known_kind_can_be_asked_why(qtbot, project, shell, tmp_path):
    old, good = tmp_path / "letter.doc", tmp_path / "cells.md"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    good.write_text("# Energy\n\n" + "\n\n".join(TEXTS), "utf-8")
    tab = make_tab(qtbot, project, shell)
    notices = []
    shell.notified.connect(notices.append)
    tab.add_paths([old, good])
    finish_job(qtbot, shell)
    [show_why] = [notice for notice in notices if notice.action_text == "Show why"]
    show_why.action()
    assert "save it as DOCX" in tab.documents.detail.toPlainText()


def test_many_documents_can_be_searched_and_sorted_by_their_fate(qtbot, project, shell):
    with project.connect() as store:
        for number in range(25):
            store.record_fate(f"letter {number:02}.txt", "duplicate", "twice", sha256=str(number))
        store.record_fate("scan.pdf", "failed", "It has no text in it.", sha256="scan")
    tab = make_tab(qtbot, project, shell)
    listed = tab.documents
    assert listed.search.isVisible() and listed.model.rowCount() == 26
    listed.search.setText("LETTER 05")
    assert listed.model.rowCount() == 1
    listed.select_source("scan.pdf")
    assert listed.search.text() == "" and "no text" in listed.detail.toPlainText()
    listed.view.horizontalHeader().setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert listed.model.index(0, 0).data() == "scan.pdf", "what went wrong comes first"


def test_removing_a_document_asks_and_takes_its_chunks_along(qtbot, tab, shell):
    tab.documents.view.selectRow(0)
    tab.documents.remove_button.click()
    assert shell.knowledge_base.count_chunks() == 4, "not before the answer"
    choose_yes(qtbot, tab, "Remove")
    qtbot.waitUntil(lambda: shell.knowledge_base.count_chunks() == 0 and not shell.threads())
    qtbot.waitUntil(lambda: isinstance(tab._stack.currentWidget(), EmptyState))


# Finding


def test_search_shows_the_hits_after_a_pause_and_says_how_many(qtbot, tab):
    assert len(shown(tab)) == 4
    qtbot.keyClicks(tab.chunks.search, "mitoch")
    qtbot.waitUntil(lambda: len(shown(tab)) == 2)
    assert tab.chunks.counts.text() == "2 hits"
    assert tab.editor.text.extraSelections(), "the hit is marked in the text"
    tab.chunks.search.setText("unicorn")
    qtbot.waitUntil(lambda: not shown(tab))
    assert tab.chunks.note.isVisible() and tab.chunks.note.text()
    tab.chunks.search.clear()
    qtbot.waitUntil(lambda: len(shown(tab)) == 4)
    assert not tab.chunks.note.isVisible()


def test_find_puts_the_cursor_into_the_search(qtbot, tab):
    tab.activateWindow()
    tab.find()
    qtbot.waitUntil(tab.chunks.search.hasFocus)


def test_a_document_filters_its_chunks(qtbot, project, shell):
    fill(project, TEXTS, "cells.txt")
    fill(project, ["The heron eats frogs."], "birds.txt")
    tab = make_tab(qtbot, project, shell)
    assert len(shown(tab)) == 5
    tab.documents.select_source("birds.txt")
    assert [chunk.source for chunk in shell.knowledge_base.chunks(shown(tab))] == ["birds.txt"]
    tab.documents.view.clearSelection()
    assert len(shown(tab)) == 5


def test_a_click_on_a_header_sorts_and_the_other_way_round(qtbot, tab, shell):
    header = tab.chunks.view.horizontalHeader()
    header.setSortIndicator(3, Qt.SortOrder.DescendingOrder)
    tokens = [chunk.token_count for chunk in shell.knowledge_base.chunks(shown(tab))]
    assert tokens == sorted(tokens, reverse=True)
    header.setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert shell.knowledge_base.chunk(shown(tab)[0]).content.startswith("Glycogen")


def test_many_chunks_are_asked_for_in_a_thread(qtbot, tab, shell, monkeypatch):
    monkeypatch.setattr(RowQuery, "DIRECT_LIMIT", 0)
    tab.chunks.search.setText("membranes")
    qtbot.waitUntil(lambda: len(shown(tab)) == 1, timeout=10_000)
    tab.chunks.search.setText("")
    tab.chunks.reload()
    tab.chunks.reload()  # asked again while the first is still on its way
    qtbot.waitUntil(lambda: len(shown(tab)) == 4 and not shell.threads(), timeout=10_000)


def test_rows_written_by_another_program_appear(qtbot, tab, project, shell):
    fill(project, ["Another program wrote this."], "foreign.txt")
    shell._look_outside()
    qtbot.waitUntil(lambda: len(shown(tab)) == 5)


# Correcting


def test_typing_is_saved_by_itself_and_one_undo_takes_it_back(qtbot, tab, shell):
    tab.chunks.view.selectRow(1)
    chunk_id = shown(tab)[1]
    qtbot.keyClicks(tab.editor.text, "Yes. ")
    qtbot.waitUntil(lambda: shell.knowledge_base.chunk(chunk_id).content.startswith("Yes. Glyc"))
    assert shell.knowledge_base.chunk(chunk_id).is_edited and "edited" in tab.editor.facts.text()
    qtbot.keyClicks(tab.editor.text, "Really. ")
    tab.editor.save()
    assert tab.undo_stack.count() == 1, "typing without a pause is one step"
    tab.undo_stack.undo()
    assert shell.knowledge_base.chunk(chunk_id).content == TEXTS[1] == tab.editor.text.toPlainText()
    assert not shell.knowledge_base.chunk(chunk_id).is_edited
    tab.undo_stack.redo()
    assert tab.editor.text.toPlainText().startswith("Yes. Really. ")


def test_what_is_typed_is_saved_when_another_chunk_is_chosen(qtbot, tab, shell):
    tab.chunks.view.selectRow(0)
    qtbot.keyClicks(tab.editor.text, "A")
    tab.chunks.step(1)
    assert shell.knowledge_base.chunk(shown(tab)[0]).content == "A" + TEXTS[0]
    assert tab.editor.text.toPlainText() == TEXTS[1]


def test_the_first_text_can_be_seen_and_had_back(qtbot, tab, shell):
    tab.chunks.view.selectRow(0)
    chunk_id = shown(tab)[0]
    assert not tab.editor.restore_button.isEnabled()
    tab.editor.text.setPlainText("Something else.")
    tab.editor.save()
    tab.editor.original_button.click()
    assert tab.editor.original.isVisible() and tab.editor.original.toPlainText() == TEXTS[0]
    tab.editor.restore_button.click()
    assert shell.knowledge_base.chunk(chunk_id).content == TEXTS[0] and not tab.editor.original.isVisible()
    tab.undo_stack.undo()
    assert shell.knowledge_base.chunk(chunk_id).content == "Something else."


def test_exclude_and_include_with_undo(qtbot, tab, shell):
    tab.chunks.view.selectRow(0)
    tab.chunks.view.selectAll()
    tab.chunks.exclude_button.click()
    assert shell.knowledge_base.flag_counts()["excluded"] == 4
    assert tab.chunks.exclude_button.text() == "Include again" and tab.editor.excluded.isChecked()
    tab.undo_stack.undo()
    assert shell.knowledge_base.flag_counts()["excluded"] == 0
    tab.chunks.view.selectRow(2)
    tab.editor.excluded.click()
    assert shell.knowledge_base.flag_counts()["excluded"] == 1
    tab.chunks.view.selectAll()
    tab.chunks.exclude_button.click()
    tab.undo_stack.undo()
    assert shell.knowledge_base.flag_counts()["excluded"] == 1, "what was excluded before stays so"


def test_delete_with_the_keyboard_and_put_back(qtbot, tab, shell):
    tab.activateWindow()
    tab.chunks.view.setFocus()
    tab.chunks.view.selectRow(1)
    doomed = shown(tab)[1]
    qtbot.keyClick(tab.chunks.view, Qt.Key.Key_Delete)
    assert doomed not in shown(tab) and len(shown(tab)) == 3
    assert tab.chunks.view.currentIndex().row() == 1, "the next one stands where it stood"
    assert tab.editor.chunk_id == shown(tab)[1]
    tab.undo_stack.undo()
    qtbot.waitUntil(lambda: len(shown(tab)) == 4)
    tab.undo_stack.redo()
    tab.chunks.flags.setCurrentIndex(tab.chunks.flags.findData("deleted"))
    assert shown(tab) == [doomed]
    tab.chunks.view.selectAll()
    assert tab.chunks.delete_button.text() == "Put back"
    tab.chunks.delete_button.click()
    assert shell.knowledge_base.count_chunks() == 4
    tab.chunks.filter.clear()
    qtbot.waitUntil(lambda: len(shown(tab)) == 4)
    tab.chunks.view.selectAll()
    tab.chunks.delete_button.click()
    qtbot.waitUntil(lambda: not shown(tab))
    assert "put them back" in tab.chunks.note.text()


def test_an_edit_of_a_chunk_that_is_gone_is_told_and_leaves_no_undo_step(qtbot, tab, shell, project):
    news = []
    shell.notified.connect(news.append)
    tab.chunks.view.selectRow(0)
    with project.connect() as other:
        other.remove_document(other.documents()[0].id)
    tab.editor.text.setPlainText("Too late.")
    tab.editor.save()
    assert "no longer exists" in news[0].text and tab.undo_stack.count() == 0


def test_a_chunk_says_where_it_comes_from(tab):
    tab.chunks.view.selectRow(0)
    assert tab.editor.source.text() == "cells.txt · page 1" and tab.editor.headings.text() == "Cells"
    assert tab.editor.facts.text() == "chunk 1 · 9 tokens"


def test_an_excluded_chunk_says_so_in_words_to_those_who_cannot_see_it(tab):
    tab.chunks.view.selectRow(0)
    tab.work.toggle_excluded()
    index = tab.chunks.model.index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Chunk 1 of cells.txt: excluded"


def test_copy_puts_the_selected_texts_on_the_clipboard(qtbot, tab):
    tab.activateWindow()
    tab.chunks.view.setFocus()
    tab.chunks.view.selectAll()
    qtbot.keyClick(tab.chunks.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "\n\n".join(TEXTS)


def test_all_of_twenty_thousand_chunks_can_be_excluded_and_taken_back(qtbot, project, shell):
    connection = shell.knowledge_base.connection
    with shell.knowledge_base.transaction():
        connection.executemany(
            "INSERT INTO rag_chunks (content, source, chunk_index, metadata) VALUES (?, 'big.txt', ?, '{}')",
            ((f"word {number}", number) for number in range(20_000)),
        )
    tab = make_tab(qtbot, project, shell)
    qtbot.waitUntil(lambda: len(shown(tab)) == 20_000, timeout=30_000)
    tab.chunks.view.selectAll()
    assert len(selected_ids(tab.chunks.view)) == 20_000
    tab.chunks.exclude_button.click()
    assert tab.chunks.model.row(19_999).is_excluded, "shown before it is saved"
    qtbot.waitUntil(lambda: shell.writes.is_idle, timeout=30_000)
    assert shell.knowledge_base.flag_counts()["excluded"] == 20_000
    tab.undo_stack.undo()
    qtbot.waitUntil(lambda: shell.writes.is_idle, timeout=30_000)
    assert shell.knowledge_base.flag_counts()["excluded"] == 0
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def test_the_arrangement_is_remembered(qtbot, tab, project, shell):
    tab.panes.setSizes([400, 500, 300])
    sizes = tab.panes.sizes()
    tab.save_pending()
    again = make_tab(qtbot, project, shell)
    assert again.panes.sizes() == sizes


def test_every_control_can_be_reached_and_says_what_it_is(qtbot, tab):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QTableView, QTextEdit

    for kind in (QAbstractButton, QComboBox, QLineEdit, QTableView, QTextEdit):
        for widget in tab.findChildren(kind):
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not widget.objectName().startswith("qt_"):
                said = widget.accessibleName() or getattr(widget, "text", lambda: "")()
                assert said, f"{type(widget).__name__} has no name"


def test_a_file_read_before_with_other_settings_offers_to_cut_it_again(qtbot, project, shell, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Something to read.", "utf-8")
    news = []
    shell.notified.connect(news.append)
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([path])
    finish_job(qtbot, shell)
    tab.documents.form.set_values({"chunk_size": 120, "chunk_overlap": 10})
    tab.add_paths([path])
    finish_job(qtbot, shell)
    assert "1 was here already" in news[-1].text and news[-1].action_text == "Re-cut…"
    news[-1].action()
    choose_yes(qtbot, tab, "Re-cut")
    assert finish_job(qtbot, shell).result["documents"][0]["state"] == "recut"
