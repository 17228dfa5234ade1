"""What a training will take, before the button is pressed: tokens, steps, time, and what is worth a warning."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.job_thread import JobThread
from gui.mark import Mark
from gui.quantity import say_duration
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.training.plan import FEW_STEPS, plan
from services.translation import _

DELAY_MS = 250
WORDINGS_OF_FEW = 8  # of every statement, where there are few
MOST_EPOCHS = 10  # that are suggested
SHORT_NAMES = {"wordings": _("wordings"), "batch_size": _("batch"), "epochs": _("epochs")}


class PlanBox(QFrame):
    """Works the plan out in a thread, a moment after the last change.

    Signals:
        settings_suggested(dict): the person wants these settings, which make a training of more steps.
        estimated(float): seconds that the training will take; 0 where nobody knows.
    """

    settings_suggested = Signal(object)
    estimated = Signal(float)

    def __init__(self, phase: str, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phase, self._shell = phase, shell
        self._settings: dict[str, Any] = {}
        self._thread: JobThread | None = None
        self._is_outdated = False
        self._plan: dict[str, Any] = {}
        self._speed: tuple[float, int] | None = None
        theme.set_role(self, "card")
        self.setAccessibleName(_("Plan"))
        self.title = QLabel(_("Plan"))
        theme.set_role(self.title, "caption")
        self.size = QLabel(textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.size, "strong")
        self.time = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.warning = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.warning, "caption")
        self._mark = Mark("warning", "warning")
        self.suggest_button = QPushButton()
        theme.set_role(self.suggest_button, "link")
        self.suggest_button.clicked.connect(self._suggest)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._mark, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.warning, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.GAP, 12, theme.GAP)
        column.setSpacing(2)
        for widget in (self.title, self.size, self.time):
            column.addWidget(widget)
        column.addLayout(row)
        column.addWidget(self.suggest_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._work_out)
        self._show()

    def refresh(self, settings: dict[str, Any]) -> None:
        """Plan with these settings of the phase, soon."""
        self._settings = settings
        self._timer.start()

    def set_speed(self, tokens_per_second: float, run: int) -> None:
        """How fast an earlier run of the same model was, for the estimate of the time; 0: there is none."""
        self._speed = (tokens_per_second, run) if tokens_per_second > 0 else None
        self._show()

    def _work_out(self) -> None:
        if self._thread is not None:
            self._is_outdated = True
            return
        project, phase, settings = self._shell.project, self._phase, self._settings
        self._thread = self._shell.run_beside(lambda _emit, _cancelled: plan(project, phase, settings))
        self._thread.succeeded.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        connect_end(self._thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._is_outdated:
            self._is_outdated = False
            self._work_out()

    def _take(self, result: dict[str, Any]) -> None:
        self._plan = result
        self._show()

    def _take_failure(self, error: UserError) -> None:
        self._plan = {"warnings": [str(error)]}
        self._show()

    def _show(self) -> None:
        tokens, steps = self._plan.get("tokens", 0), self._plan.get("steps", 0)
        self.size.setText(self._plan["text"] if tokens else _("Nothing to learn from yet"))
        self.time.setText(self._say_time(tokens) if tokens and steps else " ")
        self.estimated.emit(self._seconds(tokens) if tokens and steps else 0.0)
        warnings = self._plan.get("warnings") or []
        self.warning.setText("\n".join(warnings))
        self.warning.setVisible(bool(warnings))
        self._mark.setVisible(bool(warnings))
        changes = more_steps(self._plan, self._settings)
        self.suggest_button.setVisible(bool(changes))
        if changes:
            named = ", ".join(f"{SHORT_NAMES[key]} {value}" for key, value in changes.items())
            self.suggest_button.setText(_("Set {settings}").format(settings=named))

    def _suggest(self) -> None:
        self.settings_suggested.emit(more_steps(self._plan, self._settings))

    def _say_time(self, tokens: int) -> str:
        if self._speed is None:
            return _("The first steps will show how long it takes")
        duration = say_duration(self._seconds(tokens))
        return _("{duration}, at the speed of run {run:04d}").format(duration=duration, run=self._speed[1])

    def _seconds(self, tokens: int) -> float:
        if self._speed is None:
            return float(self._plan.get("seconds") or 0)
        return tokens * self._plan.get("epochs", 1) / self._speed[0]


def more_steps(planned: dict[str, Any], settings: dict[str, Any]) -> dict[str, int]:
    """The settings to change so that a small collection gives enough steps, in the order in which they help."""
    steps, epochs = planned.get("steps", 0), planned.get("epochs", 1)
    if not 0 < steps < FEW_STEPS:
        return {}
    changes: dict[str, int] = {}
    if 0 < settings.get("wordings", 0) < WORDINGS_OF_FEW:
        changes["wordings"] = WORDINGS_OF_FEW
        steps *= WORDINGS_OF_FEW / settings["wordings"]
    if steps < FEW_STEPS and settings.get("batch_size", 1) > 1:
        changes["batch_size"] = 1
        steps *= settings["batch_size"]
    if steps < FEW_STEPS and epochs < MOST_EPOCHS:
        changes["epochs"] = min(MOST_EPOCHS, -(-FEW_STEPS * epochs // max(1, int(steps))))
    return changes
