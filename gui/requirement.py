"""What is missing before a button can be pressed, in one sentence, with the way on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.mark import Mark


class Requirement(QWidget):
    """Takes no room while nothing is missing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action: Callable[[], object] | None = None
        self.text = QLabel(wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.button = QPushButton(icon("arrow-right", "accent"), "")
        theme.set_role(self.button, "link")
        self.button.clicked.connect(self._act)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self.text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(Mark("warning", "warning"))
        row.addLayout(column, 1)
        row.addWidget(self.button)
        self.hide()

    def show_need(self, text: str, action_text: str = "", action: Callable[[], object] | None = None) -> None:
        """An empty text: nothing is missing."""
        self._action = action
        self.text.setText(text)
        self.button.setText(action_text)
        self.button.setVisible(bool(action_text))
        self.setVisible(bool(text))

    def _act(self) -> None:
        if self._action is not None:
            self._action()
