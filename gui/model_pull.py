"""Gets a model into Ollama, with its progress, where the person asks for it."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.job_bar import say_time_left
from gui.job_thread import Event, JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.translation import _


class ModelPull(QWidget):
    """Hidden while there is nothing to say.

    Signals:
        got(str): Ollama has this model now.
        ended: whatever came of it.
    """

    got = Signal(str)
    ended = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._thread: JobThread | None = None
        self._name = ""
        self.text = QLabel(wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.set_role(self.text, "caption")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(_("How much of the model is here"))
        self.button = QPushButton(icon("stop"), _("Stop"))
        self.button.setToolTip(_("What has arrived is kept: getting the model again goes on from there."))
        self.button.clicked.connect(self.stop)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.progress, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.text)
        column.addLayout(row)
        self.hide()

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def pull(self, name: str, settings: dict[str, Any]) -> None:
        """Have Ollama get a model from its library.

        settings: those of "generate", for the address.
        """
        if self.is_running:
            return
        self._name = name

        self.text.setText(_("Asking Ollama for {name}…").format(name=name))
        self.progress.setRange(0, 0)
        self._show_running(is_running=True)
        # A process can be ended while Ollama is silent, which it is for minutes where it checks what has arrived.
        self._thread = self._shell.start_beside("pull", {"model": name, "url": settings["url"]})
        self._thread.events.connect(self._hear)
        self._thread.succeeded.connect(self._succeed)
        self._thread.failed.connect(self._fail)
        self._thread.cancelled.connect(self._tell_stop)
        connect_end(self._thread, self._end)

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.stop()

    def forget(self) -> None:
        """Another provider is chosen: what was said of the last model is not of interest any more."""
        if not self.is_running:
            self.hide()

    def _hear(self, events: list[Event]) -> None:
        event = next((event for event in reversed(events) if event["type"] == "progress"), None)
        if event is None:
            return
        done, total = event["done"], event["total"]
        self.progress.setRange(0, 1000 if total else 0)
        self.progress.setValue(round(1000 * done / total) if total else 0)
        left_s = self._thread.time_left.seconds(time.monotonic()) if self._thread is not None else None
        self.text.setText(" · ".join(filter(None, [event["text"], say_time_left(left_s) if left_s is not None else ""])))

    def _succeed(self, _result: object) -> None:
        self.text.setText(_("Ollama has {name} now.").format(name=self._name))
        self.got.emit(self._name)

    def _fail(self, error: UserError) -> None:
        self.text.setText(str(error))

    def _tell_stop(self) -> None:
        self.text.setText(_("Stopped. What has arrived of {name} is kept: getting it again goes on from there.").format(name=self._name))

    def _end(self, _outcome: object = None) -> None:
        self._thread = None
        self._show_running(is_running=False)
        self.ended.emit()

    def _show_running(self, *, is_running: bool) -> None:
        self.progress.setVisible(is_running)
        self.button.setVisible(is_running)
        self.show()
