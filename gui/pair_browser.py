"""Chunks to ask about and the pairs made from them, as two tables over each other."""

from __future__ import annotations

from array import array

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
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
from gui.icon import icon
from gui.pair_review import PAIR_STATES
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_count, selected_ids, show_ids
from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk, Pair
from services.sft_data.gate import REASONS
from services.sft_data.style import STYLES
from services.translation import _, ngettext

CHUNKS, PAIRS = 0, 1
SEARCH_DELAY_MS = 200
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

    def __init__(self, store: KnowledgeBase, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self.dataset = store, dataset
        self._coverage: dict[int, int] = {}
        self._only_chunk: int | None = None
        self.pages = QTabBar(drawBase=False, expanding=False)
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
        self._search_timer = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._search_timer.timeout.connect(self.refresh_rows)
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
        chunk_column = self.chunk_model.columns[max(0, self.chunk_table.horizontalHeader().sortIndicatorSection())]
        show_ids(
            self.chunk_table,
            self._store.chunk_ids(
                self.chunk_search.text(), self.document_filter.currentData(), "included",
                chunk_column.order or "source", self._is_descending(self.chunk_table),
            ),
        )  # fmt: skip
        pair_column = self.pair_model.columns[max(0, self.pair_table.horizontalHeader().sortIndicatorSection())]
        show_ids(
            self.pair_table,
            self._store.pair_ids(
                self.dataset, self.state_filter.currentData(), self.pair_search.text(), chunk=self._only_chunk,
                order=pair_column.order or "id", is_descending=self._is_descending(self.pair_table),
            ),
        )  # fmt: skip
        self._count()
        self.chosen.emit()

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
        self.no_pairs.setVisible(not self.pair_model.ids)
        self.no_pairs.setText(
            _("No pair matches.") if counts else _("No pairs yet. Choose at the left who is to write them, then “Generate”.")
        )

    def _turn_page(self, page: int) -> None:
        self.stack.setCurrentIndex(page)
        self.chosen.emit()

    def _search_soon(self) -> None:
        self._search_timer.start()

    def _select(self, *_changed: object) -> None:
        self._count_selection()

    def _count_selection(self) -> None:
        self._count()

    def _choose(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.chosen.emit()

    def _show_reasons(self) -> None:
        self.state_filter.setCurrentIndex(DID_NOT_PASS)

    def _show_all_chunks(self) -> None:
        self._only_chunk = None
        self.only_button.hide()
        self.refresh_rows()

    @staticmethod
    def _is_descending(table: QTableView) -> bool:
        return table.horizontalHeader().sortIndicatorOrder() == Qt.SortOrder.DescendingOrder

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
                Column(_("Source"), lambda chunk: chunk.source, "source", "documents.pdf", tooltip=lambda chunk: chunk.source),
                Column(_("Tokens"), lambda chunk: str(chunk.token_count), "token_count", "0000", is_number=True),
                Column(_("Pairs"), lambda chunk: str(self._coverage.get(chunk.id) or ""), "", "000", is_number=True),
            ],
            self._store.chunks, self,
        )  # fmt: skip
        self.chunk_table = _table(_("Chunks"), self.chunk_model)
        self.chunk_count = QLabel()
        theme.set_role(self.chunk_count, "muted")
        self.generate_button = QPushButton(icon("pairs"), _("Make pairs from the selection"))
        self.generate_button.clicked.connect(self.generate_wanted)
        self.chunk_search.textChanged.connect(self._search_soon)
        self.document_filter.currentIndexChanged.connect(self.refresh_rows)
        self._wire(self.chunk_table)
        return _page([self.chunk_search, self.document_filter], [self.chunk_table], [self.chunk_count, None, self.generate_button])

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
                Column(_("Source"), lambda pair: pair.source, "source", "documents.pdf", tooltip=lambda pair: pair.source),
            ],
            self._store.pairs, self, is_dim=lambda pair: pair.state in ("rejected", "failed"),
        )  # fmt: skip
        self.pair_table = _table(_("Pairs"), self.pair_model)
        self.no_pairs = QLabel(wordWrap=True)
        self.reasons = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        for label in (self.no_pairs, self.reasons):
            theme.set_role(label, "muted")
        self.pair_count = QLabel()
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
        self.pair_search.textChanged.connect(self._search_soon)
        self.state_filter.currentIndexChanged.connect(self.refresh_rows)
        self._wire(self.pair_table)
        return _page(
            [self.pair_search, self.only_button, self.state_filter],
            [self.pair_table, self.no_pairs, self.reasons],
            [self.pair_count, self.why_button, None, self.import_button, self.export_button],
        )

    def _wire(self, table: QTableView) -> None:
        table.horizontalHeader().setSectionsClickable(True)
        table.horizontalHeader().setSortIndicatorShown(True)
        table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        table.horizontalHeader().sortIndicatorChanged.connect(self.refresh_rows)
        table.selectionModel().currentRowChanged.connect(self._choose)
        table.selectionModel().selectionChanged.connect(self._select)


def _page(head: list[QWidget], middle: list[QWidget], foot: list[QWidget | None]) -> QWidget:
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
            row.addStretch() if widget is None else row.addWidget(widget, 1 if widgets is head and not place else 0)
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
