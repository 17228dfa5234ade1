"""Chunks to ask about and the pairs made from them, as two tables over each other."""

from __future__ import annotations

from array import array

from PySide6.QtCore import QEvent, QItemSelection, QModelIndex, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.empty_note import EmptyNote
from gui.icon import icon
from gui.pair_review import PAIR_STATES
from gui.row_query import Query, RowQuery
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_count, selected_ids
from services.records import Chunk, Pair
from services.sft_data.gate import REASONS
from services.sft_data.style import STYLES
from services.translation import _, ngettext

CHUNKS, PAIRS = 0, 1
LONGEST_CELL = 200
_FILTERS: tuple[tuple[str, tuple[str, ...] | None], ...] = (
    (_("All pairs"), None),
    (_("To review"), ("new",)),
    (_("Accepted"), ("accepted", "edited")),
    (_("Rejected by you"), ("rejected",)),
    (_("Did not pass"), ("failed",)),
)
TO_REVIEW, DID_NOT_PASS = 1, 4


class PairBrowser(QWidget):
    """
    Signals:
        chosen: another chunk or pair is the current one, or another page is in front.
        generate_wanted: make pairs from the selected chunks.
        import_wanted, export_wanted.
    """

    chosen = Signal()
    generate_wanted = Signal()
    import_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self.dataset = shell.knowledge_base, dataset
        self._coverage: dict[int, int] = {}
        self._only_chunk: int | None = None
        self.pages = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.pages.setAccessibleName(_("Chunks or pairs"))
        for text, name in ((_("Chunks"), "documents"), (_("Pairs"), "pairs")):
            self.pages.addTab(icon(name, "muted"), text)
        self.coverage_bar = QProgressBar(textVisible=False)
        self.coverage_bar.setAccessibleName(_("Chunks with pairs"))
        self.coverage_text = QLabel()
        theme.set_role(self.coverage_text, "caption")
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(self.pages)
        head.addStretch(1)
        head.addWidget(self.coverage_bar, 1)
        head.addWidget(self.coverage_text)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._make_chunk_page())
        self.stack.addWidget(self._make_pair_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.stack, 1)
        self._chunk_rows = RowQuery(shell, self.chunk_table, self._chunk_query, self)
        self._pair_rows = RowQuery(shell, self.pair_table, self._pair_query, self)
        for rows, search in ((self._chunk_rows, self.chunk_search), (self._pair_rows, self.pair_search)):
            rows.shown.connect(self._rows_shown)
            search.textChanged.connect(rows.reload_soon)
        self.pages.currentChanged.connect(self._turn_page)
        self.refresh()

    @property
    def page(self) -> int:
        """CHUNKS or PAIRS."""
        return self.stack.currentIndex()

    def show_page(self, page: int) -> None:
        self.pages.setCurrentIndex(page)

    def show_dataset(self, dataset: str) -> None:
        self.dataset = dataset
        self.refresh()

    def show_pairs_of(self, chunk_id: int) -> None:
        """Only the pairs about this chunk, until the button beside says otherwise."""
        self._only_chunk = chunk_id
        self.only_button.show()
        self.state_filter.setCurrentIndex(0)
        self.show_page(PAIRS)
        self.refresh_rows()

    def focus_search(self) -> None:
        search = self.pair_search if self.page == PAIRS else self.chunk_search
        search.setFocus()
        search.selectAll()

    def selected_chunks(self) -> array[int]:
        return selected_ids(self.chunk_table)

    def selected_pairs(self) -> array[int]:
        return selected_ids(self.pair_table)

    def current_chunk(self) -> Chunk | None:
        index = self.chunk_table.currentIndex()
        return self.chunk_model.row(index.row()) if index.isValid() else None

    def current_pair(self) -> Pair | None:
        index = self.pair_table.currentIndex()
        return self.pair_model.row(index.row()) if index.isValid() else None

    def pair_count_of(self, chunk_id: int) -> int:
        return self._coverage.get(chunk_id, 0)

    def go_on_from(self, row: int) -> None:
        """After a verdict: the row that took the place, or the one below it if it stayed."""
        if not self.pair_model.ids:
            return
        row = min(row, len(self.pair_model.ids) - 1)
        self.pair_table.setCurrentIndex(self.pair_model.index(row, 0))

    def choose_pair(self, pair_id: int) -> None:
        """Show the pairs with this one as the current."""
        self.show_page(PAIRS)
        self.state_filter.setCurrentIndex(0)
        if (row := self.pair_model.row_of(pair_id)) >= 0:
            self.pair_table.setCurrentIndex(self.pair_model.index(row, 0))

    def show_new(self) -> None:
        """Only the pairs that nobody has judged yet, from the first."""
        self.show_page(PAIRS)
        self.state_filter.setCurrentIndex(TO_REVIEW)
        self.go_on_from(0)

    def refresh(self) -> None:
        """Read everything anew."""
        self._coverage = self._store.coverage(self.dataset)
        total = max(0, self._store.count_chunks() - self._store.flag_counts()["excluded"])
        covered = min(len(self._coverage), total)
        self.coverage_bar.setRange(0, max(total, 1))
        self.coverage_bar.setValue(covered)
        self.coverage_text.setText(_("{covered:,} of {total:,} chunks have pairs").format(covered=covered, total=total))
        current = self.document_filter.currentText()
        sources = [document.source for document in self._store.documents() if document.state == "ready"]
        self.document_filter.blockSignals(True)
        self.document_filter.clear()
        self.document_filter.addItem(_("All documents"), None)
        for source in sources:
            self.document_filter.addItem(source, source)
        self.document_filter.setCurrentIndex(max(0, self.document_filter.findText(current)))
        self.document_filter.blockSignals(False)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Ask again for the rows that match search and filters."""
        self._chunk_rows.reload()
        self._pair_rows.reload()

    def _chunk_query(self) -> Query:
        order, is_descending = _order(self.chunk_table)
        search, document = self.chunk_search.text(), self.document_filter.currentData()
        return lambda store: store.chunk_ids(search, document, "included", order or "source", is_descending)

    def _pair_query(self) -> Query:
        order, is_descending = _order(self.pair_table)
        dataset, state, search = self.dataset, self.state_filter.currentData(), self.pair_search.text()
        chunk = self._only_chunk
        return lambda store: store.pair_ids(
            dataset, state, search, chunk=chunk, order=order or "id", is_descending=is_descending
        )

    def _rows_shown(self) -> None:
        self._count()
        self.chosen.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # What can be read in the right pane too gives way to the text.
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 62
        for table, sections in ((self.chunk_table, (2, 3)), (self.pair_table, (2, 3))):
            for section in sections:
                table.setColumnHidden(section, is_narrow)
        self.coverage_text.setVisible(not is_narrow)
        for button, text in ((self.import_button, _("Import…")), (self.export_button, _("Export…"))):
            button.setText("" if is_narrow else text)
            button.setAccessibleName(text)
            button.setToolTip(text if is_narrow else "")
        self.coverage_bar.setToolTip(self.coverage_text.text())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "pair_table"):
            fit_columns(self.chunk_table)
            fit_columns(self.pair_table)

    def _count(self) -> None:
        chunks, selected = len(self.chunk_model.ids), selected_count(self.chunk_table)
        text = ngettext("{count:,} chunk", "{count:,} chunks", chunks).format(count=chunks)
        if selected:
            text += " · " + _("{count:,} selected").format(count=selected)
        self.chunk_count.setText(text)
        self.generate_button.setEnabled(bool(selected))
        counts = next((row for row in self._store.datasets() if row.name == self.dataset), None)
        pairs, rejected = (counts.pairs, counts.rejected) if counts else (0, 0)
        text = ngettext("{count:,} pair in use", "{count:,} pairs in use", pairs).format(count=pairs)
        if rejected:
            text += " · " + _("{count:,} left out").format(count=rejected)
        self.pair_count.setText(text)
        reasons = self._store.rejections(self.dataset)
        self.why_button.setVisible(bool(reasons))
        self.reasons.setText("\n".join(f"{count} × {REASONS.get(reason, reason)}" for reason, count in reasons.items()))
        self.reasons.setVisible(bool(reasons) and self.state_filter.currentIndex() == DID_NOT_PASS)
        self.export_button.setEnabled(bool(pairs))
        self.no_pairs.say(
            "" if self.pair_model.ids else _("No pair matches.") if counts
            else _("No pairs yet. Choose at the left who is to write them, then “Generate”.")
        )
        self.no_chunks.say(
            "" if self.chunk_model.ids else _("No chunk matches.") if self._store.count_chunks()
            else _("The chunks of your documents appear here. Read them, choose some, or make pairs from all of them.")
        )

    def _turn_page(self, page: int) -> None:
        self.stack.setCurrentIndex(page)
        self.chosen.emit()

    def _select(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self._count()

    def _choose(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.chosen.emit()

    def _show_reasons(self) -> None:
        self.state_filter.setCurrentIndex(DID_NOT_PASS)

    def _show_all_chunks(self) -> None:
        self._only_chunk = None
        self.only_button.hide()
        self.refresh_rows()

    def _make_chunk_page(self) -> QWidget:
        self.chunk_search = _search_field(_("Search in the chunks"))
        self.document_filter = QComboBox()
        self.document_filter.setAccessibleName(_("Document"))
        self.document_filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.document_filter.setMinimumContentsLength(14)
        self.chunk_model = TableModel(
            [
                Column("#", lambda chunk: str(chunk.chunk_index + 1), "source", "0000", is_number=True),
                Column(_("Text"), lambda chunk: _one_line(chunk.content), "content"),
                Column(_("Source"), lambda chunk: chunk.source, "source", "document.pdf", tooltip=lambda chunk: chunk.source),
                Column(_("Tokens"), lambda chunk: str(chunk.token_count), "token_count", "0000", is_number=True),
                Column(_("Pairs"), lambda chunk: str(self._coverage.get(chunk.id) or ""), "", "000", is_number=True),
            ],
            self._store.chunks, self,
        )  # fmt: skip
        self.chunk_table = _table(_("Chunks"), self.chunk_model)
        self.no_chunks = EmptyNote(self.chunk_table)
        self.chunk_count = QLabel(wordWrap=True)
        theme.set_role(self.chunk_count, "muted")
        self.generate_button = QPushButton(icon("pairs"), _("Make pairs from the selection"))
        self.generate_button.clicked.connect(self.generate_wanted)
        self.document_filter.currentIndexChanged.connect(self.refresh_rows)
        self._wire(self.chunk_table)
        return _page([self.chunk_search, self.document_filter], [self.chunk_table], [self.chunk_count, self.generate_button])

    def _make_pair_page(self) -> QWidget:
        self.pair_search = _search_field(_("Search in the pairs"))
        self.state_filter = QComboBox()
        self.state_filter.setAccessibleName(_("State"))
        for text, states in _FILTERS:
            self.state_filter.addItem(text, states)
        self.only_button = QPushButton(icon("close"), _("Only this chunk"))
        self.only_button.setToolTip(_("Show the pairs of all chunks again"))
        self.only_button.hide()
        self.pair_model = TableModel(
            [
                Column("", lambda pair: "", "state", "  ", icon=_state_icon, tooltip=_state_text),
                Column(_("Question"), lambda pair: _one_line(pair.instruction), "instruction"),
                Column(_("Style"), _style, "style", "Conversational"),
                Column(_("Source"), lambda pair: pair.source, "source", "document.pdf", tooltip=lambda pair: pair.source),
            ],
            self._store.pairs, self, is_dim=lambda pair: pair.state in ("rejected", "failed"),
        )  # fmt: skip
        self.pair_table = _table(_("Pairs"), self.pair_model)
        self.no_pairs = EmptyNote(self.pair_table)
        self.reasons = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.reasons, "muted")
        self.pair_count = QLabel(wordWrap=True)
        theme.set_role(self.pair_count, "muted")
        self.why_button = QPushButton(_("Why?"))
        self.why_button.setAccessibleName(_("Why were pairs left out?"))
        theme.set_role(self.why_button, "link")
        self.import_button = QPushButton(icon("import"), _("Import…"))
        self.export_button = QPushButton(icon("export"), _("Export…"))
        self.why_button.clicked.connect(self._show_reasons)
        self.import_button.clicked.connect(self.import_wanted)
        self.export_button.clicked.connect(self.export_wanted)
        self.only_button.clicked.connect(self._show_all_chunks)
        self.state_filter.currentIndexChanged.connect(self.refresh_rows)
        self._wire(self.pair_table)
        return _page(
            [self.pair_search, self.only_button, self.state_filter],
            [self.pair_table, self.reasons],
            [self.pair_count, self.why_button, self.import_button, self.export_button],
        )

    def _wire(self, table: QTableView) -> None:
        table.horizontalHeader().setSectionsClickable(True)
        table.horizontalHeader().setSortIndicatorShown(True)
        # As they came, until a person wants it otherwise: a list sorted by state would move under every verdict.
        table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.horizontalHeader().sortIndicatorChanged.connect(self.refresh_rows)
        table.selectionModel().currentRowChanged.connect(self._choose)
        table.selectionModel().selectionChanged.connect(self._select)


def _page(head: list[QWidget], middle: list[QWidget], foot: list[QWidget]) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.GAP)
    for widgets in (head, None, foot):
        if widgets is None:
            for place, widget in enumerate(middle):
                column.addWidget(widget, 0 if place else 1)
            continue
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for place, widget in enumerate(widgets):
            row.addWidget(widget, 0 if place else 1)
        column.addLayout(row)
    return page


def _table(name: str, model: TableModel) -> QTableView:
    table = QTableView(textElideMode=Qt.TextElideMode.ElideRight)
    table.setAccessibleName(name)
    prepare(table, model)
    return table


def _search_field(hint: str) -> QLineEdit:
    field = QLineEdit(placeholderText=hint, clearButtonEnabled=True)
    field.setAccessibleName(hint)
    field.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
    field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return field


def _order(table: QTableView) -> tuple[str, bool]:
    header = table.horizontalHeader()
    if header.sortIndicatorSection() < 0:
        return "", False
    column = table.model().columns[header.sortIndicatorSection()]
    return column.order, header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder


def _one_line(text: str) -> str:
    return " ".join(text[:LONGEST_CELL].split())


def _state_icon(pair: Pair) -> QIcon | None:
    _word, name, color = PAIR_STATES[pair.state]
    return icon("stale", "warning") if pair.is_stale else icon(name, color)


def _state_text(pair: Pair) -> str:
    stale = _("its chunk has changed since") if pair.is_stale else ""
    return " · ".join(filter(None, [PAIR_STATES[pair.state][0], REASONS.get(pair.reason, pair.reason), stale]))


def _style(pair: Pair) -> str:
    return STYLES[pair.style].label if pair.style in STYLES else pair.style
