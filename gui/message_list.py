"""The messages of this session, behind a button in the status line."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.notices import STATES, Notice
from services.translation import _, ngettext


class MessageButton(QToolButton):
    """Says how many messages there were, and opens the list of them above itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: list[Notice] = []
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(icon("chevron-up", "muted"))
        self.clicked.connect(self.open_list)
        self.setAutoRaise(True)
        self.show_messages([])

    def show_messages(self, messages: list[Notice]) -> None:
        self._messages = messages
        count = len(messages)
        self.setText(ngettext("{n} message", "{n} messages", count).format(n=count) if count else _("No messages"))
        self.setEnabled(bool(count))

    def open_list(self) -> QFrame:
        """The list, newest first; it closes when the person clicks elsewhere or presses Escape."""
        popup = QFrame(self, Qt.WindowType.Popup)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = QListWidget(wordWrap=True)
        rows.setAccessibleName(_("Messages"))
        rows.setFrameShape(QFrame.Shape.NoFrame)
        for notice in reversed(self._messages):
            item = QListWidgetItem(icon(notice.kind, STATES[notice.kind]), f"{notice.at:%H:%M}  {notice.text}")
            rows.addItem(item)
        column = QVBoxLayout(popup)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(rows)
        metrics = self.fontMetrics()
        popup.resize(metrics.averageCharWidth() * 80, min(12, 2 + 2 * len(self._messages)) * metrics.height() + theme.PAD)
        popup.move(self.mapToGlobal(QPoint(self.width() - popup.width(), -popup.height() - 4)))
        popup.show()
        rows.setFocus()
        return popup
