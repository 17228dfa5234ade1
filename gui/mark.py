"""An icon that stands beside a sentence, in the colour of its state, at the size of the text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QLabel, QWidget

from gui.icon import icon


class Mark(QLabel):
    """Painted anew when colours or fonts change; says nothing to a screen reader, the sentence does."""

    def __init__(self, name: str = "", color: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._color = name, color
        self._paint()

    def show_icon(self, name: str, color: str) -> None:
        self._name, self._color = name, color
        self._paint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_color"):
            self._paint()

    def _paint(self) -> None:
        if self._name:
            side = self.fontMetrics().height()
            self.setPixmap(icon(self._name, self._color).pixmap(QSize(side, side), self.devicePixelRatioF()))
