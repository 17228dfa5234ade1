"""What the two training tabs share: the form at the left, plots and runs at the right, one job."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from gui import theme
from gui.elided_label import ElidedLabel
from gui.job_thread import Event, JobThread
from gui.run_list import STATES, RunList
from gui.shell import Outcome, Shell
from gui.tab import Tab
from gui.training_form import TrainingForm
from gui.training_plots import MetricHistory, TrainingPlots
from services.project import Project, run_number
from services.records import RunRecord
from services.training.checkpoint import Interrupted, find_interrupted
from services.training.session import prefix_of
from services.translation import _


class TrainingTab(Tab):
    """One phase that trains. A subclass says what is trained on what (``top``) and what is missing."""

    phase = ""

    def __init__(self, project: Project, shell: Shell, top: QWidget, *, is_compact: bool = False) -> None:
        super().__init__(project, shell)
        self._live: MetricHistory | None = None
        self._live_run = 0
        self._has_recalled = False
        self._interrupted: Interrupted | None = None
        self.form = TrainingForm(self.phase, shell, top)
        self.plots = TrainingPlots(is_compact=is_compact)
        self.runs = RunList(self.phase, shell)
        self.caption = ElidedLabel()
        theme.set_role(self.caption, "muted")
        self.live_button = QPushButton(_("Back to the running training"))
        theme.set_role(self.live_button, "link")
        self.live_button.hide()
        self._lay_out()

        self.form.changed.connect(self._settings_changed)
        self.form.start_wanted.connect(self.start)
        self.form.resume_wanted.connect(self.resume)
        self.runs.run_chosen.connect(self._show_run)
        self.runs.settings_wanted.connect(self._take_settings)
        self.runs.listed.connect(self._runs_listed)
        self.live_button.clicked.connect(self._show_live)
        shell.project_changed.connect(self._project_changed)
        shell.job_started.connect(self._job_started)
        shell.job_ended.connect(self._job_ended)
        self._settings_changed()
        self._look_for_interrupted()
        self.runs.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "panes"):
            self._fit()

    def _fit(self) -> None:
        self.form.setMinimumWidth(self.fontMetrics().averageCharWidth() * 42)

    # For the subclass

    def lower_pages(self) -> QWidget:
        """What stands below the plots."""
        return self.runs

    def job_settings(self) -> dict[str, Any]:
        """The settings of a new training, complete. Raises: UserError."""
        raise NotImplementedError

    def model_name(self) -> str:
        """The final model that is trained; "" in phase 2."""
        return ""

    def show_state(self) -> None:
        """Look at what is missing, and say it in the form."""

    def take_origin(self, settings: dict[str, Any]) -> None:
        """Choose what an old run was trained on."""

    def tell_result(self, result: dict[str, Any]) -> None:
        """A training has ended well."""

    # The job

    def start(self) -> JobThread | None:
        """Begin a new training with the settings in the form."""
        return self._run({**self.job_settings(), "resume": False})

    def resume(self) -> JobThread | None:
        """Go on with the training that was stopped, with its own settings."""
        if (interrupted := self._interrupted) is None:
            return None
        record = interrupted.record
        return self._run({**self.job_settings(), **record.settings, "base_model": record.base_model, "resume": True})

    def _run(self, settings: dict[str, Any]) -> JobThread | None:
        return self.shell.start(self.phase, settings, self.job_label())

    def job_label(self) -> str:
        """What the job bar calls it."""
        return _("CPT training")

    def _job_started(self, job: JobThread) -> None:
        if job.name == self.phase:
            self._live, self._live_run = MetricHistory(), run_number(self.shell.job_folder)
            job.events.connect(self._hear)
            job.succeeded.connect(self.tell_result)
            self.runs.show_live(self._live_run, None)
            self._show_live()
            self.runs.refresh()
        self._show_running()

    def _hear(self, events: list[Event]) -> None:
        for event in events:
            self._live.add(event)
        self.runs.show_live(self._live_run, self._live.last("loss"))
        if self.plots.history is self._live:
            self.plots.redraw_soon()

    def _job_ended(self, outcome: Outcome) -> None:
        if outcome.job.name == self.phase:
            self._live, self._live_run = None, 0
            self.runs.show_live(0, None)
            self.plots.redraw()
            self.runs.refresh()
        self._show_running()

    def _show_running(self) -> None:
        job = self.shell.job if self.shell.is_busy else None
        self.form.set_running(job is not None, job is not None and job.name == self.phase)
        self._look_for_interrupted()
        self.show_state()

    def _look_for_interrupted(self) -> None:
        prefix = prefix_of(self.phase, self.model_name() or "final")
        self._interrupted = None if self._live else find_interrupted(self.project.checkpoints_folder, prefix)
        self.form.show_interrupted(self._interrupted)

    # Old and new runs

    def _show_live(self) -> None:
        if self._live is not None:
            self.live_button.hide()
            self.caption.setText(_("Run {number:04d} · running").format(number=self._live_run))
            self.plots.show_history(self._live)
            self.runs.choose(self._live_run)

    def _show_run(self, run: RunRecord) -> None:
        if run.number == self._live_run:
            self._show_live()
            return
        self.live_button.setVisible(self._live is not None)
        reason = f": {run.reason}" if run.reason else ""
        text = f"{_('Run {number:04d}').format(number=run.number)} · {STATES.get(run.state, (run.state,))[0]}{reason}"
        self.caption.setText(text)
        thread = self.shell.run_beside(lambda _emit, _cancelled: (run.number, MetricHistory.read(run.folder)))
        thread.succeeded.connect(self._show_history)

    def _show_history(self, answer: tuple[int, MetricHistory]) -> None:
        number, history = answer
        chosen = self.runs.current()
        if chosen is not None and chosen.number == number != self._live_run:
            self.plots.show_history(history)

    def _runs_listed(self, runs: list[RunRecord]) -> None:
        if not runs:
            self.caption.setText(_("No training yet"))
        elif not self._has_recalled:
            self._take_settings(runs[0])
        self._has_recalled = True
        if self._live_run:
            self._show_live()
        elif runs and self.runs.current() is None:
            self.runs.choose(runs[0].number)
        elif (current := self.runs.current()) is not None:
            self._show_run(current)
        self._show_speed(runs)

    def _show_speed(self, runs: list[RunRecord]) -> None:
        """How fast the newest run of the same model was."""
        origin = self.speed_key(self.job_settings())
        for run in runs:
            speed = run.metric.get("tokens_per_second", 0)
            if speed and self.speed_key(run.settings) == origin:
                self.form.plan.set_speed(speed, run.number)
                return
        self.form.plan.set_speed(0, 0)

    def speed_key(self, settings: dict[str, Any]) -> object:
        """What must be equal for two trainings to be equally fast."""
        keys = ("base_model", "batch_size", "max_seq_length", "gradient_checkpointing", "device")
        return tuple(settings.get(key) for key in keys)

    def _take_settings(self, run: RunRecord) -> None:
        self.form.take(run.settings)
        self.take_origin(run.settings)

    # What is shown

    def save_pending(self) -> None:
        self.shell.preferences.setValue(f"{self.phase}/panes", self.panes.saveState())
        self.shell.preferences.setValue(f"{self.phase}/right", self.right.saveState())

    def _project_changed(self, tables: frozenset[str]) -> None:
        if tables & {"chunk", "document", "pair", "model"}:
            self._look_for_interrupted()
            self.show_state()
            self._settings_changed()

    def _settings_changed(self) -> None:
        self.form.plan.refresh(self.job_settings())

    def _lay_out(self) -> None:
        above = QWidget()
        head = QHBoxLayout()
        head.addWidget(self.caption, 1)
        head.addWidget(self.live_button)
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.plots, 1)
        self.right = QSplitter(Qt.Orientation.Vertical, handleWidth=theme.GAP)
        self.right.addWidget(above)
        self.right.addWidget(self.lower_pages())
        self.panes = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=theme.PAD)
        self.panes.addWidget(self.form)
        self.panes.addWidget(self.right)
        self.panes.setStretchFactor(1, 1)
        letter = self.fontMetrics().averageCharWidth()
        self._fit()
        self.panes.setSizes([letter * 52, letter * 130])
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.PAD, theme.GAP, theme.PAD, theme.PAD)
        row.addWidget(self.panes)
        for splitter, name in ((self.panes, "panes"), (self.right, "right")):
            state = self.shell.preferences.value(f"{self.phase}/{name}")
            if isinstance(state, QByteArray):
                splitter.restoreState(state)
