"""The bar under every tab: what runs, how far it is, how long still; or how it ended; or what to do next."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QStackedLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.job_thread import Event, JobThread
from gui.notices import announce
from gui.shell import Outcome, Shell
from services.time_left import say_time_left
from services.translation import _

_ENDS = {
    "succeeded": ("success", "success"),
    "stopped": ("stop", "muted"),
    "failed": ("error", "danger"),
    "crashed": ("error", "danger"),
}


class JobBar(QWidget):
    """Height and widths are the same whether a job runs or not, so that nothing jumps."""

    next_step_taken = Signal(str)  # the phase to go to

    SAY_EVERY_MS = 200  # often enough to be read; each time costs a paint

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: JobThread | None = None
        self._next_phase = ""
        self._news: Event | None = None  # the last progress, not said yet
        self._say_timer = QTimer(self, singleShot=True, interval=self.SAY_EVERY_MS)
        self._say_timer.timeout.connect(self._say)

        self.text = QLabel()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(_("Progress of the running job"))
        self.time_left = QLabel()
        theme.set_role(self.time_left, "muted")
        self.stop_button = QPushButton(icon("stop"), _("Stop and save"))
        self.stop_button.setToolTip(_("Saves what is done and leaves. A second click ends it at once."))
        self.stop_button.clicked.connect(self.stop_job)

        self._mark = QLabel()
        self.idle_text = QLabel()
        self.idle_text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.next_button = QPushButton(icon("arrow-right"), "")
        self.next_button.clicked.connect(self._take_next_step)

        self._stack = QStackedLayout(self)
        self._stack.addWidget(_row(self._mark, (self.idle_text, 1), self.next_button))
        self._stack.addWidget(_row((self.text, 3), (self.progress, 4), self.time_left, self.stop_button))
        self._reserve_width()

    def watch(self, shell: Shell) -> None:
        """Follow the jobs of this project."""
        shell.job_started.connect(self._start)
        shell.job_ended.connect(self._end)

    def set_next_step(self, phase: str, text: str, button: str) -> None:
        """What the bar suggests while nothing runs; an empty button hides it."""
        self._next_phase = phase
        self.next_button.setVisible(bool(button))
        self.next_button.setText(button)
        if self._job is None:
            self._show_idle("", text)

    def _start(self, job: JobThread) -> None:
        self._job, self._news = job, None
        self.text.setText(_("{job} is starting").format(job=job.label))
        self.progress.setRange(0, 0)
        self.time_left.clear()
        self.stop_button.setText(_("Pause") if job.name == "download" else _("Stop and save"))
        self.stop_button.setEnabled(True)
        self._stack.setCurrentIndex(1)
        job.events.connect(self._hear)

    def _hear(self, events: list[Event]) -> None:
        event = next((event for event in reversed(events) if event["type"] == "progress"), None)
        if event is None:
            return
        self._news = event
        if not self._say_timer.isActive():
            self._say()

    def _say(self) -> None:
        event, self._news = self._news, None
        if event is None or self._job is None or self._job.is_stopping:
            return
        self._say_timer.start()
        done, total, text = event["done"], event["total"], event.get("text", "")
        if self._job.name in ("cpt", "sft"):  # that it trains stands in the job's name already
            text = text.removeprefix(_("Training") + " · ")
        if self._job.name == "download":  # nor what is downloaded
            text = text.partition(" · ")[2]
        self.text.setText(f"{self._job.label} · {text}" if text else self._job.label)
        self.text.setToolTip(self.text.text())
        self.progress.setRange(0, 1000 if total else 0)
        if total:
            self.progress.setValue(round(1000 * done / total))
            left_s = self._job.time_left.seconds(time.monotonic())
            self.time_left.setText(say_time_left(left_s) if left_s is not None else "")

    def stop_job(self) -> None:
        """Ask the job to save and leave; asked again, end it at once."""
        if self._job is None:
            return
        self._job.stop()
        self.text.setText(_("{job} is saving and stopping").format(job=self._job.label))
        self.time_left.clear()
        self.progress.setRange(0, 0)
        self.stop_button.setText(_("Stop at once"))

    def _end(self, outcome: Outcome) -> None:
        self._job = None
        text = {
            "succeeded": _("{job} is done."),
            "stopped": _("{job} was stopped."),
            "failed": _("{job} could not be finished."),
            "crashed": _("{job} ended because of a fault in the program."),
        }[outcome.state].format(job=outcome.job.label)
        self._show_idle(outcome.state, text)
        announce(self, text)

    def _show_idle(self, state: str, text: str) -> None:
        side = self.fontMetrics().height()
        if state:
            self._mark.setPixmap(icon(*_ENDS[state]).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._mark.setVisible(bool(state))
        self.idle_text.setText(text)
        self.idle_text.setToolTip(text)
        self._stack.setCurrentIndex(0)

    def _take_next_step(self) -> None:
        self.next_step_taken.emit(self._next_phase)

    def _reserve_width(self) -> None:
        metrics = self.fontMetrics()
        self.time_left.setMinimumWidth(metrics.horizontalAdvance(_("about {minutes} min left").format(minutes=88)) + 8)


def _row(*parts: QWidget | tuple[QWidget, int]) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(theme.PAD, theme.GAP, theme.PAD, theme.GAP)
    row.setSpacing(theme.PAD)
    for part in parts:
        widget, stretch = part if isinstance(part, tuple) else (part, 0)
        row.addWidget(widget, stretch)
    return holder
