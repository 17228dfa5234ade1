"""Cells that are text and nothing else, painted with the few calls that this takes.

Qt asks a model seven times for each cell, and lays its text out by the style sheet each time: most of what a page of a
table costs. What has an icon, or the focus, is painted by Qt.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

if TYPE_CHECKING:
    from gui.table_model import TableModel

_FOCUS, _SELECTED, _HOVER = (
    state.value
    for state in (QStyle.StateFlag.State_HasFocus, QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver)
)
_NARROW = 3  # pixels of a letter; no text of this font is narrower


class CellDelegate(QStyledItemDelegate):
    """For the view of a ``TableModel``."""

    def __init__(self, model: TableModel, parent: QTableView) -> None:
        super().__init__(parent)
        self._model = model
        self._insets: dict[int, tuple[int, int, float]] = {}  # left, right and baseline of a text, by the height of its row

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        column, record = self._model.columns[index.column()], self._model.row(index.row())
        state = option.state.value
        if record is None or state & _FOCUS or (column.icon is not None and column.icon(record) is not None):
            super().paint(painter, option, index)
            return
        if state & (_SELECTED | _HOVER):
            panel = QStyle.PrimitiveElement.PE_PanelItemViewItem
            option.widget.style().drawPrimitive(panel, option, painter, option.widget)
        text = column.text(record)
        if not text:
            return
        rect, metrics = option.rect, option.fontMetrics
        left, right, baseline = self._insets.get(rect.height()) or self._measure(option, index)
        width = rect.width() - left - right
        advance = metrics.horizontalAdvance(text) if column.is_number else width + 1
        if advance > width:
            text = metrics.elidedText(text[: width // _NARROW + 1], Qt.TextElideMode.ElideRight, width)
        elif column.is_number:
            left += width - advance
        role = QPalette.ColorRole.Text
        if state & _SELECTED:
            role = QPalette.ColorRole.HighlightedText
        elif self._model.is_dim(record):
            role = QPalette.ColorRole.PlaceholderText
        painter.setFont(option.font)
        painter.setPen(option.palette.color(role))
        painter.drawText(QPointF(rect.x() + left, rect.y() + baseline), text)

    def _measure(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> tuple[int, int, float]:
        """The room that the style leaves beside a text, and where its baseline is."""
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        style, widget = option.widget.style(), option.widget
        area = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, cell, widget)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, widget) + 1
        metrics = QFontMetricsF(cell.font)
        top = area.top() - cell.rect.top() + area.height() // 2 - ceil(metrics.height()) // 2
        left, right = area.left() - cell.rect.left() + margin, cell.rect.right() - area.right() + margin
        insets = self._insets[option.rect.height()] = (left, right, top + metrics.ascent())
        return insets
