"""The runs of one phase, newest first: how each went, its curves again, its settings once more."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QPushButton, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.empty_note import EmptyNote
from gui.icon import icon
from gui.job_thread import JobThread
from gui.quantity import say_when
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, show_ids
from gui.thread_end import connect_end
from services.records import RunRecord
from services.translation import _

STATES = {
    "running": (_("running"), "running", "accent"),
    "finished": (_("finished"), "success", "success"),
    "stopped": (_("stopped"), "stop", "muted"),
    "failed": (_("failed"), "error", "danger"),
    "interrupted": (_("interrupted"), "warning", "warning"),
}


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    run: RunRecord


class RunList(QWidget):
    """Reads the run folders in a thread, because a long run has a long record.

    Signals:
        run_chosen(RunRecord): show its curves.
        settings_wanted(RunRecord): fill the form with what it was run with.
        listed(list[RunRecord]): the list was read anew.
    """

    run_chosen = Signal(object)
    settings_wanted = Signal(object)
    listed = Signal(object)

    def __init__(self, kind: str, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._shell = kind, shell
        self._runs: dict[int, RunRecord] = {}
        self._reader: JobThread | None = None
        self._is_outdated = False
        self._live: tuple[int, float | None] = (0, None)
        self.table = QTableView(selectionMode=QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setAccessibleName(_("Runs"))
        self.model = TableModel(
            [
                Column(_("Run"), lambda row: f"{row.id:04d}", widest="00000", is_number=True),
                Column(_("Started"), lambda row: say_when(row.run.started_at), widest=_("yesterday 00:00") + "  "),
                Column(_("From"), _origin, tooltip=_origin),
                Column(_("Loss"), self._loss, widest="00.0000", is_number=True),
                Column(_("State"), self._state_word, widest=_("interrupted"), icon=self._state_icon, tooltip=lambda row: row.run.reason),
            ],
            lambda ids: [_Row(number, self._runs[number]) for number in ids],
            self,
        )
        prepare(self.table, self.model)
        self.empty = EmptyNote(self.table)
        self.settings_button = QPushButton(icon("reset"), _("Use its settings"))
        self.settings_button.setToolTip(_("Fills the form at the left with the settings of this run"))
        self.folder_button = QPushButton(icon("folder"), _("Open folder"))
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addStretch()
        row.addWidget(self.settings_button)
        row.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.table, 1)
        column.addLayout(row)

        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.settings_button.clicked.connect(self._want_settings)
        self.folder_button.clicked.connect(self._open_folder)
        self._enable()

    def current(self) -> RunRecord | None:
        """The run of the chosen row."""
        index = self.table.currentIndex()
        return self._runs.get(self.model.ids[index.row()]) if index.isValid() else None

    def choose(self, number: int) -> None:
        """Put the cursor on a run, as a click would."""
        if (row := self.model.row_of(number)) >= 0:
            self.table.setCurrentIndex(self.model.index(row, 0))

    def show_live(self, number: int, loss: float | None) -> None:
        """The run that is running now, which its folder may not say yet, and its loss; number 0: none is."""
        if (number, loss) != self._live:
            self._live = (number, loss)
            self.model.refresh()

    def refresh(self) -> None:
        """Read the list anew; asked while that is going on, it is read once more afterwards."""
        if self._reader is not None:
            self._is_outdated = True
            return
        project, kind = self._shell.project, self._kind
        self._reader = self._shell.run_beside(lambda emit, cancelled: project.runs(kind))
        self._reader.succeeded.connect(self._show)
        connect_end(self._reader, self._done)

    def _show(self, runs: list[RunRecord]) -> None:
        self._runs = {run.number: run for run in runs}
        show_ids(self.table, [run.number for run in runs])
        self._enable()
        self.listed.emit(runs)

    def _done(self, _outcome: object = None) -> None:
        self._reader = None
        if self._is_outdated:
            self._is_outdated = False
            self.refresh()

    def _enable(self) -> None:
        self.empty.say("" if self._runs else _("Each training is kept here with its settings and its curves."))
        has_one = self.current() is not None
        self.settings_button.setEnabled(has_one)
        self.folder_button.setEnabled(has_one)

    def _choose(self, index: QModelIndex) -> None:
        self._enable()
        if index.isValid() and (run := self.current()) is not None:
            self.run_chosen.emit(run)

    def _want_settings(self) -> None:
        if (run := self.current()) is not None:
            self.settings_wanted.emit(run)

    def _open_folder(self) -> None:
        if (run := self.current()) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "settings_button"):
            fit_columns(self.table)

    def _state(self, row: _Row) -> tuple[str, str, str]:
        state = "running" if row.id == self._live[0] else row.run.state
        return STATES.get(state, (state, "", ""))

    def _state_word(self, row: _Row) -> str:
        return self._state(row)[0]

    def _state_icon(self, row: _Row) -> QIcon | None:
        _word, name, color = self._state(row)
        return icon(name, color) if name else None

    def _loss(self, row: _Row) -> str:
        number, live = self._live
        loss = live if row.id == number else row.run.metric.get("loss", row.run.result.get("loss"))
        return f"{loss:.3f}" if isinstance(loss, (int, float)) else ""


def _origin(row: _Row) -> str:
    settings = row.run.settings
    if row.run.kind == "sft":
        return f"{settings.get('dataset', '')} → {settings.get('name', 'final')}"
    return str(settings.get("base_model", "")).rstrip("/").rsplit("/", 1)[-1]

