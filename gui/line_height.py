"""Room for some lines of text, in whatever size the text is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


def keep_lines(widget: QWidget, lines: int, extra: int = 0) -> None:
    """A widget is never lower than so many lines of its own font, and ``extra`` pixels; a zoom changes both ways."""
    _Keeper(widget, lines, extra)


class _Keeper(QObject):
    """Looks at the widget itself: when whatever it stands in learns of another font, it may not have it yet."""

    def __init__(self, widget: QWidget, lines: int, extra: int) -> None:
        super().__init__(widget)
        self._lines, self._extra = lines, extra
        self._fit(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit(watched)
        return False

    def _fit(self, widget: QWidget) -> None:
        widget.setMinimumHeight(widget.fontMetrics().lineSpacing() * self._lines + self._extra)
