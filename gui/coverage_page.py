"""The chunks to ask about, with what has been asked about each already: by chunk, or by document."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QIcon, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.coverage_count import Counts, CoverageCount
from gui.empty_note import EmptyNote
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.row_query import Query, RowQuery
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_count, selected_ids, show_ids
from services.knowledge_base.coverage_row import Coverage, CoveredChunk, CoveredDocument
from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk
from services.translation import _, ngettext

LONGEST_CELL = 200
FACTS = 3  # its column; what is sorted by it is sorted by coverage
LEAST_WIDTH = {0: 46, 2: 112, 4: 40, 5: 90, 6: 76}  # in letters, of the page; below it a column gives way to the text


class CoveragePage(QWidget):
    """
    Signals:
        chosen: another chunk is the current one. selected: others are selected.
        generate_wanted, preview_wanted: make pairs from what is selected.
        pairs_asked_for: show the pairs of the current chunk.

    ``bar`` and ``text`` say how much is covered in all; ``counts`` has it in numbers.
    """

    chosen = Signal()
    selected = Signal()
    generate_wanted = Signal()
    preview_wanted = Signal()
    pairs_asked_for = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._store, self._dataset = shell, shell.knowledge_base, dataset
        self._documents: dict[int, CoveredDocument] = {}  # by id, in the order of the list
        self._is_outdated = False  # something changed while another page was in front
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName(_("Facts that have a question"))
        self.text = QLabel()
        theme.set_role(self.text, "caption")
        self._make_head()
        self._make_tables()
        self._make_actions()
        self._lay_out()
        self._rows = RowQuery(shell, self.table, self._query, self)
        self._rows.shown.connect(self._rows_shown)
        self.counts = CoverageCount(shell, self)
        self.counts.counted.connect(self._show_counts)
        self.search.textChanged.connect(self._rows.reload_soon)
        self.document.currentIndexChanged.connect(self._reload_rows)

    # What others ask of the page

    def show_dataset(self, dataset: str) -> None:
        self._dataset = dataset
        self.refresh()

    def refresh(self) -> None:
        """Count everything anew; the rows of a page that is behind another one wait until it is in front."""
        self.counts.count(self._dataset)
        self._is_outdated = not self.isVisible()
        if not self._is_outdated:
            self._rows.reload_soon() if self._shell.is_busy else self._rows.reload()

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def selected_chunks(self) -> array[int]:
        """The selected chunks, or all usable ones of the selected documents."""
        return self.selection()(self._store)

    def selection(self) -> Query:
        """What finds ``selected_chunks``, in whatever thread."""
        if not self.is_by_document:
            ids = selected_ids(self.table)
            return lambda _store: ids
        sources = [self._documents[row_id].source for row_id in selected_ids(self.document_table)]

        def find(store: KnowledgeBase) -> array[int]:
            found: array[int] = array("q")
            for source in sources:
                found.extend(store.chunk_ids(document=source, flag="included", order="source"))
            return found

        return find

    def selected_count(self) -> int:
        """How many chunks, or documents, are selected."""
        return selected_count(self.document_table if self.is_by_document else self.table)

    def current(self) -> CoveredChunk | None:
        """The chunk under the cursor, with its coverage."""
        index = self.table.currentIndex()
        return None if self.is_by_document or not index.isValid() else self.model.row(index.row())

    def current_chunk(self) -> Chunk | None:
        row = self.current()
        return row.chunk if row else None

    @property
    def is_by_document(self) -> bool:
        return self.by_document.isChecked()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_outdated:
            self._is_outdated = False
            self._rows.reload()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        letters = self.width() / self.fontMetrics().averageCharWidth()
        for section, least in LEAST_WIDTH.items():  # the right pane and the tool tips say the same
            self.table.setColumnHidden(section, letters < least)
        self.document_table.setColumnHidden(1, letters < 60)
        self.by_document.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonIconOnly if letters < 60 else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "table"):
            fit_columns(self.table)
            fit_columns(self.document_table)

    # Rows

    def _query(self) -> Query:
        header = self.table.horizontalHeader()
        order = self.model.columns[max(0, header.sortIndicatorSection())].order
        is_descending = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        dataset, search, document = self._dataset, self.search.text(), self.document.currentData()
        return lambda store: store.covered_chunk_ids(dataset, search, document, order, is_descending)

    def _fetch(self, ids: list[int]) -> list[CoveredChunk]:
        return self._store.covered_chunks(self._dataset, ids)

    def _fetch_documents(self, ids: list[int]) -> list[_Row]:
        return [_Row(row_id, self._documents[row_id]) for row_id in ids if row_id in self._documents]

    def _reload_rows(self) -> None:
        self._rows.reload()

    def _rows_shown(self) -> None:
        self._say_count()
        self.chosen.emit()

    def _show_counts(self, counts: Counts) -> None:
        documents = counts.documents
        total = Coverage(
            sum(row.chunks for row in documents), sum(row.asked for row in documents), sum(row.facts for row in documents),
            sum(row.covered for row in documents),
        )  # fmt: skip
        done, of = (total.covered, total.facts) if total.facts else (total.asked, total.chunks)
        self.bar.setRange(0, max(of, 1))
        self.bar.setValue(done)
        said = (
            _("{covered:,} of {total:,} facts have a question") if total.facts else _("{covered:,} of {total:,} chunks have pairs")
        ).format(covered=done, total=of)
        self.text.setText(said if total.chunks else "")
        asked = _("{covered:,} of {total:,} chunks have pairs").format(covered=total.asked, total=total.chunks)
        self.bar.setToolTip(said if said == asked else f"{said}\n{asked}")
        self.text.setToolTip(self.bar.toolTip())
        # Chunks of other programs belong to no document.
        self._documents = {row.id or -place: row for place, row in enumerate(documents, 1)}
        show_ids(self.document_table, array("q", self._documents))
        self._offer_documents(documents)
        self._say_count()

    def _offer_documents(self, documents: list[CoveredDocument]) -> None:
        current = self.document.currentData()
        self.document.blockSignals(True)
        self.document.clear()
        self.document.addItem(_("All documents"), None)
        for row in sorted(documents, key=lambda row: row.source.casefold()):
            self.document.addItem(f"{row.source} · {row.share:.0%}", row.source)
        place = self.document.findData(current) if current else 0
        self.document.setCurrentIndex(max(0, place))
        self.document.blockSignals(False)
        if place < 0:  # the document is gone, and its chunks with it
            self._rows.reload()

    def _say_count(self, *_change: object) -> None:
        selected = self.selected_count()
        if self.is_by_document:
            count = len(self.document_model.ids)
            text = ngettext("{count:,} document", "{count:,} documents", count).format(count=count)
        else:
            count = len(self.model.ids)
            text = ngettext("{count:,} chunk", "{count:,} chunks", count).format(count=count)
        if selected:
            text += " · " + _("{count:,} selected").format(count=selected)
        self.count.setText(text)
        for action in (self.generate_action, self.preview_action):
            action.setEnabled(bool(selected))
        self.generate_button.setEnabled(bool(selected))
        self.selected.emit()
        has_chunks = self._store.has_chunks()
        empty = _("The chunks of your documents appear here. Read them, choose some, or make pairs from all of them.")
        self.no_chunks.say("" if self.model.ids else _("No chunk matches.") if has_chunks else empty)
        self.no_documents.say("" if self.document_model.ids else empty)

    def _show_by(self, is_by_document: bool) -> None:
        self.stack.setCurrentIndex(int(is_by_document))
        for field in (self.search, self.document):
            field.setEnabled(not is_by_document)
        self._say_count()
        self.chosen.emit()

    def _open_document(self, index: QModelIndex) -> None:
        """The chunks of this document only."""
        source = self._documents[self.document_model.ids[index.row()]].source
        self.by_document.setChecked(False)
        self.document.setCurrentIndex(self.document.findData(source))
        self.table.setFocus()

    def _open_current_document(self) -> None:
        if self.document_table.currentIndex().isValid():
            self._open_document(self.document_table.currentIndex())

    def _choose(self, *_rows: object) -> None:
        self.chosen.emit()

    # Widgets

    def _make_head(self) -> None:
        hint = _("Search in the chunks")
        self.search = QLineEdit(placeholderText=hint, clearButtonEnabled=True)
        self.search.setAccessibleName(hint)
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.document = QComboBox(toolTip=_("Only the chunks of one document; behind each, how much of it is covered"))
        self.document.setAccessibleName(_("Document"))
        self.document.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.document.setMinimumContentsLength(8)
        self.by_document = QToolButton(icon=icon("documents"), text=_("By document"), checkable=True)
        self.by_document.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.by_document.setToolTip(_("Lists the documents with what is covered of each, to make pairs from whole ones"))
        self.by_document.toggled.connect(self._show_by)

    def _make_tables(self) -> None:
        self.model = TableModel(
            [
                Column("#", lambda row: str(row.chunk.chunk_index + 1), "source", "0000", is_number=True),
                Column(_("Text"), lambda row: " ".join(row.chunk.content[:LONGEST_CELL].split()), "content"),
                Column(_("Source"), lambda row: row.chunk.source, "source", "document.pdf", tooltip=lambda row: row.chunk.source),
                Column(_("Facts"), _facts, "coverage", "00 of 00", is_number=True, tooltip=_say_facts, icon=_facts_icon),
                Column(_("Pairs"), lambda row: str(row.pairs or ""), "pairs", "000", is_number=True, tooltip=_say_states),
                Column(_("To review"), _count_of("new"), "", "000", is_number=True, tooltip=_say_states),
                Column(_("Left out"), _count_of("rejected", "failed"), "", "000", is_number=True, tooltip=_say_states),
            ],
            self._fetch, self,
        )  # fmt: skip
        self.table = QTableView(textElideMode=Qt.TextElideMode.ElideRight)
        self.table.setAccessibleName(_("Chunks"))
        prepare(self.table, self.model)
        header = self.table.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(FACTS, Qt.SortOrder.AscendingOrder)
        header.setToolTip(_("Sorts by this column; once more the other way round. By “Facts”, the least covered come first."))
        header.sortIndicatorChanged.connect(self._reload_rows)
        self.document_model = TableModel(
            [
                Column(_("Document"), lambda row: row.of.source, tooltip=lambda row: row.of.source),
                Column(_("Chunks"), lambda row: f"{row.of.chunks:,}", "", "00,000", is_number=True),
                Column(_("Facts"), lambda row: _facts(row.of), "", "0000 of 0000", is_number=True),
                Column(_("Covered"), lambda row: f"{row.of.share:.0%}", "", "100 %", is_number=True),
                Column(_("Pairs"), lambda row: str(row.of.pairs or ""), "", "0000", is_number=True),
            ],
            self._fetch_documents, self,
        )  # fmt: skip
        self.document_table = QTableView(textElideMode=Qt.TextElideMode.ElideMiddle)
        self.document_table.setAccessibleName(_("Documents, the least covered first"))
        prepare(self.document_table, self.document_model)
        self.document_table.activated.connect(self._open_document)
        self.no_chunks, self.no_documents = EmptyNote(self.table), EmptyNote(self.document_table)
        for table in (self.table, self.document_table):
            table.selectionModel().currentRowChanged.connect(self._choose)
            table.selectionModel().selectionChanged.connect(self._say_count)

    def _make_actions(self) -> None:
        self.generate_action = self._action(_("Make pairs from the selection"), "pairs", "G", self.generate_wanted)
        self.preview_action = self._action(_("Preview on the selection"), "search", "V", self.preview_wanted)
        show_pairs = self._action(_("Show its pairs"), "", "P", self.pairs_asked_for)
        show_chunks = self._action(_("Show its chunks"), "", "C", self._open_current_document)
        both = [self.generate_action, self.preview_action]
        for table, actions in ((self.table, [*both, show_pairs]), (self.document_table, [*both, show_chunks])):
            table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            table.addActions(actions)
        self.count = QLabel()
        theme.set_role(self.count, "muted")
        self.generate_button = QPushButton(icon("pairs"), self.generate_action.text())
        self.generate_button.setToolTip(_("Asks about the selected chunks or documents only (G)"))
        self.generate_button.clicked.connect(self.generate_wanted)

    def _action(self, text: str, picture: str, key: str, act: Callable[[], object] | SignalInstance) -> QAction:
        action = QAction(icon(picture) if picture else QIcon(), text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(act)
        return action

    def _lay_out(self) -> None:
        head, total = QHBoxLayout(), QHBoxLayout()
        for row in (head, total):
            row.setSpacing(theme.GAP)
        head.addWidget(self.search, 3)
        head.addWidget(self.document, 2)
        head.addWidget(self.by_document)
        total.addWidget(self.bar, 1)
        total.addWidget(self.text)
        foot = FlowBox(self.generate_button, self.count)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.document_table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addLayout(total)
        column.addWidget(self.stack, 1)
        column.addWidget(foot)


class _Row:
    """A document under the id that the table knows it by."""

    __slots__ = ("id", "of")

    def __init__(self, row_id: int, of: CoveredDocument) -> None:
        self.id, self.of = row_id, of


def _facts(row: CoveredChunk | CoveredDocument) -> str:
    return _("{covered} of {facts}").format(covered=row.covered, facts=row.facts) if row.facts else ""


def _facts_icon(row: CoveredChunk) -> QIcon | None:
    return icon("check", "success") if row.facts and row.covered == row.facts else None


def _say_facts(row: CoveredChunk) -> str:
    if not row.facts:
        return _("No facts were looked for here yet; the first pairs bring them.")
    return _("{facts} facts were found; {covered} of them have a question.").format(facts=row.facts, covered=row.covered)


def _count_of(*states: str) -> Callable[[CoveredChunk], str]:
    return lambda row: str(sum(row.states.get(state, 0) for state in states) or "")


def _say_states(row: CoveredChunk) -> str:
    words = {
        "new": _("{count} to review"), "accepted": _("{count} accepted"), "edited": _("{count} edited"),
        "rejected": _("{count} rejected by you"), "failed": _("{count} did not pass"),
    }  # fmt: skip
    return " · ".join(word.format(count=row.states[state]) for state, word in words.items() if row.states.get(state))
