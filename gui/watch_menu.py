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
        self._folders: list[QAction] = []
        self._add_action = self.addAction(icon("add-folder"), _("Add a folder and watch it…"))
        self.addSeparator()
        self._nothing = self.addAction(_("No folder is watched"))
        self._nothing.setEnabled(False)
        self._end = self.addSeparator()
        self.look_action = QAction(icon("reset"), _("Look for changed files now"), parent, shortcut=QKeySequence(LOOK_KEYS))
        self.addAction(self.look_action)
        parent.addAction(self.look_action)  # for its key
        # Not the actions' own signals: PySide loses connections when an action takes the memory of one that was deleted.
        self.triggered.connect(self._choose)

    def show_folders(self, folders: list[str]) -> None:
        """List these; a click on one ends its watch."""
        for action in self._folders:
            self.removeAction(action)
            action.deleteLater()
        self._folders = []
        for folder in folders:
            action = QAction(folder_name(folder), self, checkable=True, checked=True)
            action.setData(folder)
            action.setToolTip(_("{folder} is watched. A click ends that; its documents stay.").format(folder=folder))
            self.insertAction(self._end, action)
            self._folders.append(action)
        self._nothing.setVisible(not folders)

    def _choose(self, action: QAction) -> None:
        if action is self._add_action:
            self.folder_wanted.emit()
        elif action is self.look_action:
            self.look_wanted.emit()
        else:
            self.ended.emit(action.data())


def folder_name(folder: str) -> str:
    """Its own name and where it lies: “Contracts, in Documents”."""
    path = Path(folder)
    return _("{folder}, in {parent}").format(folder=path.name, parent=path.parent.name) if path.parent.name else str(path)
