"""The folders that are watched, to be added and taken off the list."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.icon import icon
from services.translation import _

LOOK_KEYS = "F5"


class WatchMenu(QMenu):
    """
    Signals:
        folder_wanted: choose a folder to add and watch. look_wanted: look for changes now.
        ended(str): this folder is not to be watched any more.
    """

    folder_wanted = Signal()
    look_wanted = Signal()
    ended = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(_("Watched folders"), parent)
        self.setToolTipsVisible(True)
        self.look_action = QAction(icon("reset"), _("Look for changed files now"), parent, shortcut=QKeySequence(LOOK_KEYS))
        self.look_action.triggered.connect(self.look_wanted)
        parent.addAction(self.look_action)  # for its key
        self.show_folders([])

    def show_folders(self, folders: list[str]) -> None:
        """List these; a click on one ends its watch."""
        self.clear()
        add = self.addAction(icon("add-folder"), _("Add a folder and watch it…"))
        add.triggered.connect(self.folder_wanted)
        self.addSeparator()
        for folder in folders:
            action = self.addAction(folder_name(folder))
            action.setCheckable(True)
            action.setChecked(True)
            action.setData(folder)
            action.setToolTip(_("{folder} is watched. A click ends that; its documents stay.").format(folder=folder))
            action.triggered.connect(self._end)
        if not folders:
            self.addAction(_("No folder is watched")).setEnabled(False)
        self.addSeparator()
        self.addAction(self.look_action)

    def _end(self) -> None:
        self.ended.emit(self.sender().data())


def folder_name(folder: str) -> str:
    """Its own name and where it lies: “Contracts, in Documents”."""
    path = Path(folder)
    return _("{folder}, in {parent}").format(folder=path.name, parent=path.parent.name) if path.parent.name else str(path)
