"""New and changed files are offered, and only read when asked to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui.rag_data_tab import RagDataTab
from gui.shell import Shell
from services.documents.watch import Changes
from services.project import Project
from tests.gui.test_rag_data_tab import finish_job, make_tab, shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Contracts"
    made.mkdir()
    for number in range(2):
        (made / f"{number}.txt").write_text(f"Contract number {number} says something of its own.", "utf-8")
    return made.resolve()


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell, folder: Path) -> RagDataTab:
    """A tab whose documents come from a watched folder."""
    made = make_tab(qtbot, project, shell)
    made.add_paths([folder])
    finish_job(qtbot, shell)
    made._watch(str(folder))
    settle(qtbot, shell)
    return made


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def look(qtbot, tab: RagDataTab) -> None:
    with qtbot.waitSignal(tab.watch.found, timeout=30_000):
        tab.watch.look()
    settle(qtbot, tab.shell)


def test_a_folder_that_was_added_can_be_watched_from_its_notice(qtbot, project, shell, folder):
    news = []
    shell.notified.connect(news.append)
    tab = make_tab(qtbot, project, shell)
    tab.add_paths([folder])
    finish_job(qtbot, shell)
    settle(qtbot, shell)
    assert "Contracts" in news[-1].text and news[-1].action_text == "Watch this folder"
    news[-1].action()
    assert shell.knowledge_base.watched_folders() == [str(folder)]
    settle(qtbot, shell)
    tab.add_paths([folder])
    finish_job(qtbot, shell)
    settle(qtbot, shell)
    assert news[-1].action_text != "Watch this folder", "it is watched already"


def test_new_and_changed_files_are_offered_and_read_with_one_click(qtbot, tab, shell, folder):
    assert not tab.watch_bar.isVisible()
    (folder / "new.txt").write_text("A contract that nobody has read yet.", "utf-8")
    (folder / "0.txt").write_text("Contract number 0 has been changed at length.", "utf-8")
    look(qtbot, tab)
    assert tab.watch_bar.isVisible()
    assert tab.watch_bar.text.text() == "1 new file in Contracts, 1 file has changed on disk."
    assert {document.source for document in shell.knowledge_base.documents()} == {"0.txt", "1.txt"}, "nothing is read unasked"
    row = tab.documents.model.row_of(next(one.id for one in tab.documents.documents() if one.source == "0.txt"))
    assert tab.documents.model.index(row, 1).data() == "changed"
    tab.watch_bar.read_button.click()
    result = finish_job(qtbot, shell).result
    assert {one["source"]: one["state"] for one in result["documents"]} == {"new.txt": "added", "0.txt": "replaced"}
    settle(qtbot, shell)
    assert not tab.watch_bar.isVisible()
    look(qtbot, tab)
    assert not tab.watch_bar.isVisible()
    qtbot.waitUntil(lambda: len(shown(tab)) == 3)
    assert tab.documents.model.index(row, 1).data() == "1"


def test_not_now_is_an_answer_until_the_files_change_again(qtbot, tab, folder):
    path = folder / "new.txt"
    path.write_text("One.", "utf-8")
    look(qtbot, tab)
    tab.watch_bar.later_button.click()
    assert not tab.watch_bar.isVisible()
    look(qtbot, tab)
    assert not tab.watch_bar.isVisible()
    path.write_text("One, and then another.", "utf-8")
    look(qtbot, tab)
    assert tab.watch_bar.isVisible()


def test_a_vanished_file_keeps_its_chunks_and_says_so(qtbot, tab, shell, folder):
    (folder / "1.txt").unlink()
    look(qtbot, tab)
    assert "1 file is gone" in tab.watch_bar.text.text() and not tab.watch_bar.read_button.isVisible()
    assert shell.knowledge_base.count_chunks() == 2
    tab.documents.select_source("1.txt")
    assert "no longer at" in tab.documents.detail.toPlainText()


def test_the_watch_of_a_folder_can_be_ended(qtbot, tab, shell, folder):
    menu = tab.documents.watch_menu
    (entry,) = [action for action in menu.actions() if action.isCheckable()]
    assert entry.isChecked() and "Contracts" in entry.text()
    entry.trigger()
    settle(qtbot, shell)
    assert shell.knowledge_base.watched_folders() == []
    (folder / "new.txt").write_text("Nobody is told of this.", "utf-8")
    look(qtbot, tab)
    assert not tab.watch_bar.isVisible()
    assert not [action for action in menu.actions() if action.isCheckable()]


def test_coming_back_to_the_window_is_a_look(qtbot, tab, shell, folder):
    (folder / "new.txt").write_text("Saved in another program.", "utf-8")
    QApplication.instance().applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    qtbot.waitUntil(tab.watch_bar.isVisible, timeout=30_000)
    settle(qtbot, shell)


def test_nobody_looks_while_the_tab_is_hidden_or_documents_are_read(qtbot, tab, shell, folder):
    qtbot.waitUntil(lambda: tab.watch._thread is None, timeout=30_000)
    tab.hide()
    tab.watch.look()
    assert tab.watch._thread is None
    tab.show()  # which is a look
    qtbot.waitUntil(lambda: tab.watch._thread is None, timeout=30_000)  # a thread that is over has not said so yet
    settle(qtbot, shell)
    tab.add_paths([folder])
    tab.watch.look()
    assert tab.watch._thread is None
    finish_job(qtbot, shell)
    settle(qtbot, shell)


def test_f5_looks(qtbot, tab, shell, folder):
    (folder / "new.txt").write_text("Look for me.", "utf-8")
    tab.activateWindow()
    tab.documents.watch_menu.look_action.trigger()
    qtbot.waitUntil(tab.watch_bar.isVisible, timeout=30_000)
    settle(qtbot, shell)


def test_the_bar_names_files_in_its_tool_tip(qtbot, tab):
    changes = Changes(tuple(Path(f"/x/{number}.txt") for number in range(20)), (), ())
    tab.watch_bar.show_changes(changes, ["/x", "/y"])
    assert tab.watch_bar.text.text() == "20 new files in x."
    assert "0.txt" in tab.watch_bar.toolTip() and "8 more" in tab.watch_bar.toolTip()
