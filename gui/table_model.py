"""The only table model: row ids in an array, rows fetched a page at a time.

A million rows cost eight megabytes and open at once; what is not on the screen is not read.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from gui.cell_delegate import CellDelegate

Index = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()

# Painting one page asks data() some 1,500 times: plain numbers are compared ten times faster than members of an enum.
_DISPLAY, _DECORATION, _TOOLTIP, _ALIGNMENT, _FOREGROUND, _ACCESSIBLE, _ID = (
    int(role)
    for role in (
        Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.TextAlignmentRole, Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.AccessibleTextRole,
        Qt.ItemDataRole.UserRole,
    )
)  # fmt: skip
_ROLES = frozenset((_DISPLAY, _DECORATION, _TOOLTIP, _ALIGNMENT, _FOREGROUND, _ACCESSIBLE, _ID))


@dataclass(frozen=True, slots=True)
class Column:
    """How one column shows a row.

    order: the key by which the store sorts it; empty where it cannot be sorted.
    widest: a text as wide as the column needs, which fixes its width; empty for the one that takes what is left.
    """

    title: str
    text: Callable[[Any], str]
    order: str = ""
    widest: str = ""
    is_number: bool = False
    tooltip: Callable[[Any], str] | None = None
    icon: Callable[[Any], QIcon | None] | None = None


class TableModel(QAbstractTableModel):
    """Rows of one table. ``fetch(ids)`` returns the records of those ids, in any order, each with an ``id``."""

    PAGE, PAGES = 32, 256  # a jump shows two pages as a rule: rows that are not on the screen are time lost
    IdRole = Qt.ItemDataRole.UserRole

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[list[int]], Iterable[Any]],
        parent: QObject | None = None,
        *,
        is_dim: Callable[[Any], bool] | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._alignments = [self._alignment(column) for column in self.columns]
        self._fetch = fetch
        self.is_dim: Callable[[Any], bool] = is_dim or (lambda _record: False)
        self._ids = array("q")
        self._pages: OrderedDict[int, list[Any]] = OrderedDict()

    @property
    def ids(self) -> array[int]:
        return self._ids

    def set_ids(self, ids: Iterable[int]) -> None:
        """Show these rows; rows that were only added at the end leave the selection and the place alone."""
        ids = ids if isinstance(ids, array) else array("q", ids)
        count = len(self._ids)
        if count and ids[:count] == self._ids:
            if len(ids) > count:
                self.beginInsertRows(QModelIndex(), count, len(ids) - 1)
                self._ids = ids
                self._pages.clear()
                self.endInsertRows()
            self.refresh()
            return
        self.beginResetModel()
        self._ids = ids
        self._pages.clear()
        self.endResetModel()

    def refresh(self) -> None:
        """Read the rows anew: their ids are the same, what they say has changed."""
        self._pages.clear()
        if self._ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(self.columns) - 1))

    def row(self, number: int) -> Any | None:
        """The record in that row; None when it has vanished from the store since."""
        page_number = number // self.PAGE
        if (page := self._pages.get(page_number)) is None:
            ids = self._ids[page_number * self.PAGE : (page_number + 1) * self.PAGE].tolist()
            found = {record.id: record for record in self._fetch(ids)}
            page = self._pages[page_number] = [found.get(row_id) for row_id in ids]
            if len(self._pages) > self.PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(page_number)
        return page[number % self.PAGE]

    def row_of(self, row_id: int) -> int:
        """The row in which that id stands, -1 when it is not shown."""
        try:
            return self._ids.index(row_id)
        except ValueError:
            return -1

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignments[section]
        return None

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if role not in _ROLES:
            return None
        number, section = index.row(), index.column()
        if not 0 <= number < len(self._ids) or section < 0:
            return None
        if role == _ALIGNMENT:
            return self._alignments[section]
        if role == _ID:
            return self._ids[number]
        record, column = self.row(number), self.columns[section]
        if record is None:
            return None
        if role == _DISPLAY:
            return column.text(record)
        if role == _DECORATION:
            return column.icon(record) if column.icon else None
        if role == _FOREGROUND:
            return QApplication.palette().brush(QPalette.ColorRole.PlaceholderText) if self.is_dim(record) else None
        return column.tooltip(record) if column.tooltip else None

    @staticmethod
    def _alignment(column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


def prepare(view: QTableView, model: TableModel) -> None:
    """Give the view its model and the settings without which a long table is slow."""
    view.setModel(model)
    view.setItemDelegate(CellDelegate(model, view))
    header = view.horizontalHeader()
    # A header that shares the view's selection counts every row on "select all": 93 s for a million rows.
    header.setSelectionModel(QItemSelectionModel(model, view))
    header.setHighlightSections(False)
    header.setSortIndicatorClearable(False)
    rows = view.verticalHeader()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.hide()
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setWordWrap(False)
    view.setShowGrid(False)
    view.setTabKeyNavigation(False)  # Tab leaves the table
    view.setCornerButtonEnabled(False)
    fit_columns(view)
    view.installEventFilter(_ColumnFitter(view))


class _ColumnFitter(QObject):
    """Fits the columns of its parent view again when the font changes."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            fit_columns(self.parent())
        return False


def fit_columns(view: QTableView) -> None:
    """Column widths and row height from the font of the view."""
    model, header, metrics = view.model(), view.horizontalHeader(), view.fontMetrics()
    height = round(metrics.height() * 1.7)
    view.setIconSize(QSize(metrics.height(), metrics.height()))
    view.verticalHeader().setMinimumSectionSize(height)
    view.verticalHeader().setDefaultSectionSize(height)
    header.setMinimumSectionSize(metrics.averageCharWidth() * 4)
    for section, column in enumerate(model.columns):
        if not column.widest:
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
            continue
        widest = max(metrics.horizontalAdvance(column.widest), metrics.horizontalAdvance(column.title) + height // 2)
        icon = metrics.height() if column.icon else 0
        header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(section, widest + icon + metrics.averageCharWidth() * 3)


def selected_ids(view: QTableView) -> array[int]:
    """The ids of the selected rows, from the ranges: Qt's selectedRows() takes 20 s for a million."""
    ids: array[int] = array("q")
    ranges = sorted((part.top(), part.bottom()) for part in view.selectionModel().selection())
    last = -1
    for top, bottom in ranges:
        ids.extend(view.model().ids[max(top, last + 1) : bottom + 1])
        last = max(last, bottom)
    return ids


def selected_count(view: QTableView) -> int:
    """How many rows are selected."""
    return sum(part.height() for part in view.selectionModel().selection())


def show_ids(view: QTableView, ids: Iterable[int]) -> None:
    """Show other rows and keep the current one, its selection and the place on the screen where they remain."""
    model: TableModel = view.model()
    current, top = view.currentIndex(), view.rowAt(0)
    current_id = model.ids[current.row()] if current.isValid() else None
    top_id = model.ids[top] if top >= 0 else None
    had = model.ids
    model.set_ids(ids)
    if model.ids[: len(had)] == had and len(had):
        return
    row = model.row_of(current_id) if current_id is not None else -1
    if row >= 0:
        # Not view.setCurrentIndex, which takes the row out of the selection while Ctrl is held.
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        view.selectionModel().setCurrentIndex(model.index(row, max(current.column(), 0)), flags)
    if top_id is not None and (place := model.row_of(top_id)) >= 0:
        view.scrollTo(model.index(place, 0), QAbstractItemView.ScrollHint.PositionAtTop)
