"""A list of base models to choose from; what has no room in it stands beside, with the details."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from gui.base_model_row import ModelRow
from gui.empty_note import EmptyNote
from gui.icon import icon
from gui.table_model import Column, TableModel, fit_columns, prepare, show_ids
from services.models.demand import FITS, TIGHT, TOO_LARGE
from services.translation import _

_MARKS = {FITS: ("check", "success"), TIGHT: ("warning", "warning"), TOO_LARGE: ("error", "danger")}
_FEWEST_LETTERS = 24  # of a name


def _tip(row: ModelRow) -> str:
    return row.sentence()


COLUMNS = {
    "title": Column(_("Model"), lambda row: row.card.title, tooltip=_tip),
    "name": Column(_("Model"), ModelRow.say_name, tooltip=_tip),
    "fit": Column(_("This computer"), lambda row: row.verdict.word, widest=_("fits, but slow"),
                  icon=lambda row: _fit_icon(row)),
    "kind": Column(_("Kind"), ModelRow.say_kind, widest=_("instruct"), tooltip=_tip),
    "size": Column(_("Size"), ModelRow.say_size, widest="888 MB", is_number=True),
    "place": Column(_("Where"), ModelRow.say_place, widest=_("{share} % here").format(share=88)),
    "used": Column(_("Last used"), ModelRow.say_used, widest=_("yesterday {time}").format(time="00:00")),
    "downloads": Column(_("Downloads"), ModelRow.say_downloads, widest="88.8 million", is_number=True),
    "changed": Column(_("Changed"), lambda row: row.card.changed, widest="2025-00-00"),
    "languages": Column(_("Languages"), lambda row: row.card.languages, widest=_("119 languages"),
                        tooltip=lambda row: row.card.languages),
    "licence": Column(_("Licence"), lambda row: row.card.licence_name, widest="Apache 2.0 ",
                      tooltip=lambda row: row.card.licence_sentence),
}  # fmt: skip


def _fit_icon(row: ModelRow) -> QIcon | None:
    mark = _MARKS.get(row.verdict.grade)
    return icon(*mark) if mark else None


class ModelList(QTableView):
    """
    Signals:
        row_chosen(ModelRow | None): the cursor is on another one.
        wanted: the row was double-clicked, or Enter pressed on it.
    """

    row_chosen = Signal(object)
    wanted = Signal()

    def __init__(self, name: str, columns: Sequence[str], parent: QWidget | None = None) -> None:
        """columns: of COLUMNS, the least important last: where there is no room it is left out first."""
        super().__init__(parent, selectionMode=QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName(name)
        self._rows: dict[int, ModelRow] = {}
        self._model = TableModel(
            [COLUMNS[key] for key in columns],
            lambda ids: [self._rows[number] for number in ids],
            self,
            is_dim=lambda row: bool(row.card.why_not) or row.verdict.grade == TOO_LARGE,
        )
        prepare(self, self._model)
        self.note = EmptyNote(self)
        self._fit_timer = QTimer(self, singleShot=True, interval=0)
        self._fit_timer.timeout.connect(self._leave_out_what_does_not_fit)
        self.selectionModel().currentRowChanged.connect(self._tell)
        self.doubleClicked.connect(self._want)

    def rows(self) -> list[ModelRow]:
        return list(self._rows.values())

    def current(self) -> ModelRow | None:
        index = self.currentIndex()
        return self._rows.get(self._model.ids[index.row()]) if index.isValid() else None

    def show_rows(self, rows: list[ModelRow], note: str = "") -> None:
        """Show these; the cursor stays on the model that it was on. ``note`` is said where there are none."""
        before = self.current()
        self._rows = {row.id: row for row in rows}
        show_ids(self, [row.id for row in rows])
        self._model.refresh()
        self.note.say("" if rows else note)
        name = before.card.name if before else ""
        self.choose(name if any(row.card.name == name for row in rows) else rows[0].card.name if rows else "")
        self._tell()

    def choose(self, name: str) -> bool:
        """Put the cursor on a model, where it is in the list."""
        for row in self._rows.values():
            if row.card.name == name:
                self.setCurrentIndex(self._model.index(self._model.row_of(row.id), 0))
                return True
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_fit_timer"):
            self._fit_timer.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_fit_timer"):
            self._fit_timer.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._want()
        else:
            super().keyPressEvent(event)

    def _leave_out_what_does_not_fit(self) -> None:
        fit_columns(self)
        room = self.viewport().width() - self.fontMetrics().averageCharWidth() * _FEWEST_LETTERS
        for section in range(1, self._model.columnCount()):
            self.setColumnHidden(section, False)
            room -= self.columnWidth(section)
            self.setColumnHidden(section, room < 0)

    def _tell(self, *_indexes: object) -> None:
        self.row_chosen.emit(self.current())

    def _want(self, *_index: object) -> None:
        if self.current() is not None:
            self.wanted.emit()
