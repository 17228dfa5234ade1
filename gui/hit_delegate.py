"""Cells whose text has the words of a search marked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import theme
from gui.table_model import Index


def marker() -> QColor:
    """The colour of a text marker, as strong as letters on it stay easy to read."""
    scheme = theme.colors()
    return QColor(theme.mix("#ffc83d", scheme.base, 0.35 if scheme is theme.DARK else 0.55))


def hit_format() -> QTextCharFormat:
    """How a hit looks wherever it stands: a background and, not by colour alone, a line beneath."""
    look = QTextCharFormat()
    look.setBackground(marker())
    look.setFontUnderline(True)
    return look


class HitDelegate(QStyledItemDelegate):
    """``hits(text)`` says where to mark; without hits a cell is painted as ever."""

    def __init__(self, hits: Callable[[str], list[tuple[int, int]]], parent: QWidget) -> None:
        super().__init__(parent)
        self._hits = hits

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        hits = self._hits(cell.text)
        if not hits:
            super().paint(painter, option, index)
            return
        style = cell.widget.style() if cell.widget else QApplication.style()
        area = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, cell, cell.widget)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, cell.widget) + 1
        area.adjust(margin, 0, -margin, 0)
        text = cell.fontMetrics.elidedText(cell.text, Qt.TextElideMode.ElideRight, area.width())
        cell.text = ""
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        is_selected = bool(cell.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        layout = _lay_out(text, cell, hits)
        painter.save()
        painter.setPen(cell.palette.color(role))
        layout.draw(painter, QPointF(area.left(), area.top() + (area.height() - layout.boundingRect().height()) / 2))
        painter.restore()


def _lay_out(text: str, cell: QStyleOptionViewItem, hits: list[tuple[int, int]]) -> QTextLayout:
    layout = QTextLayout(text, cell.font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    layout.setTextOption(option)
    marks = []
    for start, end in hits:
        if start < len(text):
            mark = QTextLayout.FormatRange()
            mark.start, mark.length, mark.format = start, min(end, len(text)) - start, hit_format()
            marks.append(mark)
    layout.setFormats(marks)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return layout
