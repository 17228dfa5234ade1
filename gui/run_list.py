"""The runs of one phase, newest first: how each went, its curves again, several compared, one started once more."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QIcon, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QMenu, QPushButton, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.empty_note import EmptyNote
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.job_thread import JobThread
from gui.model_renaming import ModelRenaming
from gui.quantity import say_size, say_when
from gui.run_deletion import RunDeletion
from gui.run_facts_view import RunFactsView
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, selected_ids, show_ids
from gui.thread_end import connect_end
from services.models.removal import Deleted, deleted
from services.models.stored import Stored, by_run, label, stored
from services.project import Project
from services.records import RunRecord
from services.training.run_facts import origin
from services.translation import _

WIDE_LETTERS = 95  # from so many on, the list and the details stand beside each other

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
    left: list[Stored]

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.left)


Listing = tuple[list[RunRecord], dict[int, list[Stored]], list[Deleted]]


def _list(project: Project, kind: str) -> Listing:
    runs = project.runs(kind)
    left = by_run([part for part in stored(project) if part.phase == kind], runs)
    return runs, left, [each for each in deleted(project) if each.phase == kind]


class RunList(QWidget):
    """Reads the run folders in a thread. Several rows can be chosen, to be compared.

    Signals:
        runs_chosen(list[RunRecord]): show their curves; the one with the cursor comes first.
        settings_wanted(RunRecord): fill the form with what it was run with.
        start_wanted(RunRecord): run it once more.
        table_wanted(list[RunRecord]), picture_wanted(list[RunRecord]): export their numbers, or the plot.
        listed(list[RunRecord]): the list was read anew.
    """

    runs_chosen = Signal(object)
    settings_wanted = Signal(object)
    start_wanted = Signal(object)
    table_wanted = Signal(object)
    picture_wanted = Signal(object)
    listed = Signal(object)

    def __init__(self, kind: str, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._shell = kind, shell
        self._runs: dict[int, RunRecord] = {}
        self._left: dict[int, list[Stored]] = {}
        self._deleted: list[Deleted] = []
        self._reader: JobThread | None = None
        self._is_outdated = self._is_listing = False
        self._live: tuple[int, float | None] = (0, None)
        self._is_free = True
        self.table = QTableView(selectionMode=QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setAccessibleName(_("Runs"))
        self.table.setToolTip(_("Choose several, with Ctrl or Shift, to compare them"))
        self.model = TableModel(
            [
                Column(_("Run"), lambda row: f"{row.id:04d}", widest="00000", is_number=True),
                Column(_("Started"), lambda row: say_when(row.run.started_at), widest=_("yesterday 00:00")),
                Column(_("From"), lambda row: origin(row.run), tooltip=lambda row: origin(row.run)),
                Column(_("Loss"), self._loss, widest="0.000", is_number=True),
                Column(
                    _("Size"), lambda row: say_size(row.size_bytes) if row.left else "", widest="000 MB", is_number=True,
                    tooltip=self._say_left,
                ),
                Column(_("State"), self._state_word, widest=_("interrupted"), icon=self._state_icon, tooltip=lambda row: row.run.reason),
            ],
            lambda ids: [_Row(number, self._runs[number], self._left.get(number, [])) for number in ids],
            self,
        )
        prepare(self.table, self.model)
        self.empty = EmptyNote(self.table)
        self.facts = RunFactsView()
        self.start_button = QPushButton(icon("play"), _("Start again"))
        self.start_button.setToolTip(_("Trains once more with the settings, the base and the data of this run"))
        self.settings_button = QPushButton(icon("reset"), _("Use its settings"))
        self.settings_button.setToolTip(_("Fills the form at the left with the settings of this run"))
        self.export_button = QPushButton(icon("export"), _("Export"))
        menu = QMenu(self.export_button)
        self.table_action = menu.addAction(_("Numbers (CSV)…"), self._want_table)
        self.picture_action = menu.addAction(_("Picture (PNG)…"), self._want_picture)
        self.export_button.setMenu(menu)
        self.folder_button = QPushButton(icon("folder"), _("Folder"))
        self.folder_button.setToolTip(_("Opens the folder of the run: settings, events and log"))
        self.details_button = QPushButton(icon("info"), _("Details"), checkable=True)
        self.details_button.setToolTip(_("What the run ran on and its settings; of several runs, where they differ"))
        self.delete_button = QPushButton(icon("delete"), _("Delete…"))
        self.delete_button.setToolTip(_("Deletes the model or the checkpoints that the run left, to have room (Del)"))
        self.delete_action = QAction(self.delete_button.text(), self)
        self.delete_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.delete_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.table.addAction(self.delete_action)
        self.rename_button = QPushButton(icon("edit"), "")  # without a word, so that all stand in one row
        self.rename_button.setAccessibleName(_("Rename the model"))
        self.rename_button.setToolTip(_("Gives the model that the run made another name (F2)"))
        if kind != "sft":  # there are no names
            self.rename_button.hide()
        self.rename_action = QAction(_("Rename…"), self)
        self.rename_action.setShortcut(QKeySequence(Qt.Key.Key_F2))
        self.rename_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.table.addAction(self.rename_action)
        self.deleted_button = QPushButton(icon("undo"), _("Deleted"))
        self.deleted_button.setToolTip(_("Brings deleted models back, or frees their room"))
        self.deleted_button.setAccessibleName(_("Deleted models"))
        self.deleted_menu = QMenu(self.deleted_button)
        self.deleted_menu.triggered.connect(self._choose_deleted)
        self.deleted_button.setMenu(self.deleted_menu)
        self.deletion = RunDeletion(kind, shell, self)
        self.renaming = ModelRenaming(shell, self)
        self._is_open = {True: True, False: False}  # the details, where there is room beside the list, and where not
        self._is_wide = True

        body = QHBoxLayout()
        body.setSpacing(theme.GAP)
        body.addWidget(self.table, 2)
        body.addWidget(self.facts, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(body, 1)
        column.addWidget(
            FlowBox(
                self.start_button, self.settings_button, self.export_button, self.folder_button, self.details_button,
                self.rename_button, self.delete_button, self.deleted_button,
            )
        )  # fmt: skip

        self.table.selectionModel().selectionChanged.connect(self._choose)
        self.start_button.clicked.connect(self._want_start)
        self.settings_button.clicked.connect(self._want_settings)
        self.folder_button.clicked.connect(self._open_folder)
        self.details_button.clicked.connect(self._open_details)
        self.delete_button.clicked.connect(self._ask_delete)
        self.delete_action.triggered.connect(self._ask_delete)
        self.deletion.changed.connect(self.refresh)
        self.rename_button.clicked.connect(self._ask_name)
        self.rename_action.triggered.connect(self._ask_name)
        self.renaming.changed.connect(self.refresh)
        self._enable()

    def current(self) -> RunRecord | None:
        """The run of the row with the cursor."""
        index = self.table.currentIndex()
        return self._runs.get(self.model.ids[index.row()]) if index.isValid() else None

    def chosen(self) -> list[RunRecord]:
        """The selected runs, the one with the cursor first."""
        current = self.current()
        runs = [self._runs[number] for number in selected_ids(self.table) if number in self._runs]
        return sorted(runs, key=lambda run: (run is not current, -run.number))

    def all(self) -> list[RunRecord]:
        """Every run of the phase, newest first."""
        return list(self._runs.values())

    def choose(self, *numbers: int) -> None:
        """Select runs, as clicks would; the last one gets the cursor."""
        flags = QItemSelectionModel.SelectionFlag
        model, selected = self.table.selectionModel(), QItemSelection()
        rows = [row for number in numbers if (row := self.model.row_of(number)) >= 0]
        for row in rows:
            selected.select(self.model.index(row, 0), self.model.index(row, len(self.model.columns) - 1))
        if rows:
            model.setCurrentIndex(self.model.index(rows[-1], 0), flags.NoUpdate)
            model.select(selected, flags.ClearAndSelect | flags.Rows)

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
        self._reader = self._shell.run_beside(lambda emit, cancelled: _list(project, kind))
        self._reader.succeeded.connect(self._show)
        connect_end(self._reader, self._done)

    def set_free(self, is_free: bool) -> None:
        """Whether a training may be started now."""
        self._is_free = is_free
        self._enable()

    def _show(self, listing: Listing) -> None:
        runs, self._left, self._deleted = listing
        cursor, numbers = self.current(), [run.number for run in self.chosen()]
        self._runs = {run.number: run for run in runs}
        self._is_listing = True  # the selection goes and comes back
        show_ids(self.table, [run.number for run in runs])
        self.choose(*numbers[1:], *([cursor.number] if cursor else numbers[:1]))
        self._is_listing = False
        self._fill_deleted()
        self._enable()
        self.listed.emit(runs)

    def _done(self, _outcome: object = None) -> None:
        self._reader = None
        if self._is_outdated:
            self._is_outdated = False
            self.refresh()

    def _enable(self) -> None:
        self.empty.say("" if self._runs else _("Each training is kept here with its settings and its curves."))
        chosen = self.chosen()
        for button in (self.settings_button, self.folder_button):
            button.setEnabled(len(chosen) == 1)
        self.start_button.setEnabled(len(chosen) == 1 and self._is_free)
        self.export_button.setEnabled(bool(chosen))
        for thing in (self.delete_button, self.delete_action):
            thing.setEnabled(self._is_free and any(run.number in self._left for run in chosen))
        for thing in (self.rename_button, self.rename_action):
            thing.setEnabled(self._is_free and bool(self._model_name()))
        self.deleted_button.setVisible(bool(self._deleted))
        self._fit()

    def _choose(self, *_selection: QItemSelection) -> None:
        if self._is_listing:
            return
        self._enable()
        if chosen := self.chosen():
            self.runs_chosen.emit(chosen)

    def _want_settings(self) -> None:
        for run in self.chosen()[:1]:
            self.settings_wanted.emit(run)

    def _want_start(self) -> None:
        for run in self.chosen()[:1]:
            self.start_wanted.emit(run)

    def _want_table(self) -> None:
        self.table_wanted.emit(self.chosen())

    def _want_picture(self) -> None:
        self.picture_wanted.emit(self.chosen())

    def _ask_delete(self) -> None:
        if parts := [part for run in self.chosen() for part in self._left.get(run.number, [])]:
            self.deletion.ask(parts)

    def _model_name(self) -> str:
        """The final model that the one chosen run made, and that is there; else ""."""
        parts = [part for run in self.chosen() for part in self._left.get(run.number, []) if part.kind == "final"]
        return parts[0].name if len(parts) == 1 and len(self.chosen()) == 1 else ""

    def _ask_name(self) -> None:
        if name := self._model_name():
            self.renaming.ask(name)

    def _fill_deleted(self) -> None:
        self.deleted_menu.clear()
        for each in self._deleted:
            text = _("Bring back {name} · {size} · deleted {when}").format(
                name=each.label, size=say_size(each.size_bytes), when=say_when(each.deleted_at)
            )
            self.deleted_menu.addAction(icon("undo"), text.replace("&", "&&")).setData(each.key)
        self.deleted_menu.addSeparator()
        size = say_size(sum(each.size_bytes for each in self._deleted))
        self.deleted_menu.addAction(icon("delete"), _("Free the room now ({size})…").format(size=size))

    def _choose_deleted(self, action: QAction) -> None:
        if key := action.data():
            self.deletion.restore([key])
        else:
            self.deletion.ask_empty(self._deleted)

    def _open_folder(self) -> None:
        for run in self.chosen()[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def _open_details(self, is_open: bool) -> None:
        self._is_open[self._is_wide] = is_open
        self._fit()

    def _fit(self) -> None:
        """The details stand beside the list where there is room, and in its place where not."""
        self.table.setMinimumHeight(round(self.fontMetrics().height() * 1.7 * 4))  # the head and three runs, with large text too
        self._is_wide = self.width() >= self.fontMetrics().averageCharWidth() * WIDE_LETTERS
        is_open = self._is_open[self._is_wide] and bool(self._runs)
        self.details_button.setEnabled(bool(self._runs))
        self.details_button.setChecked(is_open)
        self.facts.setVisible(is_open)
        self.table.setVisible(self._is_wide or not is_open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_is_wide"):
            fit_columns(self.table)
            self._fit()

    @staticmethod
    def _say_left(row: _Row) -> str:
        return "\n".join(f"{label(part)}: {say_size(part.size_bytes)}" for part in row.left)

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
