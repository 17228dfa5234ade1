"""Cells whose text has the words of a search marked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem, QTableView

from gui import theme
from gui.cell_delegate import CellDelegate
from gui.search_hit import find_hits
from gui.table_model import Index, TableModel


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


class HitDelegate(CellDelegate):
    """``search()`` is what is looked for; a cell without it is painted as any other."""

    def __init__(self, search: Callable[[], str], model: TableModel, parent: QTableView) -> None:
        super().__init__(model, parent)
        self._search = search

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        search = self._search()
        hits = find_hits(search, index.data() or "") if search else []
        if not hits:
            super().paint(painter, option, index)
            return
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
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
