"""What an empty table says: kindly, in its middle, without moving anything."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QLabel

from gui import theme


class EmptyNote(QLabel):
    """Lies over a view while there is something to say."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(view.viewport(), wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self, "muted")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMargin(theme.GROUP)
        self.hide()
        view.viewport().installEventFilter(self)

    def say(self, text: str) -> None:
        """An empty text hides the note."""
        self.setText(text)
        self.setGeometry(self.parentWidget().rect())
        self.setVisible(bool(text))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False
