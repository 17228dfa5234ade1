"""Files of pairs in the window: dropped, pasted, and taken away in the format that the dialog says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from gui import pair_import_dialog
from gui.pair_browser import PAIRS
from gui.pair_export_dialog import PairExportDialog
from gui.pair_import_dialog import PairImportDialog
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.project import Project
from services.sft_data.pair_import import Imported, Preview, Tell

TABLE = "Frage;Antwort\r\nWie heißt die Mühle?;Löwenmühle\r\nWann?;1510\r\n"


def data_of(paths: list[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop(widget, paths: list[Path]) -> None:
    data = data_of(paths)
    common = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *common)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), *common))


def opened(qtbot, tab: SftDataTab) -> PairImportDialog:
    """The dialog, once it has read everything."""
    dialog = tab.exchange.dialog
    qtbot.waitUntil(lambda: not dialog.progress.isVisible())
    return dialog


def rows_of(dialog: PairImportDialog) -> list[tuple[str, ...]]:
    return [tuple(dialog.table.item(row, column).text() for column in range(3)) for row in range(dialog.table.rowCount())]


def test_dropped_files_are_imported_and_a_bad_one_says_why(
    qtbot, project: Project, shell: Shell, tmp_path: Path, monkeypatch
) -> None:
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.show()
    good, bad, last = tmp_path / "karten.csv", tmp_path / "picture.png", tmp_path / "chat.json"
    good.write_bytes(TABLE.encode("cp1252"))
    bad.write_bytes(b"\x89PNG\0\0\1\2")
    turns = [("user", "Hi?"), ("assistant", "Hello."), ("user", "And?"), ("assistant", "So.")]
    last.write_text(json.dumps([{"messages": [{"role": role, "content": text} for role, text in turns]}]), "utf-16")
    drop(tab, [good, bad, last])
    dialog = opened(qtbot, tab)
    assert rows_of(dialog) == [
        ("Wie heißt die Mühle?", "Löwenmühle", ""), ("Wann?", "1510", ""), ("Hi?", "So.", "4 turns"),
    ]  # fmt: skip
    assert dialog.summary.text() == "3 new pairs." and dialog.reasons.toPlainText() == "picture.png is not a text file."
    assert tab.browser.pairs.model.rowCount() == 0, "nothing comes in unasked"
    dialog.import_button.click()
    qtbot.waitUntil(lambda: tab.browser.pairs.model.rowCount() == 3)
    assert tab.browser.page == PAIRS and not tab.exchange.veil.isVisible()
    assert [(message.kind, message.text) for message in shell.messages] == [
        ("success", "2 pairs of karten.csv are in."), ("success", "1 pair of chat.json is in."),
    ]  # fmt: skip
    QGuiApplication.clipboard().setMimeData(data_of([good]))
    tab.paste_files()
    dialog = opened(qtbot, tab)
    QGuiApplication.clipboard().clear()
    assert dialog.summary.text() == "0 new pairs; 2 are there already and stay out."
    assert dialog.need.text.text() == "There is nothing new to import." and not dialog.import_button.isEnabled()
    dialog.cancel_button.click()
    assert tab.exchange.dialog is None
    there = tmp_path / "out.jsonl"
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda _parent, _title, start, _filter: (asked.append(start), (str(there), ""))[1])

    def answer(dialog: PairExportDialog) -> int:
        assert [button.text() for button in dialog.which.buttons()] == [
            "All in use: 3 pairs", "Reviewed only: 3 pairs", "Left out: 0 pairs",
        ]  # fmt: skip
        assert not dialog.which.buttons()[2].isEnabled() and (dialog.chosen, dialog.is_chat) == ("in-use", False)
        dialog.choose("reviewed", "chat")
        return 1

    monkeypatch.setattr(PairExportDialog, "exec", answer)
    tab.exchange.choose_export("sft_data")
    qtbot.waitUntil(lambda: len(shell.messages) == 3)
    assert [len(json.loads(line)["messages"]) for line in there.read_text("utf-8").splitlines()] == [2, 2, 4]
    assert Path(asked[0]).name == "sft_data-reviewed.jsonl"
    qtbot.waitUntil(lambda: not shell.threads())


def many(path: Path, count: int) -> Path:
    rows = ({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": f"Q{number}?"},
                          {"role": "assistant", "content": "A"}]} for number in range(count))  # fmt: skip
    path.write_text("nonsense\n" + "".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_pairs_go_into_the_dataset_that_the_dialog_says(qtbot, project: Project, shell: Shell, tmp_path: Path) -> None:
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.show()
    tab.exchange.import_from("sft_data", many(tmp_path / "many.jsonl", 30))
    dialog = opened(qtbot, tab)
    assert dialog.dataset.currentText() == "sft_data" and dialog.table.rowCount() == 20
    assert rows_of(dialog)[0] == ("Q0?", "A", "system prompt")
    assert dialog.summary.text() == "30 new pairs; 1 cannot be used." and "Line 1: it is not JSON" in dialog.reasons.toPlainText()
    assert dialog.import_button.text() == "Import 30 pairs"
    dialog.dataset.setCurrentText("bad/name")
    qtbot.waitUntil(lambda: "cannot be the name of a dataset" in dialog.need.text.text())
    assert not dialog.import_button.isEnabled()
    dialog.dataset.setCurrentText("casual")
    qtbot.waitUntil(dialog.import_button.isEnabled)
    opened(qtbot, tab)
    dialog.import_button.click()
    qtbot.waitUntil(lambda: tab.browser.pairs.model.rowCount() == 30)
    assert tab.browser.dataset == "casual" == tab.ask.dataset.currentText()
    assert "30 pairs have a system prompt" in shell.messages[-1].text
    own = project.dataset_path("casual")
    own.write_text("".join(own.read_text("utf-8").splitlines(keepends=True)[:10]), "utf-8")
    tab.exchange.offer_import("casual")
    qtbot.waitUntil(lambda: shell.messages[-1].action is not None)
    shell.messages[-1].action()
    dialog = opened(qtbot, tab)
    assert not dialog.dataset.isEnabled() and "20 of the dataset are no longer in the file" in dialog.summary.text()
    dialog.import_button.click()
    qtbot.waitUntil(lambda: shell.knowledge_base.count_written("casual") == 10)
    qtbot.waitUntil(lambda: tab.exchange.dialog is None and not shell.threads())


def test_a_cancelled_import_leaves_nothing(
    qtbot, project: Project, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking and importing both stop after their first word, until they are cancelled."""
    look, take = pair_import_dialog.preview_import, pair_import_dialog.import_pairs

    def look_slowly(project: Project, dataset: str, path: Path, cancelled: threading.Event) -> Iterator[Preview]:
        for preview in look(project, dataset, path, cancelled):
            yield preview
            cancelled.wait(30)

    def take_slowly(project: Project, dataset: str, path: Path, cancelled: threading.Event, tell: Tell) -> Imported:
        def tell_and_wait(share: float) -> None:
            tell(share)
            cancelled.wait(30)

        return take(project, dataset, path, cancelled, tell_and_wait)

    monkeypatch.setattr(pair_import_dialog, "preview_import", look_slowly)
    monkeypatch.setattr(pair_import_dialog, "import_pairs", take_slowly)
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.show()
    tab.exchange.import_from("sft_data", many(tmp_path / "many.jsonl", 3_000))
    dialog = tab.exchange.dialog
    qtbot.waitUntil(dialog.import_button.isEnabled)  # before all of it is read
    assert "So far 20 new pairs" in dialog.summary.text() and dialog.progress.isVisible()
    dialog.import_button.click()
    qtbot.waitUntil(lambda: shell.knowledge_base.count_pairs() == 500)
    qtbot.waitUntil(lambda: 0 < dialog.progress.value() < 500)
    dialog.reject()
    qtbot.waitUntil(lambda: tab.exchange.dialog is None, timeout=30_000)
    assert shell.knowledge_base.count_pairs() == 0 and not project.dataset_path().exists() and not shell.messages
    qtbot.waitUntil(lambda: not shell.threads())
