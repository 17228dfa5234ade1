"""Fetching a base model as the job of the project, and how far it is, where the model was chosen."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.job_bar import say_time_left
from gui.job_thread import Event, JobThread
from gui.mark import Mark
from gui.notices import announce
from gui.shell import Outcome, Shell
from services.models.hub import TOKEN_OWNER
from services.sft_data.key import key_environment
from services.translation import _

JOB = "download"


class ModelDownload(QWidget):
    """One download at a time, shown in one line; what is paused stays here to go on with.

    Signals:
        fetched(str): a model is on this computer now.
        changed: it began, or came to an end.
    """

    fetched = Signal(str)
    changed = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self.name = ""  # of the model that is fetched, or was the last time
        self._is_asking = False  # the keyring, before it starts
        self.mark = Mark("info", "accent")
        self.text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.time_left = QLabel()
        theme.set_role(self.time_left, "muted")
        self.progress = QProgressBar(textVisible=False, maximum=1000)
        self.progress.setAccessibleName(_("Progress of the download"))
        self.button = QPushButton()
        self.button.clicked.connect(self._press)
        words = QHBoxLayout()
        words.setSpacing(theme.GAP)
        for part in (self.mark, self.text, self.time_left):
            words.addWidget(part, part is self.text)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(words)
        column.addWidget(self.progress)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.PAD)
        row.addLayout(column, 1)
        row.addWidget(self.button)
        shell.job_started.connect(self._job_started)
        shell.job_ended.connect(self._job_ended)
        self.hide()

    @property
    def is_running(self) -> bool:
        job = self._shell.job
        return self._is_asking or (self._shell.is_busy and job is not None and job.name == JOB)

    def start(self, name: str) -> None:
        """Fetch a model, or go on fetching it; the access token, where there is one, goes along."""
        if self.is_running:
            return
        self.name, self._is_asking = name, True
        self._say("info", "accent", _("Starting the download of {name}").format(name=name))
        # The keyring may ask the person to unlock it, so it is asked in a thread.
        thread = self._shell.run_beside(lambda _emit, _cancelled: key_environment(TOKEN_OWNER))
        thread.succeeded.connect(self._start)

    def pause(self) -> None:
        """What has arrived stays, and the download goes on from there when it is started again."""
        job = self._shell.job
        if self.is_running and job is not None and not job.is_stopping:
            job.stop()

    def _start(self, environment: dict[str, str]) -> None:
        self._is_asking = False
        title = self.name.rsplit("/", 1)[-1]
        label = _("Download of {name}").format(name=title)
        if self._shell.start(JOB, {"model": self.name}, label, environment=environment) is None:
            self._say("warning", "warning", _("Another job is running: start the download when it is done."), _("Try again"))
        self.changed.emit()

    def _job_started(self, job: JobThread) -> None:
        if job.name == JOB:
            job.events.connect(self._hear)
            self._say("info", "accent", _("Looking for {name}").format(name=self.name), _("Pause"))
            self.progress.setRange(0, 0)
            self.changed.emit()

    def _hear(self, events: list[Event]) -> None:
        event = next((event for event in reversed(events) if event["type"] == "progress"), None)
        if event is None:
            return
        self.text.setText(event["text"])
        left_s = self._shell.job.time_left.seconds(time.monotonic())
        self.time_left.setText(say_time_left(left_s) if left_s is not None else "")
        self.progress.setRange(0, 1000 if event["total"] else 0)
        if event["total"]:
            self.progress.setValue(round(1000 * event["done"] / event["total"]))

    def _job_ended(self, outcome: Outcome) -> None:
        if outcome.job.name != JOB:
            return
        if outcome.state == "succeeded":
            self._say("success", "success", _("{name} is on this computer now.").format(name=self.name))
            self.fetched.emit(self.name)
        elif outcome.state == "stopped":
            text = _("{name} is paused. What has arrived is kept.").format(name=self.name)
            self._say("stop", "muted", text, _("Go on"))
        else:
            text = outcome.text if outcome.state == "failed" else _("The download ended because of a fault in the program.")
            self._say("error", "danger", text, _("Try again"))
        self.changed.emit()

    def _press(self) -> None:
        if self.is_running:
            self.pause()
        else:
            self.start(self.name)

    def _say(self, mark: str, color: str, text: str, button: str = "") -> None:
        self.mark.show_icon(mark, color)
        self.text.setText(text)
        self.time_left.clear()
        self.progress.setVisible(self.is_running)
        self.button.setText(button)
        self.button.setIcon(icon("stop" if button == _("Pause") else "play"))
        self.button.setVisible(bool(button))
        self.show()
        announce(self, text)
