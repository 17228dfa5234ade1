"""Pages on top of each other, of which only the one in front asks for height."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStackedWidget, QWidget


class PageStack(QStackedWidget):
    """As wide as the widest page, so that nothing beside it moves; a page behind hears of no zoom, and takes no height."""

    def __init__(self, *pages: QWidget) -> None:
        super().__init__()
        for page in pages:
            self.addWidget(page)
        self.currentChanged.connect(self.updateGeometry)

    def minimumSizeHint(self) -> QSize:
        height = max(self.currentWidget().minimumSizeHint().height(), self.currentWidget().minimumHeight())
        return QSize(super().minimumSizeHint().width(), height)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.currentWidget().sizeHint().height())
