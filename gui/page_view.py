"""A page of a PDF as a picture, as wide as there is room or larger, with the passage marked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from gui import theme
from services.translation import _, ngettext

Rectangle = tuple[float, float, float, float]
ZOOMS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)  # times the width of the view
_MARK = QColor("#ffd54a")  # pages are white in the dark too


class _Canvas(QWidget):
    """The picture itself with the marks over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.marks: tuple[Rectangle, ...] = ()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        page = QRectF(self.rect())
        painter.drawImage(page, self.image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)  # the letters stay black
        for mark in self.marks:
            painter.fillRect(self.place(mark).adjusted(-1, -1, 1, 1), _MARK)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        if self.marks:  # not by colour alone: a bar beside the passage
            painter.setPen(QPen(QColor(theme.LIGHT.accent), 3))
            left = min(self.place(mark).left() for mark in self.marks) - 6
            for mark in self.marks:
                painter.drawLine(QPointF(left, self.place(mark).top() - 1), QPointF(left, self.place(mark).bottom() + 1))
        painter.setPen(QPen(QColor(theme.colors().border), 1))
        painter.drawRect(page.adjusted(0.5, 0.5, -0.5, -0.5))

    def place(self, mark: Rectangle) -> QRectF:
        left, top, right, bottom = mark
        width, height = self.width(), self.height()
        return QRectF(left * width, top * height, (right - left) * width, (bottom - top) * height)


class PageView(QScrollArea):
    """
    Signals:
        width_wanted(int): the page is to be drawn this many pixels of the screen wide.
        zoomed: larger or smaller.
    """

    width_wanted = Signal(int)
    zoomed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = _Canvas(self)
        self._grip: QPoint | None = None
        self._asked = 0
        self.zoom = 1.0
        self.setWidget(self._canvas)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        # Always there, or the width of a page that just fits would depend on itself.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Page of the document"))

    @property
    def marks(self) -> tuple[Rectangle, ...]:
        """The rectangles that are marked, in shares of the page."""
        return self._canvas.marks

    @property
    def has_page(self) -> bool:
        return not self._canvas.image.isNull()

    def show_page(self, image: QImage, marks: tuple[Rectangle, ...], number: int, *, is_same_page: bool) -> None:
        """Show a page and go to what is marked in it; a page that is only drawn finer stays where it is."""
        self._canvas.image, self._canvas.marks = image, marks
        self._canvas.setAccessibleDescription(
            ngettext("Page {page}, {n} line of the passage marked", "Page {page}, {n} lines of the passage marked",
                     len(marks)).format(page=number, n=len(marks))
        )  # fmt: skip
        self._fit()
        if not is_same_page:
            self.show_marks()
        self._canvas.update()

    def clear_page(self) -> None:
        self._canvas.image, self._canvas.marks = QImage(), ()
        self._canvas.resize(0, 0)
        self._asked = 0

    def show_marks(self) -> None:
        """Scroll to the passage, or to the top of a page without one."""
        if not self.marks:
            self.verticalScrollBar().setValue(0)
            return
        first = self._canvas.place(self.marks[0])
        self.verticalScrollBar().setValue(max(0, round(first.top()) - self.viewport().height() // 6))
        self.horizontalScrollBar().setValue(max(0, round(first.left()) - theme.PAD))

    def set_zoom(self, zoom: float) -> None:
        """1.0 is as wide as the view; what stands in the middle stays there."""
        zoom = min(max(zoom, ZOOMS[0]), ZOOMS[-1])
        if zoom == self.zoom:
            return
        bar, height = self.verticalScrollBar(), max(1, self._canvas.height())
        middle = (bar.value() + self.viewport().height() / 2) / height
        self.zoom = zoom
        self._fit()
        bar.setValue(round(middle * self._canvas.height() - self.viewport().height() / 2))
        self.zoomed.emit()

    def step_zoom(self, direction: int) -> None:
        """One step larger (1) or smaller (-1)."""
        others = [zoom for zoom in ZOOMS if (zoom - self.zoom) * direction > 0.001]
        if others:
            self.set_zoom(min(others) if direction > 0 else max(others))

    def wanted_width(self) -> int:
        """In pixels of the screen, so that letters are as sharp as it can show them."""
        return round(self._page_width() * self.devicePixelRatioF())

    def sizeHint(self) -> QSize:
        letter = self.fontMetrics().averageCharWidth()
        return QSize(letter * 60, letter * 60)

    def minimumSizeHint(self) -> QSize:
        letter = self.fontMetrics().averageCharWidth()
        return QSize(letter * 24, letter * 12)

    def _page_width(self) -> int:
        return max(1, round((self.viewport().width() - 2) * self.zoom))

    def _fit(self) -> None:
        image, width = self._canvas.image, self._page_width()
        if image.isNull():
            return
        self._canvas.resize(width, max(1, round(width * image.height() / image.width())))
        wanted = self.wanted_width()
        if wanted != self._asked and abs(wanted - image.width()) > 2:
            self._asked = wanted
            self.width_wanted.emit(wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step_zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.position().toPoint()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:  # a page is moved as a sheet of paper is
            way = event.position().toPoint() - self._grip
            self._grip = event.position().toPoint()
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - way.y())
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - way.x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        self.viewport().unsetCursor()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._canvas.update()
