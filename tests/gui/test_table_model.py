"""The table: right by Qt's own test, quick with many rows, calm when rows change."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QStyledItemDelegate, QTableView

from gui.row_query import ChunkQuery, RowQuery
from gui.table_model import Column, TableModel, prepare, selected_count, selected_ids, show_ids
from tests.gui.conftest import fill


@dataclass
class Row:
    id: int
    text: str


class Store:
    """Rows by id; remembers what it was asked for."""

    def __init__(self, count: int) -> None:
        self.rows = {number: f"row {number}" for number in range(1, count + 1)}
        self.asked: list[int] = []

    def fetch(self, ids: list[int]) -> list[Row]:
        self.asked += ids
        return [Row(row_id, self.rows[row_id]) for row_id in reversed(ids) if row_id in self.rows]


TEXTS = ("short", "The mitochondrion is the power plant of the cell.", "Öl, Ärger & naïve façade – “quoted” … " * 5, "")
COLUMNS = (Column("#", lambda row: str(row.id), "id", "000", is_number=True), Column("Text", lambda row: row.text, "text"))


@pytest.fixture
def store() -> Store:
    return Store(1000)


@pytest.fixture
def view(qtbot, store: Store) -> QTableView:
    view = QTableView()
    qtbot.addWidget(view)
    model = TableModel(COLUMNS, store.fetch, view)
    model.set_ids(store.rows)
    prepare(view, model)
    view.resize(300, 300)
    view.show()
    return view


@pytest.mark.parametrize("count", [0, 1, 128, 300])
def test_the_model_is_right_by_qts_own_test(qtmodeltester, qapp, count):
    store = Store(count)
    model = TableModel(COLUMNS, store.fetch, qapp)
    model.set_ids(store.rows)
    qtmodeltester.check(model)
    model.set_ids(range(1, count // 2))
    model.set_ids(range(1, count + 1))


def test_only_the_pages_on_the_screen_are_read(view, store, qtbot):
    view.scrollTo(view.model().index(900, 0))
    view.grab()
    assert store.asked and len(set(store.asked)) <= 3 * TableModel.PAGE


def test_the_rows_are_in_the_order_of_the_ids_whatever_order_the_store_answers_in(view):
    view.model().set_ids([30, 10, 20])
    assert [view.model().index(row, 1).data() for row in range(3)] == ["row 30", "row 10", "row 20"]
    assert view.model().row_of(20) == 2 and view.model().row_of(99) == -1


def test_a_row_that_vanished_from_the_store_is_an_empty_row(view, store):
    del store.rows[1]
    view.model().refresh()
    assert view.model().index(0, 1).data() is None and view.model().index(1, 1).data() == "row 2"


@pytest.mark.parametrize("points", [8, 9, 10, 11, 13, 18, 26])
def test_texts_look_as_qt_paints_them(view, points):
    """Selected, dim, too long for their column, and with other letters."""
    font = view.font()
    font.setPointSize(points)
    view.setFont(font)
    model = TableModel(
        COLUMNS, lambda ids: [Row(row_id, TEXTS[row_id % len(TEXTS)]) for row_id in ids], view,
        is_dim=lambda row: row.id % 3 == 0,
    )  # fmt: skip
    model.set_ids(range(1, 20))
    pictures = []
    for is_own in (True, False):
        prepare(view, model)
        if not is_own:
            view.setItemDelegate(QStyledItemDelegate(view))
        view.selectRow(3)
        view.setCurrentIndex(model.index(5, 1))
        pictures.append(view.viewport().grab(view.visualRect(model.index(0, 1)).united(view.visualRect(model.index(9, 1)))))
    assert pictures[0].toImage() == pictures[1].toImage()


def test_rows_added_at_the_end_leave_selection_and_place_alone(view):
    view.selectRow(5)
    view.scrollTo(view.model().index(400, 0))
    place = view.verticalScrollBar().value()
    show_ids(view, range(1, 1501))
    assert view.model().rowCount() == 1500
    assert list(selected_ids(view)) == [6]
    assert view.verticalScrollBar().value() == place


def test_removed_rows_leave_the_current_row_and_the_place(view):
    view.selectRow(500)
    view.scrollTo(view.model().index(490, 0), QTableView.ScrollHint.PositionAtTop)
    top = view.model().ids[view.rowAt(0)]
    show_ids(view, [row_id for row_id in range(1, 1001) if row_id % 10])
    assert view.model().ids[view.currentIndex().row()] == 501
    assert view.model().ids[view.rowAt(0)] in (top, top + 1)


def test_select_all_of_two_hundred_thousand_rows(qtbot):
    """A guard against a hang: with the header's default selection model this takes seconds, a million a minute."""
    view = QTableView()
    qtbot.addWidget(view)
    model = TableModel(COLUMNS, lambda ids: [Row(row_id, "") for row_id in ids], view)
    model.set_ids(array("q", range(200_000)))
    prepare(view, model)
    view.show()
    view.selectAll()
    assert selected_count(view) == 200_000
    assert selected_ids(view) == model.ids


def test_ids_of_a_selection_in_pieces(view):
    selection = view.selectionModel()
    rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in (7, 3, 4):
        selection.select(view.model().index(row, 0), rows)
    assert list(selected_ids(view)) == [4, 5, 8]
    assert selected_count(view) == 3


def test_numbers_stand_on_the_right_and_headers_with_them(view):
    model = view.model()
    assert model.index(0, 0).data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
    assert model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Text"


def test_rows_grow_with_the_font(view):
    before = view.rowHeight(0)
    font = view.font()
    font.setPixelSize(40)
    view.setFont(font)
    assert view.rowHeight(0) > before


class Asked:
    """A table over a project whose answers come from a thread, and what its model has shown so far."""

    def __init__(self, shell, view: QTableView) -> None:
        self.view, self.order, self.counts = view, "id", []
        self.query = RowQuery(shell, view, lambda: ChunkQuery.of(order=self.order, is_descending=True), view)
        self.query.shown.connect(lambda: self.counts.append(view.model().rowCount()))


@pytest.fixture
def asked(shell, qtbot, monkeypatch: pytest.MonkeyPatch) -> Asked:
    fill(shell.project, [f"Chunk {number}." for number in range(40)])
    monkeypatch.setattr(RowQuery, "DIRECT_LIMIT", 0)
    monkeypatch.setattr(RowQuery, "FIRST_ROWS", 5)
    view = QTableView()
    qtbot.addWidget(view)
    prepare(view, TableModel(COLUMNS, shell.knowledge_base.chunks, view))
    return Asked(shell, view)


def finished(asked: Asked) -> bool:
    return asked.view.model().rowCount() == 40 and not asked.query.is_partial and asked.query._thread is None


def test_the_first_rows_are_there_before_all_of_them(asked: Asked, qtbot):
    asked.query.reload()
    qtbot.waitUntil(lambda: finished(asked))
    assert asked.counts == [5, 40] and list(asked.view.model().ids) == list(range(40, 0, -1))


def test_a_question_that_is_asked_again_keeps_its_rows_on_the_screen(asked: Asked, qtbot):
    asked.query.reload()
    qtbot.waitUntil(lambda: finished(asked))
    asked.query.reload()
    qtbot.waitUntil(lambda: len(asked.counts) == 3 and finished(asked))
    assert asked.counts == [5, 40, 40]


def test_select_all_means_the_rows_to_come_too(asked: Asked, qtbot):
    asked.query.shown.connect(lambda: asked.view.selectAll() if asked.query.is_partial else None)
    asked.query.reload()
    qtbot.waitUntil(lambda: finished(asked))
    assert selected_count(asked.view) == 40


def test_another_question_takes_the_place_of_the_one_that_is_asked(asked: Asked, qtbot):
    asked.query.reload()
    asked.order = "content"
    asked.query.reload()
    qtbot.waitUntil(lambda: finished(asked))
    texts = [asked.view.model().row(number).content for number in range(40)]
    assert texts == sorted(texts, reverse=True)
