"""The pairs of a dataset: filtered, sorted and counted in SQL, and judged one by one or all at once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.empty_note import EmptyNote
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.latest_answer import LatestAnswer
from gui.pair_filter import TO_REVIEW, PairFilter
from gui.pair_words import PAIR_STATES, one_line, say_state, short_reason, style_label
from gui.row_query import PairQuery, RowQuery
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_ids
from services.knowledge_base.pair_query import USABLE_STATES, PairCounts
from services.knowledge_base.store import KnowledgeBase
from services.records import Pair
from services.translation import _, ngettext

QUESTION, STYLE, SOURCE, REASON = range(1, 5)
MOST_MERGED = 8  # pairs that become one: more is a slip of the hand


class _Overview(NamedTuple):
    counts: PairCounts
    documents: list[str]


class PairPage(QWidget):
    """
    Signals:
        chosen: another pair is the current one, or it has changed.
        judged_all(state): every pair that is shown is to become "accepted" or "rejected".
        split_wanted, merge_wanted: the current pair is to become two; the selected ones, one.
        import_wanted, export_wanted.
    """

    chosen = Signal()
    judged_all = Signal(str)
    split_wanted = Signal()
    merge_wanted = Signal()
    import_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._writes, self._dataset = shell.knowledge_base, shell.writes, dataset
        self.filter = PairFilter()
        self.model = TableModel(
            [
                Column("", lambda pair: "", "state", "  ", icon=self._state_icon, tooltip=self._say_state),
                Column(_("Question"), lambda pair: one_line(pair.instruction), "instruction"),
                Column(_("Style"), lambda pair: style_label(pair.style), "style", "Conversational"),
                Column(_("Source"), lambda pair: pair.source, "source", "document.pdf", tooltip=lambda pair: pair.source),
                Column(_("Reason"), lambda pair: short_reason(pair.reason), "reason", "can be answered", tooltip=say_state),
            ],
            self.read, self, is_dim=lambda pair: pair.state in ("rejected", "failed"),
        )  # fmt: skip
        self.table = QTableView(textElideMode=Qt.TextElideMode.ElideRight)
        self.table.setAccessibleName(_("Pairs"))
        prepare(self.table, self.model)
        header = self.table.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        # As they came, until a person wants it otherwise: a list sorted by state would move under every verdict.
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self.reload)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.table.selectionModel().selectionChanged.connect(self._say_selected)
        self.nothing = EmptyNote(self.table)
        self.count = QLabel()
        theme.set_role(self.count, "muted")
        self.why_button = QPushButton(_("Why?"))
        self.why_button.setAccessibleName(_("Why were pairs left out?"))
        theme.set_role(self.why_button, "link")
        self.why_button.clicked.connect(self.filter.show_why)
        self.split_button = _button("split", _("Split"), _("Makes two pairs of this one (S)"))
        self.merge_button = _button("merge", _("Merge"), _("Makes one pair of those selected (M)"))
        self.all_button = QPushButton(_("All shown"))
        self.all_button.setToolTip(_("Judge every pair that the filter shows, at once. Ctrl+Z takes it back."))
        menu = QMenu(self.all_button)
        self.accept_all = menu.addAction(icon("check", "success"), "", self._accept_all)
        self.reject_all = menu.addAction(icon("close", "danger"), "", self._reject_all)
        self.all_button.setMenu(menu)
        self.import_button = _button("import", _("Import…"), _("Takes pairs in from a file"))
        self.export_button = _button("export", _("Export…"), _("Writes pairs to a file, in the form that you choose"))
        self.split_button.clicked.connect(self.split_wanted)
        self.merge_button.clicked.connect(self.merge_wanted)
        self.import_button.clicked.connect(self.import_wanted)
        self.export_button.clicked.connect(self.export_wanted)
        self._lay_out()
        self.rows = RowQuery(shell, self.table, self._query, self)
        self.rows.shown.connect(self._rows_shown)
        self._overview = LatestAnswer(shell, self)
        self._overview.answered.connect(self._show_overview)
        self.filter.changed.connect(self.reload)
        self.filter.typed.connect(self.rows.reload_soon)
        self.filter.entered.connect(self.table.setFocus)
        self._counts: PairCounts | None = None
        shell.writes.moved.connect(self._say_moved)
        self._say_selected()

    # What is shown

    def show_dataset(self, dataset: str) -> None:
        self._dataset = dataset
        self.refresh()

    def refresh(self) -> None:
        """Pairs have changed: count them, and ask anew which are shown."""
        dataset = self._dataset
        self._overview.ask(lambda store: _overview_of(store, dataset))
        self.reload()

    def reload(self) -> None:
        """Ask which pairs the filter shows."""
        self.rows.reload()

    def show_new(self) -> None:
        """Only what nobody has judged yet, from the first."""
        self.filter.clear()
        self.filter.states.setCurrentIndex(TO_REVIEW)
        self.go_on_from(0)

    def current(self) -> Pair | None:
        index = self.table.currentIndex()
        return self.model.row(index.row()) if index.isValid() else None

    def read(self, ids: Sequence[int]) -> Sequence[Pair]:
        """These pairs, with the changes that are on their way."""
        return self._writes.expected("pair", self._store.pairs(ids))

    def selected(self) -> array[int]:
        return selected_ids(self.table)

    def choose(self, pair_id: int) -> None:
        """Make this pair the current one, whatever is filtered."""
        if (row := self.model.row_of(pair_id)) < 0:
            self.filter.clear()
            row = self.model.row_of(pair_id)
        if row >= 0:
            self._select_row(row)

    def go_on_from(self, row: int) -> None:
        """After a verdict: the row that took the place, or the one below it if it stayed."""
        if self.model.ids:
            self._select_row(min(row, len(self.model.ids) - 1))

    def step(self, direction: int) -> None:
        """Go one row down (1) or up (-1)."""
        row = self.table.currentIndex().row() + direction
        if 0 <= row < len(self.model.ids):
            self._select_row(row)

    def focus_search(self) -> None:
        self.filter.search.setFocus()
        self.filter.search.selectAll()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "table"):
            fit_columns(self.table)

    def _show_columns(self) -> None:
        """What can be read in the right pane too gives way to the text."""
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 62
        self.table.setColumnHidden(STYLE, is_narrow)
        self.table.setColumnHidden(SOURCE, is_narrow or self.filter.documents.currentData() is not None)
        self.table.setColumnHidden(REASON, not self.filter.has_reasons)

    def _query(self) -> PairQuery:
        header = self.table.horizontalHeader()
        section = header.sortIndicatorSection()
        return PairQuery.of(
            dataset=self._dataset, order=(self.model.columns[section].order if section >= 0 else "") or "id",
            is_descending=section >= 0 and header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder,
            **self.filter.values(),
        )  # fmt: skip

    def _rows_shown(self) -> None:
        self._show_columns()
        shown = len(self.model.ids)
        for action, text in (
            (self.accept_all, ngettext("Accept the {count:,} pair shown", "Accept all {count:,} pairs shown", shown)),
            (self.reject_all, ngettext("Reject the {count:,} pair shown", "Reject all {count:,} pairs shown", shown)),
        ):
            action.setText(text.format(count=shown))
        self._say_counts()
        self._say_selected()
        self.chosen.emit()

    def _show_overview(self, overview: _Overview) -> None:
        self._counts = overview.counts
        self.filter.offer(*overview)
        self._say_counts()

    def _say_moved(self, table: str) -> None:
        """Changes are on their way, or done."""
        if table == "pair":
            self.model.refresh()
            self._say_counts()
            self.chosen.emit()

    def _state_icon(self, pair: Pair) -> QIcon | None:
        if self._writes.is_waiting("pair", pair.id):
            return icon("running", "muted")
        _word, name, color = PAIR_STATES[pair.state]
        return icon("stale", "warning") if pair.is_stale else icon(name, color)

    def _say_state(self, pair: Pair) -> str:
        going_on = _("being saved") if self._writes.is_waiting("pair", pair.id) else ""
        return " · ".join(filter(None, [say_state(pair), going_on]))

    def _say_counts(self) -> None:
        states = self._counts.states if self._counts else {}
        in_use = sum(states.get(state, 0) for state in USABLE_STATES)
        left_out = sum(states.values()) - in_use
        shown = len(self.model.ids)
        if self.filter.is_set:
            text = ngettext("{count:,} pair", "{count:,} pairs", shown).format(count=shown)
            text = f"{text} {said}" if (said := self.filter.say()) else text
        else:
            text = ngettext("{count:,} pair in use", "{count:,} pairs in use", in_use).format(count=in_use)
            if left_out:
                text += " · " + _("{count:,} left out").format(count=left_out)
        if changing := self._writes.count("pair"):
            going_on = ngettext("{count:,} is being changed…", "{count:,} are being changed…", changing)
            text = going_on.format(count=changing)  # in the same room: nothing beside it may move
        self.count.setText(text)
        self.why_button.setVisible(bool(states.get("failed")) and not self.filter.has_reasons)
        self.export_button.setEnabled(bool(in_use))
        self.nothing.say(
            "" if shown or self._counts is None else _("No pair matches.") if states
            else _("No pairs yet. Choose at the left who is to write them, then “Generate”.")
        )

    def _say_selected(self, *_selections: QItemSelection) -> None:
        count = sum(part.height() for part in self.table.selectionModel().selection())
        self.split_button.setEnabled(count == 1)
        self.merge_button.setEnabled(1 < count <= MOST_MERGED)
        self.all_button.setEnabled(self.rows.is_settled and bool(self.model.ids) if hasattr(self, "rows") else False)

    def _choose(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.chosen.emit()

    def _select_row(self, row: int) -> None:
        """This row alone: the view's own selectRow would toggle it while Ctrl is held."""
        how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        index = self.model.index(row, QUESTION)
        self.table.selectionModel().setCurrentIndex(index, how)
        self.table.scrollTo(index)

    def _accept_all(self) -> None:
        self.judged_all.emit("accepted")

    def _reject_all(self) -> None:
        self.judged_all.emit("rejected")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        acts = (self.split_button, self.merge_button, self.all_button, self.import_button, self.export_button)
        column.addWidget(FlowBox(*acts, self.count, self.why_button))


def _overview_of(store: KnowledgeBase, dataset: str) -> _Overview:
    return _Overview(store.count_by_key(dataset), store.pair_documents(dataset))


def _button(picture: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(icon(picture), text)
    button.setToolTip(tip)
    return button
