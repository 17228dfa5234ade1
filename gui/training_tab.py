"""What the two training tabs share: the form at the left, plots and runs at the right, one job."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QPushButton, QSplitter, QVBoxLayout, QWidget

from gui import theme
from gui.elided_label import ElidedLabel
from gui.elsewhere import AllCards, Elsewhere
from gui.job_thread import Event, JobThread
from gui.quantity import say_duration
from gui.run_export import RunExport
from gui.run_list import STATES, RunList
from gui.shell import Outcome, Shell
from gui.tab import Tab
from gui.training_form import TrainingForm
from gui.training_plots import DEFAULT_SMOOTHING, MOST_RUNS, ShownRun, TrainingPlots
from services.models.provenance import read_provenance
from services.project import Project, run_number
from services.records import RunRecord
from services.time_left import say_time_left
from services.training.advice import LONG_S
from services.training.checkpoint import Interrupted, find_interrupted
from services.training.health import Finding
from services.training.history import MetricHistory
from services.training.origin import read_origin
from services.training.plan import plan
from services.training.run_facts import differences, facts, hardware, runs_of, short_name
from services.training.session import prefix_of
from services.translation import _

KEPT_HISTORIES = 8  # of ended runs, so that going through the list does not read them again
ORIGINS = ("base_model", "dataset", "name")  # what is trained on what


class TrainingTab(Tab):
    """One phase that trains. A subclass says what is trained on what (``top``) and what is missing."""

    phase = ""

    def __init__(self, project: Project, shell: Shell, top: QWidget, *, is_compact: bool = False) -> None:
        super().__init__(project, shell)
        self._live: MetricHistory | None = None
        self._live_run = 0
        self._live_origin: dict[str, Any] = {}
        self._has_recalled = self._is_live_shown = False
        self._interrupted: Interrupted | None = None
        self._histories: OrderedDict[int, MetricHistory] = OrderedDict()  # of ended runs
        self._question: QMessageBox | None = None
        self.form = TrainingForm(self.phase, shell, top)
        self.plots = TrainingPlots(self.phase, is_compact=is_compact)
        self.plots.health.settings = self.job_settings
        self.runs = RunList(self.phase, shell)
        self.export_runs = RunExport(shell, self)
        self.caption = ElidedLabel()
        theme.set_role(self.caption, "muted")
        self.all_cards = AllCards(self.form.form)
        self.form.add_above_start(self.all_cards)
        self.elsewhere = Elsewhere(
            self.phase, shell, self.job_settings, self.base_model_name, self._take_home
        )
        self.form.add_beside_start(self.elsewhere)
        self.hardware = ElidedLabel()
        self.hardware.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hardware.setAccessibleName(_("Computed on"))
        theme.set_role(self.hardware, "caption")
        self.live_button = QPushButton(_("Back to the running training"))
        theme.set_role(self.live_button, "link")
        self.live_button.hide()
        self._lay_out()

        self.form.changed.connect(self._settings_changed)
        self.form.start_wanted.connect(self.start)
        self.form.resume_wanted.connect(self.resume)
        self.plots.settings_suggested.connect(self.form.take)
        self.plots.smoothing_changed.connect(self._keep_smoothing)
        self.runs.runs_chosen.connect(self._show_chosen)
        self.runs.settings_wanted.connect(self._take_settings)
        self.runs.start_wanted.connect(self.start_again)
        self.runs.table_wanted.connect(self._export_table)
        self.runs.picture_wanted.connect(self._export_picture)
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

    def base_model_name(self) -> str:
        """The base model that the training starts from."""
        return str(self.job_settings().get("base_model") or read_provenance(self.project.cpt_model_folder).get("base_model", ""))

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
        settings = {**self.job_settings(), **record.settings, "base_model": record.base_model, "resume": True}
        return self._run({**settings, "continues": record.run})

    def start_again(self, run: RunRecord) -> None:
        """Train once more as an old run did: settings, base and data are its own. Asks before a stopped run is given up."""
        self._take_settings(run)
        settings = self.job_settings()
        for key in ORIGINS:
            if run.settings.get(key) and settings.get(key, run.settings[key]) != run.settings[key]:
                text = _("Run {number:04d} was trained with “{name}”, which is no longer there. Its settings are in the form.")
                self.shell.notify("warning", text.format(number=run.number, name=run.settings[key]))
                return
        if self.form.has_need:
            self.shell.notify("warning", _("It cannot start yet: {reason}").format(reason=self.form.need.text.text()))
        elif self._interrupted is not None:
            self._ask_whether_to_leave(self._interrupted)
        else:
            self._start_if_it_fits()

    def _ask_whether_to_leave(self, interrupted: Interrupted) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, _("Start again"), "", parent=self)
        box.setText(_("A stopped training waits at step {step:,}.").format(step=interrupted.step))
        box.setInformativeText(_("A new one leaves it behind: it cannot be resumed afterwards."))
        start = box.addButton(_("Start again"), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(_("Keep it"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        start.clicked.connect(self._start_if_it_fits)
        box.finished.connect(box.deleteLater)
        self._question = box
        box.open()

    def _start_if_it_fits(self) -> None:
        """A glance at the plan first: what fitted then may not fit now."""
        project, phase, settings = self.project, self.phase, self.job_settings()
        thread = self.shell.run_beside(lambda _emit, _cancelled: (plan(project, phase, settings), settings))
        thread.succeeded.connect(self._start_planned)
        thread.failed.connect(self._tell_failure)

    def _start_planned(self, answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
        planned, settings = answer
        if planned.get("fits") is False:
            self.shell.notify("warning", _("It would not fit now. The plan says what to change; its settings are in the form."))
        else:
            self._run({**settings, "resume": False})

    def _tell_failure(self, error: Exception) -> None:
        self.shell.notify("error", str(error))

    def _run(self, settings: dict[str, Any]) -> JobThread | None:
        return self.shell.start(self.phase, settings, self.job_label())

    def job_label(self) -> str:
        """What the job bar calls it."""
        return _("CPT training")

    def _take_home(self, result: dict[str, Any]) -> None:
        """What a training elsewhere has come to is a run of this project now."""
        self.runs.refresh()
        self.tell_result(result)

    def _job_started(self, job: JobThread) -> None:
        if job.name == self.phase:
            self._live, self._live_run, self._live_origin = MetricHistory(), run_number(self.shell.job_folder), {}
            job.events.connect(self._hear)
            job.succeeded.connect(self.tell_result)
            self.runs.show_live(self._live_run, None)
            self._show_live()
            self.runs.refresh()
        self._show_running()

    def _hear(self, events: list[Event]) -> None:
        was_at = self._live.step
        for event in events:
            self._live.add(event)
        if self._live.step and not was_at and self.shell.job_folder is not None:
            self._live_origin = read_origin(self.shell.job_folder)  # written when the model is loaded
        self.runs.show_live(self._live_run, self._live.last("loss"))
        if self._is_live_shown:
            self._say_live()
        if self._is_live_shown or any(run.number == self._live_run for run in self.runs.chosen()):
            self.plots.redraw_soon()

    def _say_live(self) -> None:
        """The line above the plots, and a word where it takes long."""
        parts = [_("Run {number:04d}").format(number=self._live_run), STATES["running"][0]]
        if self._live.step:
            parts.append(_("step {step:,}").format(step=self._live.step))
        left_s = self.shell.job.time_left.seconds(time.monotonic())
        if left_s is not None:
            parts.append(say_time_left(left_s))
        self.caption.setText(" · ".join(parts))
        self.hardware.setText(hardware(self._live_origin))
        slow = _("It takes {duration} more.").format(duration=say_duration(left_s)) if left_s and left_s > LONG_S else ""
        self.plots.note(Finding("slow", "info", slow) if slow else None)

    def _job_ended(self, outcome: Outcome) -> None:
        if outcome.job.name == self.phase:
            self._live, self._live_run = None, 0
            self.runs.show_live(0, None)
            self.plots.note(None)
            self.runs.refresh()
        self._show_running()

    def _show_running(self) -> None:
        job = self.shell.job if self.shell.is_busy else None
        self.form.set_running(job is not None, job is not None and job.name == self.phase)
        self.runs.set_free(job is None)
        self._look_for_interrupted()
        self.show_state()

    def _look_for_interrupted(self) -> None:
        prefix = prefix_of(self.phase, self.model_name() or "final")
        self._interrupted = None if self._live else find_interrupted(self.project.checkpoints_folder, prefix)
        self.form.show_interrupted(self._interrupted)

    # Old and new runs

    def _show_live(self) -> None:
        if self._live is not None:
            self._is_live_shown = True
            self.live_button.hide()
            self._say_live()
            self.plots.show_history(self._live)
            self.runs.choose(self._live_run)
            if (run := self.runs.current()) is not None and run.number == self._live_run:
                self.runs.facts.show_facts([], facts(run))

    def _show_chosen(self, runs: list[RunRecord]) -> None:
        """Show one run, or several over each other; read in a thread, because a long run has a long record."""
        self.live_button.setVisible(self._live is not None and [run.number for run in runs] != [self._live_run])
        if len(runs) == 1 and runs[0].number == self._live_run:
            self._show_live()
            return
        self._is_live_shown = False
        self._say_chosen(runs)
        everyone, known = self.runs.all(), dict(self._histories)
        if self._live is not None:
            known[self._live_run] = self._live

        def read(_emit: object, _cancelled: object) -> list[tuple[RunRecord, MetricHistory]]:
            return [
                (run, known[run.number] if run.number in known
                 else MetricHistory.read(*(part.folder for part in runs_of(run, everyone))))
                for run in runs[:MOST_RUNS]
            ]  # fmt: skip

        thread = self.shell.run_beside(read)
        thread.succeeded.connect(self._show_histories)

    def _say_chosen(self, runs: Sequence[RunRecord]) -> None:
        if len(runs) == 1:
            run = runs[0]
            text = f"{_('Run {number:04d}').format(number=run.number)} · {STATES.get(run.state, (run.state,))[0]}"
            self.plots.note(Finding("failed", "error", run.reason) if run.state == "failed" and run.reason else None)
        else:
            self.plots.note(None)
            text = _("{count} runs compared").format(count=min(len(runs), MOST_RUNS))
            if len(runs) > MOST_RUNS:
                text += " · " + _("of {count} that are chosen: more could not be told apart").format(count=len(runs))
        self.caption.setText(text)
        self.hardware.setText(" / ".join(dict.fromkeys(filter(None, (hardware(run.origin) for run in runs[:MOST_RUNS])))))

    def _show_histories(self, read: list[tuple[RunRecord, MetricHistory]]) -> None:
        for run, history in read:
            if run.number != self._live_run and run.state != "running":
                self._histories[run.number] = history
                self._histories.move_to_end(run.number)
        while len(self._histories) > KEPT_HISTORIES:
            self._histories.popitem(last=False)
        runs, histories = [run for run, _history in read], [history for _run, history in read]
        if [run.number for run in runs] != [run.number for run in self.runs.chosen()[:MOST_RUNS]]:
            return  # others have been chosen since
        self.plots.show_runs(
            [ShownRun(short_name(run), history, run.state == "finished") for run, history in read]
        )
        if len(runs) == 1:
            self.runs.facts.show_facts([], facts(runs[0], histories[0]))
        else:
            self.runs.facts.show_facts([f"{run.number:04d}" for run in runs], differences(runs, histories))

    def _folders(self, runs: Sequence[RunRecord]) -> list[tuple[str, list[Path]]]:
        everyone = self.runs.all()
        return [(short_name(run), [part.folder for part in runs_of(run, everyone)]) for run in runs]

    def _export_table(self, runs: list[RunRecord]) -> None:
        self.export_runs.choose_table(self._folders(runs))

    def _export_picture(self, runs: list[RunRecord]) -> None:
        names = ", ".join(short_name(run) for run in sorted(runs[:MOST_RUNS], key=lambda run: run.number))
        picture = self.plots.picture(_("{project}: run {names}").format(project=self.project.name, names=names))
        self.export_runs.choose_picture(self._folders(runs), picture)

    def _runs_listed(self, runs: list[RunRecord]) -> None:
        if not runs:
            self.caption.setText(_("No training yet"))
        elif not self._has_recalled:
            self._take_settings(runs[0])
        self._has_recalled = True
        if self._live_run:
            self._show_live()
        elif chosen := self.runs.chosen():
            self._show_chosen(chosen)
        elif runs:
            self.runs.choose(runs[0].number)
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
        return (*(settings.get(key) for key in keys), settings.get("processes") or 1)

    def _take_settings(self, run: RunRecord) -> None:
        self.form.form.reset()  # what is younger than the run had the effect of its default
        self.form.take(run.settings)
        self.take_origin(run.settings)

    # What is shown

    def _keep_smoothing(self, place: int) -> None:
        self.shell.preferences.setValue("training/smoothing", place)

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
        head.setSpacing(theme.PAD)
        head.addWidget(self.caption, 3)
        head.addWidget(self.hardware, 2)
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
        self.plots.smoothing.setValue(self.shell.preferences.value("training/smoothing", DEFAULT_SMOOTHING, type=int))
        for splitter, name in ((self.panes, "panes"), (self.right, "right")):
            state = self.shell.preferences.value(f"{self.phase}/{name}")
            if isinstance(state, QByteArray):
                splitter.restoreState(state)
