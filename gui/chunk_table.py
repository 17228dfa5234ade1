"""The chunks: filters, the table, and what can be done with the selected ones."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.action_button import ActionButton
from gui.chunk_action import IN_TEXT_ONLY, ChunkActions
from gui.chunk_column import QUALITY, SOURCE, chunk_columns, is_dim
from gui.chunk_filter import CLEAR_KEYS, ChunkFilter
from gui.elided_label import ElidedLabel
from gui.empty_note import EmptyNote
from gui.flow_layout import FlowBox
from gui.hit_delegate import HitDelegate
from gui.row_query import ChunkQuery, RowQuery
from gui.shell import Shell
from gui.table_model import TableModel, prepare, selected_count, selected_ids
from services.records import Chunk
from services.translation import _, ngettext

_LOOKED_AT = 64  # rows of a selection that are asked for their flags
_TEXT = 1  # its column


class ChunkTable(QWidget):
    """
    Signals:
        chunk_selected(int): the id of the row under the cursor. searched(str): what is looked for.
        selection_changed: other rows are selected, or say something else.
    """

    chunk_selected = Signal(object)
    searched = Signal(str)
    selection_changed = Signal()

    SEARCH_DELAY_MS = 200

    def __init__(self, shell: Shell, actions: ChunkActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._was_searching = False
        self._is_ranked = False  # the best hits first, until the person sorts otherwise
        self._wanted_id: int | None = None  # to be selected as soon as it is shown
        self._place = 0  # the row to be selected when the current one vanishes
        self._search_timer = QTimer(self, singleShot=True, interval=self.SEARCH_DELAY_MS)
        self._search_timer.timeout.connect(self.reload)

        self.filter = ChunkFilter()
        self.filter.changed.connect(self._filter)
        self.filter.typed.connect(self._search_soon)
        self.filter.entered.connect(self._enter_table)
        self.search, self.documents, self.flags = self.filter.search, self.filter.documents, self.filter.flags
        self.counts = ElidedLabel()
        theme.set_role(self.counts, "muted")
        self.clear_button = QPushButton(_("Clear filters"))
        theme.set_role(self.clear_button, "link")
        self.clear_button.setShortcut(QKeySequence(CLEAR_KEYS))
        self.clear_button.setToolTip(_("Shows all chunks again. ({keys})").format(
            keys=QKeySequence(CLEAR_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        ))  # fmt: skip
        self.clear_button.clicked.connect(self.filter.clear)

        self.model = TableModel(chunk_columns(self.search.text), self._read, self, is_dim=is_dim)
        self.view = QTableView()
        self.view.setAccessibleName(_("Chunks"))
        self.view.setSortingEnabled(False)
        prepare(self.view, self.model)
        self.view.setItemDelegateForColumn(_TEXT, HitDelegate(self.search.text, self.model, self.view))
        header = self.view.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self._sort)
        header.setToolTip(_("Sorts by this column; once more the other way round."))
        self.view.selectionModel().currentRowChanged.connect(self._enter_row)
        self.view.selectionModel().selectionChanged.connect(self._say_selected)
        self.model.dataChanged.connect(self._say_selected)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        actions.add_to(self.view, without=IN_TEXT_ONLY)
        self.note = EmptyNote(self.view)
        self.query = RowQuery(shell, self.view, self._prepare_query, self)
        self.query.shown.connect(self._shown)
        shell.writes.moved.connect(self._say_moved)

        self.selected = QLabel()
        theme.set_role(self.selected, "muted")
        self.merge_button = ActionButton(actions["merge"], _("Merge"))
        self.exclude_button = ActionButton(actions["exclude"])
        self.delete_button = ActionButton(actions["delete"])
        self._lay_out()

    def reload(self) -> None:
        """Ask for the ids anew; selection and place stay where the rows do."""
        self._search_timer.stop()
        self.query.reload()

    def show_documents(self, sources: list[str]) -> None:
        """Offer these documents in the filter and keep the chosen one."""
        self.filter.show_documents(sources)

    def show_only(self, source: str | None) -> None:
        """Filter by a document, or by none."""
        self.filter.show_only(source)

    def show_flag(self, flag: str) -> None:
        """Show only the chunks of a flag, such as "duplicate"."""
        self.filter.clear()
        self.flags.setCurrentIndex(self.flags.findData(flag))

    def show_chunk(self, chunk_id: int, *, is_jump: bool = True) -> None:
        """Go to a chunk; on a jump, filters that hide it are cleared."""
        row = self.model.row_of(chunk_id)
        if row >= 0:
            self.select_row(row)
            return
        self._wanted_id = chunk_id
        if is_jump and self.filter.is_set:
            self.filter.clear()
        else:
            self.reload()

    def fill_place(self, row: int) -> None:
        """Where the current row vanishes from the table, the next one takes its place."""
        self._place = row
        self._settle()

    def select_row(self, row: int) -> None:
        """Select this row alone. The view's own selectRow would toggle it while Ctrl is held, as it is for most keys."""
        how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        index = self.model.index(row, max(0, self.view.currentIndex().column()))
        self.view.selectionModel().setCurrentIndex(index, how)
        self.view.scrollTo(index)

    def step(self, direction: int) -> None:
        """Go one row down (1) or up (-1)."""
        row = self.view.currentIndex().row() + direction
        if 0 <= row < self.model.rowCount():
            self.select_row(row)

    def selected_ids(self) -> array[int]:
        return selected_ids(self.view)

    def selected_count(self) -> int:
        return selected_count(self.view)

    def first_row(self) -> int:
        """The first selected row, 0 where none is."""
        return min((part.top() for part in self.view.selectionModel().selection()), default=0)

    def is_selection(self, flag: str) -> bool:
        """Whether the selected chunks are "excluded" or "deleted", as far as a look at the first few tells."""
        if self.flags.currentData() == flag:
            return True
        rows = (row for part in self.view.selectionModel().selection() for row in range(part.top(), part.bottom() + 1))
        chunks = [self.model.row(row) for row, _limit in zip(rows, range(_LOOKED_AT), strict=False)]
        return bool(chunks) and all(chunk is not None and getattr(chunk, f"is_{flag}") for chunk in chunks)

    def _read(self, ids: list[int]) -> Sequence[Chunk]:
        """Chunks, with the changes that are on their way."""
        return self._shell.writes.expected("chunk", self._shell.knowledge_base.chunks(ids))

    def _prepare_query(self) -> ChunkQuery:
        header = self.view.horizontalHeader()
        wanted = {
            **self.filter.values(),
            "order": "rank" if self._is_ranked else self.model.columns[header.sortIndicatorSection()].order or "source",
            "is_descending": not self._is_ranked and header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder,
        }
        return ChunkQuery.of(**wanted)

    def _shown(self) -> None:
        self._settle()
        self._say_counts()
        self._say_selected()
        self.note.say("" if self.model.rowCount() else self._why_empty())

    def _settle(self) -> None:
        """Select what is to be selected, if it is there by now."""
        if self._wanted_id is not None and (row := self.model.row_of(self._wanted_id)) >= 0:
            self._wanted_id = None
            self.select_row(row)
        elif self.model.rowCount() and not self.view.currentIndex().isValid():
            self.select_row(min(self._place, self.model.rowCount() - 1))

    def _say_moved(self, table: str) -> None:
        """Changes are on their way, or done."""
        if table == "chunk":
            self.model.refresh()
            self._say_counts()

    def _why_empty(self) -> str:
        if self.filter.is_set:
            words = self.search.text().strip()
            text = _("No chunk has these words.") if words and not self.filter.say() else _("No chunk is like that.")
            return text + "\n" + _("“Clear filters” shows all of them again.")
        if self._shell.knowledge_base.flag_counts()["deleted"]:
            return _("All chunks are deleted.") + "\n" + _("Choose “Deleted” above to see them and put them back.")
        return _("No chunks yet.")

    def _sort(self) -> None:
        self._rank(False)
        self._filter()

    def _rank(self, is_ranked: bool) -> None:
        self._is_ranked = is_ranked
        self.view.horizontalHeader().setSortIndicatorShown(not is_ranked)

    def _search_soon(self, text: str) -> None:
        self._place = 0
        if bool(text.strip()) != self._was_searching:
            self._was_searching = not self._was_searching
            self._rank(self._was_searching)
        self._search_timer.start()
        self.searched.emit(text)

    def _filter(self) -> None:
        self._place = 0
        self._show_columns()
        self.reload()

    def _enter_table(self) -> None:
        self.reload()
        self.view.setFocus()

    def _enter_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._place = current.row()
            self.chunk_selected.emit(self.model.ids[current.row()])

    def _say_counts(self) -> None:
        count = self.model.rowCount()
        is_hit = bool(self.search.text().strip())
        text = (
            ngettext("{n:,} hit", "{n:,} hits", count) if is_hit else ngettext("{n:,} chunk", "{n:,} chunks", count)
        ).format(n=count)
        if self.query.is_partial:
            text = _("the first {n:,}, the others follow…").format(n=count)
        changing = self._shell.writes.count("chunk")
        going_on = ngettext("{n:,} is being changed…", "{n:,} are being changed…", changing).format(n=changing) if changing else ""
        self.counts.setText(" · ".join(filter(None, [text, self.filter.say(), going_on])))
        self.clear_button.setVisible(self.filter.is_set)

    def _say_selected(self) -> None:
        count = selected_count(self.view)
        self.selected.setText(_("{n:,} selected").format(n=count) if count > 1 else "")
        self.selection_changed.emit()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(theme.GAP)
        line.addWidget(self.counts, 1)
        line.addWidget(self.clear_button)
        policy = self.clear_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.clear_button.setSizePolicy(policy)
        self.clear_button.hide()
        # The count stands last: it comes and goes, and no button moves for it.
        foot = FlowBox(self.merge_button, self.exclude_button, self.delete_button, self.selected)
        self._fit()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.filter)
        column.addLayout(line)
        column.addWidget(self.view, 1)
        column.addWidget(foot)

    def _fit(self) -> None:
        """The texts of these buttons change: nothing beside them may move."""
        metrics = self.fontMetrics()
        for button in (self.exclude_button, self.delete_button):
            button.setMinimumWidth(metrics.horizontalAdvance(_("Include again")) + round(3.1 * metrics.height()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "delete_button"):
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()

    def _show_columns(self) -> None:
        """The source gives way where it would say the same in every row, both where there is no room for the text."""
        letters = self.width() / self.fontMetrics().averageCharWidth()
        is_quality_wanted = self.filter.problems.currentData() or self.view.horizontalHeader().sortIndicatorSection() == QUALITY
        self.view.setColumnHidden(SOURCE, letters < 96 or self.documents.currentData() is not None)
        self.view.setColumnHidden(QUALITY, letters < 72 and not is_quality_wanted)
