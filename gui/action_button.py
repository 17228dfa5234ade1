"""A button for an action of a menu: what one says and can do, the other says and can do."""

from __future__ import annotations

from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QPushButton, QWidget


class ActionButton(QPushButton):
    """Follows the text, icon, tool tip, state and check mark of its action. ``text`` says it shorter, and stays."""

    def __init__(self, action: QAction, text: str = "", parent: QWidget | None = None, *, has_icon: bool = True) -> None:
        super().__init__(parent)
        self._action, self._short, self._has_icon = action, text, has_icon
        self.setCheckable(action.isCheckable())
        action.changed.connect(self._follow)
        self.clicked.connect(action.trigger)
        self._follow()

    def _follow(self) -> None:
        action = self._action
        self.setText(self._short or action.text())
        self.setIcon(action.icon() if self._has_icon else QIcon())
        self.setToolTip(action.toolTip())
        self.setAccessibleName(action.text())
        self.setEnabled(action.isEnabled())
        self.setChecked(action.isChecked())
