"""Files of pairs in the window: dropped, pasted, and taken away in the format that the dialog says."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from gui.pair_browser import PAIRS
from gui.pair_exchange import AS_CHAT
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.project import Project

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
    qtbot.waitUntil(lambda: tab.browser.pairs.model.rowCount() == 3)
    assert tab.browser.page == PAIRS and not tab.exchange.veil.isVisible()
    assert [(message.kind, message.text) for message in shell.messages] == [
        ("success", "2 pairs of karten.csv are in."), ("error", "picture.png is not a text file."),
        ("success", "1 pair of chat.json is in."),
    ]  # fmt: skip
    QGuiApplication.clipboard().setMimeData(data_of([good]))
    tab.paste_files()
    qtbot.waitUntil(lambda: len(shell.messages) == 4)
    QGuiApplication.clipboard().clear()
    assert shell.messages[-1].text == "0 pairs of karten.csv are in. 2 pairs were there already and were left out."
    there = tmp_path / "out.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_more: (str(there), AS_CHAT))
    tab.exchange.choose_export("sft_data")
    qtbot.waitUntil(lambda: len(shell.messages) == 5)
    assert [len(json.loads(line)["messages"]) for line in there.read_text("utf-8").splitlines()] == [2, 2, 4]
    qtbot.waitUntil(lambda: not shell.threads())
