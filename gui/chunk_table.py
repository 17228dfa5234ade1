"""The chunks: search, filters, the table, and what can be done with the selected ones."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.edits import FlagChunks
from gui.empty_note import EmptyNote
from gui.icon import icon
from gui.row_query import RowQuery
from gui.shell import Shell
from gui.table_model import Column, TableModel, prepare, selected_count, selected_ids
from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk
from services.translation import _, ngettext

FLAGS = (
    (None, _("All chunks")), ("edited", _("Edited")), ("excluded", _("Excluded")), ("deleted", _("Deleted")),
)  # fmt: skip
SHOWN_CHARACTERS = 200
COPY_LIMIT = 1000
_SOURCE = 2  # its column


class ChunkTable(QWidget):
    """Signals: ``chunk_selected(int)``, the id of the row under the cursor; ``searched(str)``, what is looked for."""

    chunk_selected = Signal(object)
    searched = Signal(str)
    commanded = Signal(object)  # a QUndoCommand for the stack of the tab

    SEARCH_DELAY_MS = 200

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._select_first = True
        self._search_timer = QTimer(self, singleShot=True, interval=self.SEARCH_DELAY_MS)
        self._search_timer.timeout.connect(self.reload)

        self.search = QLineEdit(placeholderText=_("Search in the chunks"))
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = self.search.addAction(icon("close", "muted"), QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setText(_("Clear the search"))
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.search.clear)
        self.search.setAccessibleName(_("Search in the chunks"))
        self.search.setToolTip(_("Words that all occur; “\"in quotes\"” finds a phrase."))
        self.search.textChanged.connect(self._search_soon)
        self.search.returnPressed.connect(self._enter_table)
        self.documents = QComboBox()
        self.documents.setAccessibleName(_("Only the chunks of one document"))
        self.documents.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.documents.setMinimumContentsLength(9)
        self.documents.addItem(_("All documents"), None)
        self.documents.currentIndexChanged.connect(self._filter)
        self.flags = QComboBox()
        self.flags.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.flags.setMinimumContentsLength(7)
        self.flags.setAccessibleName(_("Only edited, excluded or deleted chunks"))
        for flag, text in FLAGS:
            self.flags.addItem(text, flag)
        self.flags.currentIndexChanged.connect(self._filter)

        self.model = TableModel(self._columns(), shell.knowledge_base.chunks, self, is_dim=_is_dim)
        self.view = QTableView()
        self.view.setAccessibleName(_("Chunks"))
        self.view.setSortingEnabled(False)
        prepare(self.view, self.model)
        self.view.horizontalHeader().setSectionsClickable(True)
        self.view.horizontalHeader().setSortIndicatorShown(True)
        self.view.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._filter)
        self.view.selectionModel().currentRowChanged.connect(self._enter_row)
        self.view.selectionModel().selectionChanged.connect(self._say_counts)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.note = EmptyNote(self.view)
        self.query = RowQuery(shell, self.view, self._prepare_query, self)
        self.query.shown.connect(self._shown)

        self.counts = QLabel()
        theme.set_role(self.counts, "muted")
        self.exclude_button = self._button("exclude", _("Exclude"), "Ctrl+E", self.toggle_excluded)
        self.delete_button = self._button("delete", _("Delete"), "Delete", self.toggle_deleted)
        copy = QAction(_("Copy"), self.view, shortcut=QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy)
        self.view.addAction(copy)
        self._lay_out()

    def reload(self) -> None:
        """Ask for the ids anew; selection and place stay where the rows do."""
        self._search_timer.stop()
        self.query.reload()

    def show_documents(self, sources: list[str]) -> None:
        """Offer these documents in the filter and keep the chosen one."""
        chosen = self.documents.currentData()
        known = [self.documents.itemData(place) for place in range(1, self.documents.count())]
        if sources == known:
            return
        self.documents.blockSignals(True)
        self.documents.clear()
        self.documents.addItem(_("All documents"), None)
        for source in sources:
            self.documents.addItem(source, source)
        self.documents.setCurrentIndex(max(0, self.documents.findData(chosen)) if chosen else 0)
        self.documents.blockSignals(False)

    def show_only(self, source: str | None) -> None:
        """Filter by a document, or by none."""
        self.documents.setCurrentIndex(max(0, self.documents.findData(source)) if source else 0)

    def step(self, direction: int) -> None:
        """Go one row down (1) or up (-1)."""
        row = self.view.currentIndex().row() + direction
        if 0 <= row < self.model.rowCount():
            self.view.selectRow(row)

    def toggle_excluded(self) -> None:
        self._flag("excluded", not self._is_selection("excluded"))

    def toggle_deleted(self) -> None:
        self._flag("deleted", self.flags.currentData() != "deleted")

    def _flag(self, flag: str, value: bool) -> None:
        ids = selected_ids(self.view)
        if not ids:
            return
        row = min(part.top() for part in self.view.selectionModel().selection())
        self.commanded.emit(FlagChunks(self._shell, flag, ids, value))
        self.reload()
        if self.model.rowCount() and not self.view.currentIndex().isValid():
            self.view.selectRow(min(row, self.model.rowCount() - 1))  # the next one stands where the deleted one stood

    def _is_selection(self, flag: str) -> bool:
        """Whether the selected chunks are flagged, as far as a look at the first few tells."""
        if self.flags.currentData() == flag:
            return True
        rows = (row for part in self.view.selectionModel().selection() for row in range(part.top(), part.bottom() + 1))
        chunks = [self.model.row(row) for row, _limit in zip(rows, range(64), strict=False)]
        return bool(chunks) and all(chunk is not None and getattr(chunk, f"is_{flag}") for chunk in chunks)

    def _prepare_query(self) -> Callable[[KnowledgeBase], array]:
        header = self.view.horizontalHeader()
        wanted = {
            "search": self.search.text(),
            "document": self.documents.currentData(),
            "flag": self.flags.currentData(),
            "order": self.model.columns[header.sortIndicatorSection()].order or "id",
            "is_descending": header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder,
        }
        return lambda knowledge_base: knowledge_base.chunk_ids(**wanted)

    def _shown(self) -> None:
        has_rows = self.model.rowCount() > 0
        if self._select_first and has_rows and not self.view.currentIndex().isValid():
            self.view.selectRow(0)
        self._select_first = self._select_first and not has_rows
        self._say_counts()
        self.note.say("" if has_rows else self._why_empty())

    def _why_empty(self) -> str:
        if self.search.text().strip():
            return _("No chunk has these words.")
        if self.flags.currentData():
            return _("No chunk is {flag}.").format(flag=self.flags.currentText().lower())
        return _("No chunks yet.")

    def _search_soon(self) -> None:
        self._select_first = True
        self._clear.setVisible(bool(self.search.text()))
        self._search_timer.start()
        self.searched.emit(self.search.text())

    def _filter(self) -> None:
        self._select_first = True
        self._show_columns()
        self.reload()

    def _enter_table(self) -> None:
        self.reload()
        self.view.setFocus()

    def _enter_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chunk_selected.emit(self.model.ids[current.row()])

    def _say_counts(self) -> None:
        shown, selected = self.model.rowCount(), selected_count(self.view)
        is_hit = bool(self.search.text().strip())
        text = (
            ngettext("{n:,} hit", "{n:,} hits", shown) if is_hit else ngettext("{n:,} chunk", "{n:,} chunks", shown)
        ).format(n=shown)
        self.counts.setText(_("{rows} · {n:,} selected").format(rows=text, n=selected) if selected > 1 else text)
        is_deleted = self.flags.currentData() == "deleted"
        self.exclude_button.setEnabled(bool(selected) and not is_deleted)
        self.exclude_button.setText(_("Include again") if self._is_selection("excluded") else _("Exclude"))
        self.delete_button.setEnabled(bool(selected))
        self.delete_button.setText(_("Put back") if is_deleted else _("Delete"))
        self.delete_button.setIcon(icon("reset" if is_deleted else "delete"))

    def _copy(self) -> None:
        chunks = self._shell.knowledge_base.chunks(selected_ids(self.view)[:COPY_LIMIT])
        QGuiApplication.clipboard().setText("\n\n".join(chunk.content for chunk in chunks))

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("#", lambda chunk: str(chunk.id), "id", "00000", is_number=True),
            Column(_("Text"), self._snippet, "content"),
            Column(_("Source"), lambda chunk: chunk.source, "source", "a_document_of.pdf", tooltip=lambda chunk: chunk.source),
            Column(_("Tokens"), lambda chunk: f"{chunk.token_count:,}", "token_count", "0,000", is_number=True),
            Column("", lambda _chunk: "", "", "0", tooltip=say_state, icon=_state_icon),
        )  # fmt: skip

    def _snippet(self, chunk: Chunk) -> str:
        """The start of the chunk in one line; while searching, the text around the first hit."""
        text = chunk.content
        if words := search_words(self.search.text()):
            hit = re.search("|".join(map(re.escape, words)), text, re.IGNORECASE)
            if hit and hit.start() > 16:
                text = "…" + text[text.rfind(" ", 0, hit.start() - 8) + 1 :]
        return " ".join(text[:SHOWN_CHARACTERS].split())

    def _button(self, name: str, text: str, keys: str, slot: Callable[[], None]) -> QPushButton:
        """A button under the table, and the same as an action of the table with its key."""
        button = QPushButton(icon(name), text)
        button.clicked.connect(slot)
        button.setToolTip(QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText))
        action = QAction(text, self.view, shortcut=QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self.view.addAction(action)
        return button

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(theme.GAP)
        filters.addWidget(self.search, 3)
        filters.addWidget(self.documents, 2)
        filters.addWidget(self.flags, 1)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GAP)
        self.counts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        foot.addWidget(self.counts, 1)
        for button in (self.exclude_button, self.delete_button):  # their texts change: nothing beside them may move
            button.setMinimumWidth(self.fontMetrics().averageCharWidth() * 17)
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(filters)
        column.addWidget(self.view, 1)
        column.addLayout(foot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()

    def _show_columns(self) -> None:
        """The source gives way where it would say the same in every row, or where there is no room for the text."""
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 72
        self.view.setColumnHidden(_SOURCE, is_narrow or self.documents.currentData() is not None)


def search_words(search: str) -> list[str]:
    """The words and phrases of a search, as they are to be marked in a text."""
    phrases = re.findall(r'"([^"]+)"', search)
    return [part for part in [*phrases, *re.sub(r'"[^"]*"?', " ", search).split()] if any(map(str.isalnum, part))]


def say_state(chunk: Chunk) -> str:
    """Its flags in words."""
    words = {"deleted": chunk.is_deleted, "excluded": chunk.is_excluded, "edited": chunk.is_edited}
    texts = {"deleted": _("deleted"), "excluded": _("excluded"), "edited": _("edited")}
    return ", ".join(texts[name] for name, is_so in words.items() if is_so)


def _state_icon(chunk: Chunk) -> QIcon | None:
    if chunk.is_excluded or chunk.is_deleted:
        return icon("delete" if chunk.is_deleted else "exclude", "muted")
    return icon("edit", "accent") if chunk.is_edited else None


def _is_dim(chunk: Chunk) -> bool:
    return chunk.is_excluded or chunk.is_deleted
