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
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.coverage_page import CoveragePage
from gui.empty_note import EmptyNote
from gui.generation_report import GenerationReport
from gui.icon import icon
from gui.pair_review import PAIR_STATES
from gui.row_query import Query, RowQuery
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_ids
from services.records import Pair
from services.sft_data.gate import REASONS
from services.sft_data.style import STYLES
from services.translation import _, ngettext

CHUNKS, PAIRS, REPORT = 0, 1, 2
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
        import_wanted, export_wanted.
    """

    chosen = Signal()
    import_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self.dataset = shell.knowledge_base, dataset
        self._only_chunk: int | None = None
        self.pages = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.pages.setAccessibleName(_("Chunks, pairs or report"))
        for text, name in ((_("Chunks"), "documents"), (_("Pairs"), "pairs"), (_("Report"), "chart")):
            self.pages.addTab(icon(name, "muted"), text)
        self.coverage, self.report = CoveragePage(shell, dataset), GenerationReport(shell, dataset)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(self.pages)
        head.addStretch(1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.coverage)
        self.stack.addWidget(self._make_pair_page())
        self.stack.addWidget(self.report)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.stack, 1)
        self._pair_rows = RowQuery(shell, self.pair_table, self._pair_query, self)
        self._pair_rows.shown.connect(self._rows_shown)
        self.pair_search.textChanged.connect(self._pair_rows.reload_soon)
        self.coverage.chosen.connect(self.chosen)
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
        self.coverage.show_dataset(dataset)
        self.report.show_dataset(dataset)
        self.refresh_rows()

    def show_pairs_of(self, chunk_id: int) -> None:
        """Only the pairs about this chunk, until the button beside says otherwise."""
        self._only_chunk = chunk_id
        self.only_button.show()
        self.state_filter.setCurrentIndex(0)
        self.show_page(PAIRS)
        self.refresh_rows()

    def focus_search(self) -> None:
        if self.page == CHUNKS:
            self.coverage.focus_search()
            return
        self.pair_search.setFocus()
        self.pair_search.selectAll()

    def selected_pairs(self) -> array[int]:
        return selected_ids(self.pair_table)

    def current_pair(self) -> Pair | None:
        index = self.pair_table.currentIndex()
        return self.pair_model.row(index.row()) if index.isValid() else None

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
        self.coverage.refresh()
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Ask again for the rows that match search and filters."""
        self._pair_rows.reload()

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
        for section in (2, 3):
            self.pair_table.setColumnHidden(section, is_narrow)
        for button, text in ((self.import_button, _("Import…")), (self.export_button, _("Export…"))):
            button.setText("" if is_narrow else text)
            button.setAccessibleName(text)
            button.setToolTip(text if is_narrow else "")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "pair_table"):
            fit_columns(self.pair_table)

    def _count(self) -> None:
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

    def _turn_page(self, page: int) -> None:
        self.stack.setCurrentIndex(page)
        self.chosen.emit()

    def _select(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self._count()

    def _choose(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.chosen.emit()

    def show_left_out(self) -> None:
        """Only the pairs that did not pass, with the reasons."""
        self.show_page(PAIRS)
        self.state_filter.setCurrentIndex(DID_NOT_PASS)

    def _show_all_chunks(self) -> None:
        self._only_chunk = None
        self.only_button.hide()
        self.refresh_rows()

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
        self.why_button.clicked.connect(self.show_left_out)
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
